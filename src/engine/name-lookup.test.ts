import { expect, it } from 'vitest';
import { systemClock } from '../base/system.ts';
import { systemNames } from './name-lookup.ts';

it('finds an address of the hosts file and takes no answer for no record', async () => {
  const names = systemNames(systemClock);
  expect(await names.addresses('localhost')).toContain('127.0.0.1');
  const missing = 'nobody.invalid';
  expect(await names.addresses(missing)).toEqual([]);
  expect(await names.srv(`_sip._udp.${missing}`)).toEqual([]);
  expect(await names.naptr(missing)).toEqual([]);
}, 30_000);
