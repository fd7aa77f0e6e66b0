import type { TFunction } from 'i18next';
import { notReachedSchema } from '../../src/contract/index.ts';
import type { DeskView, NotReached } from '../../src/contract/index.ts';

type EarlierCall = DeskView['earlierCalls'][number];

/** How it ended, and the first words of its message. */
export function earlierText({ outcome, summary }: EarlierCall, t: TFunction): string {
  const ended = endedText(outcome, t);
  const isAnswered = outcome === 'answered' || outcome === 'relayed';
  const words = summary === '' && isAnswered ? t('console.side.noSummary') : summary;
  return words === '' ? ended : `${ended}　${words}`;
}

function endedText(outcome: EarlierCall['outcome'], t: TFunction): string {
  if (outcome === null) return t('console.side.outcome.open');
  const missed = notReachedSchema.safeParse(outcome);
  if (missed.success) return `${t('callBack.title')}　${t(`callBack.notReached.${missed.data}`)}`;
  return t(`console.side.outcome.${outcome as Exclude<typeof outcome, NotReached>}`);
}
