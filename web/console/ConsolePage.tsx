import { Box, Container } from '@mantine/core';
import { IconHeadphonesOff } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { AppHeader } from '../shared/AppHeader.tsx';
import { useSession } from '../shared/session.tsx';
import { EmptyState, LoadingState } from '../shared/States.tsx';
import { useTitle } from '../shared/use-title.ts';
import { Banners } from './Banners.tsx';
import { CallScreen } from './CallScreen.tsx';
import { CheatBar } from './CheatBar.tsx';
import classes from './console.module.css';
import { consoleMode } from './console-mode.ts';
import { useDeskSnapshot } from './desk-context.ts';
import { DeskProvider } from './DeskProvider.tsx';
import { IdleScreen } from './IdleScreen.tsx';
import { RingCard } from './RingCard.tsx';
import { ElsewhereScreen, StartScreen } from './StartScreen.tsx';
import { TopBar } from './TopBar.tsx';
import { WatchBar } from './WatchBar.tsx';

/** `/console`: the operator's desk. */
export function ConsolePage(): ReactNode {
  const { t } = useTranslation();
  const { operatorId } = useSession();
  if (operatorId === null) {
    return (
      <>
        <AppHeader area={t('console.title')} />
        <Container component="main" size="sm" py="xl">
          <EmptyState
            icon={<IconHeadphonesOff size={32} aria-hidden />}
            title={t('console.noPlace')}
          >
            {t('console.noPlaceNext')}
          </EmptyState>
        </Container>
      </>
    );
  }
  return (
    <DeskProvider operatorId={operatorId}>
      <Console />
    </DeskProvider>
  );
}

function Console(): ReactNode {
  const { t } = useTranslation();
  const snapshot = useDeskSnapshot();
  const mode = consoleMode(snapshot);
  const call = snapshot.view?.call ?? null;
  useTitle(`${t('console.title')} – ${t('common.product')}`);
  return (
    <Box className={classes['frame'] ?? ''} data-testid="console" data-mode={mode}>
      <TopBar />
      <div>
        <Banners mode={mode} />
        <WatchBar />
      </div>
      <div className={classes['main']}>
        {mode === 'loading' && <LoadingState />}
        {mode === 'elsewhere' && <ElsewhereScreen />}
        {mode === 'start' && <StartScreen />}
        {mode === 'idle' && <IdleScreen />}
        {mode === 'ring' && call !== null && <RingCard call={call} />}
        {mode === 'call' && call !== null && <CallScreen key={call.id} call={call} />}
      </div>
      <CheatBar mode={mode} call={call} sent={(snapshot.draft?.sentMessageId ?? null) !== null} />
    </Box>
  );
}
