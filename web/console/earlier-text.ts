import type { TFunction } from 'i18next';
import type { DeskView } from '../../src/contract/index.ts';

type EarlierCall = DeskView['earlierCalls'][number];

/** How it ended, and the first words of its message. */
export function earlierText({ outcome, summary }: EarlierCall, t: TFunction): string {
  const ended =
    outcome === null ? t('console.side.outcome.open') : t(`console.side.outcome.${outcome}`);
  const isAnswered = outcome === 'answered' || outcome === 'relayed';
  const words = summary === '' && isAnswered ? t('console.side.noSummary') : summary;
  return words === '' ? ended : `${ended}　${words}`;
}
