import { describe, expect, it } from 'vitest';
import { asId } from '../base/index.ts';
import type { LegId } from '../base/index.ts';
import { mediaPlaneContract } from '../../test/harness/media-plane-contract.ts';
import { FakeMediaPlane } from './media-plane-fake.ts';
import type { MediaEvent } from './plane.ts';

mediaPlaneContract('FakeMediaPlane', () =>
  Promise.resolve({ plane: new FakeMediaPlane(), end: () => Promise.resolve() }),
);

describe('FakeMediaPlane for tests', () => {
  it('shows every command, refuses on request and loses all when it falls', async () => {
    const plane = new FakeMediaPlane({ now: () => 5 });
    const events: MediaEvent[] = [];
    plane.onEvent((event) => events.push(event));
    const id = asId<LegId>('leg_a');
    plane.refuse('openLeg', 'no-port');
    expect(await plane.openLeg({ id, kind: 'rtp' })).toEqual({ ok: false, reason: 'no-port' });
    plane.refuse('openLeg', undefined);
    expect((await plane.openLeg({ id, kind: 'rtp' })).ok).toBe(true);
    expect(plane.commands).toHaveLength(2);
    plane.fall();
    expect(await plane.closeLeg(id)).toEqual({ ok: false, reason: 'plane-down' });
    plane.rise();
    expect(plane.openLegs).toEqual([]);
    expect(events).toEqual([
      { type: 'plane.down', at: 5 },
      { type: 'plane.up', at: 5, fresh: true },
    ]);
  });
});
