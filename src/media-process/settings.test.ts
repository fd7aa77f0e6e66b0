import { describe, expect, it } from 'vitest';
import { jsonLogger } from './json-log.ts';
import { parseSettings } from './settings.ts';

const GIVEN = {
  controlSocket: '/run/denwaban/media.sock',
  rtpPorts: [20_000, 29_999],
  webrtcPort: 0,
  bindAddress: '0.0.0.0',
  mediaAddresses: ['192.0.2.1'],
  promptsDir: '/prompts',
  logLevel: 'warn',
};

describe('parseSettings', () => {
  it('takes what the keeper gives', () => {
    expect(parseSettings(JSON.stringify(GIVEN))).toEqual(GIVEN);
  });

  it.each([
    [undefined, 'one JSON object'],
    ['{', 'one JSON object'],
    [JSON.stringify({ ...GIVEN, controlSocket: '' }), 'controlSocket'],
    [JSON.stringify({ ...GIVEN, rtpPorts: [1] }), 'rtpPorts'],
    [JSON.stringify({ ...GIVEN, rtpPorts: [1, 70_000] }), 'rtpPorts'],
    [JSON.stringify({ ...GIVEN, webrtcPort: -1 }), 'webrtcPort'],
    [JSON.stringify({ ...GIVEN, mediaAddresses: '192.0.2.1' }), 'mediaAddresses'],
  ])('says what is wrong with %s', (json, sentence) => {
    expect(() => parseSettings(json)).toThrow(sentence);
  });
});

describe('jsonLogger', () => {
  it('writes a line per message from its level on, with the bindings of its parents', () => {
    const written: string[] = [];
    const write = (line: string): void => void written.push(line);
    const log = jsonLogger({ level: 'info', now: () => 7, write }).child({ legId: 'leg_a' });
    log.debug({}, 'not shown');
    log.warn({ port: 1 }, 'shown');
    expect(written).toEqual(['{"level":40,"time":7,"legId":"leg_a","port":1,"msg":"shown"}\n']);
  });
});
