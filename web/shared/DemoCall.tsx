import { Button } from '@mantine/core';
import { IconPhoneOutgoing } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { aboutQuery } from './session.tsx';

/** In the demonstration the way to a first call: the customer's page, beside this one. */
export function DemoCall(): ReactNode {
  const { t } = useTranslation();
  const { data: about } = useQuery(aboutQuery);
  if (about?.demo !== true) return null;
  return (
    <Button
      component="a"
      href="/customer"
      target="_blank"
      rel="noopener"
      variant="light"
      leftSection={<IconPhoneOutgoing size={18} aria-hidden />}
      data-testid="demo-call"
    >
      {t('signIn.demoCall')}
    </Button>
  );
}
