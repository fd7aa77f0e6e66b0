import { expect, it } from 'vitest';
import { FAULT_CODES, faultText, readFault } from './fault.ts';

it('every fault is read back as it was written, whatever the server said', () => {
  for (const code of FAULT_CODES) {
    for (const detail of ['', '550 5.1.1: no such user: really', 'あふれています']) {
      expect(readFault(faultText(code, detail))).toEqual({ code, detail });
    }
  }
});

it('what an older program stored is the detail', () => {
  const detail = 'メールサーバーに接続できません: connect ECONNREFUSED';
  expect(readFault(detail)).toEqual({ code: 'other', detail });
});
