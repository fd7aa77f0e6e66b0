import { Alert, Box, Container } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { AppHeader } from '../shared/AppHeader.tsx';
import { useSession } from '../shared/session.tsx';
import { useLive } from '../shared/use-live.ts';
import { messageKeys } from './message-queries.ts';

/** Header, width and live messages of every portal page. */
export function PortalFrame(props: { children: ReactNode; wide?: boolean }): ReactNode {
  const { t } = useTranslation();
  const session = useSession();
  const queryClient = useQueryClient();
  const refresh = (): void => void queryClient.invalidateQueries({ queryKey: ['messages'] });
  const status = useLive('messages', {
    onFrame: (frame) => {
      if (frame.type !== 'message') return;
      queryClient.setQueryData(messageKeys.one(frame.message.id), frame.message);
      void queryClient.invalidateQueries({ queryKey: messageKeys.lists });
    },
    onReturn: refresh,
  });
  return (
    <Box mih="100dvh">
      <AppHeader area={session.subscriberName ?? t('portal.allSubscribers')} />
      {status === 'waiting' && (
        <Alert color="orange" variant="light" radius={0} py="xs" role="status">
          {t('portal.reconnecting')}
        </Alert>
      )}
      <Container
        component="main"
        size={props.wide === true ? 'lg' : 'md'}
        px={{ base: 'sm', sm: 'md' }}
        py="md"
      >
        {props.children}
      </Container>
    </Box>
  );
}
