import { describe, expect, it } from 'vitest';
import {
  LineReader,
  LineWriter,
  MAX_CONTROL_LINE,
  encodeLine,
  parseFromController,
  parseFromProcess,
} from './control-protocol.ts';

describe('LineReader', () => {
  it('cuts lines wherever the chunks end', () => {
    const text = ['{"a":1}', '{"b":"受電"}', '{}'].map((line) => `${line}\n`).join('');
    for (let size = 1; size < 9; size++) {
      const reader = new LineReader();
      const lines: string[] = [];
      for (let at = 0; at < text.length; at += size) {
        lines.push(...(reader.push(text.slice(at, at + size)) ?? []));
      }
      expect(lines).toEqual(['{"a":1}', '{"b":"受電"}', '{}']);
    }
  });

  it('gives up on a line that does not end', () => {
    const reader = new LineReader();
    expect(reader.push('x'.repeat(MAX_CONTROL_LINE))).toEqual([]);
    expect(reader.push('x')).toBeUndefined();
    expect(new LineReader().push(`${'x'.repeat(MAX_CONTROL_LINE + 1)}\n`)).toBeUndefined();
  });
});

describe('LineWriter', () => {
  it('writes the lines of one turn together, at its end or when it must be now', () => {
    const texts: string[] = [];
    const turns: (() => void)[] = [];
    const writer = new LineWriter({ write: (text) => texts.push(text) }, (end) => turns.push(end));
    writer.write({ a: 1 });
    writer.write({ b: 2 });
    expect(texts).toEqual([]);
    turns.shift()?.();
    writer.write({ c: 3 });
    writer.flush();
    for (const end of turns) end();
    expect(texts).toEqual(['{"a":1}\n{"b":2}\n', '{"c":3}\n']);
  });
});

describe('control messages', () => {
  it.each([
    { type: 'attach', version: 1, epoch: 2, afterEvent: 0 },
    { type: 'openLeg', options: { id: 'leg_a', kind: 'rtp', mediaNetworks: ['192.0.2.0/24'] } },
    { type: 'hear', listener: 'leg_a', speaker: 'leg_b', gain: 0.5 },
    { type: 'play', leg: 'a', playback: 'p', source: { kind: 'tone', tone: 'wait' }, loop: true },
    { type: 'play', leg: 'a', playback: 'p', source: { kind: 'prompt', name: 'x' }, loop: false },
    { type: 'record', options: { recordingId: 'r', callId: 'c', path: '/x', callerLeg: 'a' } },
    { type: 'inventory' },
    { type: 'figures' },
  ])('reads back a request %o', (command) => {
    expect(parseFromController(encodeLine({ id: 3, command }))).toEqual({
      request: { id: 3, command },
    });
  });

  it.each([
    'nonsense',
    '[]',
    'null',
    '{"id":1}',
    '{"id":1.5,"command":{"type":"inventory"}}',
    '{"id":1,"command":{"type":"constructor"}}',
    '{"id":1,"command":{"type":"hear","listener":"a","speaker":"b","gain":-1}}',
    '{"id":1,"command":{"type":"hear","listener":"a","speaker":"b","gain":1e999}}',
    '{"id":1,"command":{"type":"openLeg","options":{"id":"a","kind":"fax"}}}',
    '{"id":1,"command":{"type":"openLeg","options":{"id":"a","kind":"rtp","mediaNetworks":[1]}}}',
    '{"id":1,"command":{"type":"play","leg":"a","playback":"p","source":{"kind":"tone"},"loop":true}}',
    '{"id":1,"command":{"type":"record","options":{}}}',
  ])('refuses %s', (line) => {
    expect(parseFromController(line)).toBeUndefined();
  });

  it('reads acknowledgements, replies and events', () => {
    expect(parseFromController('{"ack":7}')).toEqual({ ack: 7 });
    expect(parseFromProcess('{"id":1,"result":{"ok":true,"value":null}}')).toEqual({
      reply: { id: 1, result: { ok: true, value: null } },
    });
    const event = { event: 9, body: { type: 'leg.first-media', leg: 'a', at: 1 } };
    expect(parseFromProcess(encodeLine(event))).toEqual(event);
    expect(parseFromProcess('{"event":1,"body":{}}')).toBeUndefined();
  });
});
