import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { AppHeader } from '../shared/AppHeader.tsx';

export function ConsolePage(): ReactNode {
  const { t } = useTranslation();
  return <AppHeader area={t('console.title')} />;
}
