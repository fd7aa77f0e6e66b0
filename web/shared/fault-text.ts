import type { TFunction } from 'i18next';
import type { DeliveryView } from '../../src/contract/index.ts';

/** Why a report did not go out, and what the mail server said in its own words. */
export function faultText(fault: NonNullable<DeliveryView['lastError']>, t: TFunction): string {
  const { code, detail } = fault;
  if (code === 'other') return detail === '' ? t('delivery.fault.other') : detail;
  const words = t(`delivery.fault.${code}`);
  return detail === '' ? words : `${words} (${detail})`;
}
