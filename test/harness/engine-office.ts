import type { EngineRig } from './engine-rig.ts';

type Spec = Parameters<EngineRig['storage']['center']['apply']>[0];
type Device = Spec['operators'][number]['device'];
/** An account at a carrier. */
export type Account = Spec['trunks'][number]['register'];

/** An office with a trunk on loopback and one operator with this device, or nobody. */
export async function oneOperator(
  rig: EngineRig,
  device: Device | null,
  register?: Account,
): Promise<void> {
  const outcome = await rig.storage.center.apply({
    version: 1,
    name: '電話番センター',
    settings: { ringNoAnswerSeconds: 10, maxWaitSeconds: 20 },
    trunks: [
      {
        id: 'carrier',
        name: 'Carrier',
        addresses: ['127.0.0.1'],
        mediaNetworks: [],
        dialedNumberFrom: 'request-uri',
        trustAssertedIdentity: true,
        register,
      },
    ],
    subscribers: [],
    operators: device === null ? [] : [{ id: 'one', name: 'one', role: 'operator', device }],
  });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.issues));
}

/** A phone's answer to our offer. */
export const ANSWER = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=audio 40002 RTP/AVP 0',
  '',
].join('\r\n');
