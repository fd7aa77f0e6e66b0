import { setTimeout as sleep } from 'node:timers/promises';
import { PLACES, startProduct } from './product.ts';
import type { Product } from './product.ts';
import { disturbance, say } from './say.ts';
import { SipLoad } from './sip-load.ts';
import { SoundLoad, quantile } from './sound-load.ts';
import type { Conversation } from './sound-load.ts';

/*
 * How long after an operator's key does the caller hear the change? Calls are up, both ends speak all the time. Over
 * REST one call after another is held and retrieved; the caller's ear says when the operator's voice was
 * heard last, that music came, and when her voice was back.
 */
const RAMP_PER_SECOND = 5;
const ANSWER_AFTER_MS = 100;
const BETWEEN_MS = 100;
/** So long after the request the ear is asked what it heard. */
const LISTEN_MS = 700;
const FRAME_MS = 20;

export type ActionsOptions = { conversations: number; seconds: number };

type Seat = { callId: string; operatorId: string; heard: Conversation };
type Times = { hold: number[]; retrieve: number[]; request: number[]; faults: string[] };

export async function actions({ conversations, seconds }: ActionsOptions): Promise<void> {
  say("From the request of an operation to the change in the caller's ear");
  const product = await startProduct(conversations + 5);
  const sound = new SoundLoad({
    caller: { address: PLACES.caller.address, port: PLACES.callerSoundPort },
    operator: { address: PLACES.operator.address, port: PLACES.operatorSoundPort },
  });
  const heard = new Map<number, Conversation>();
  const load = await SipLoad.open({
    target: PLACES.product,
    caller: PLACES.caller,
    operator: PLACES.operator,
    dialed: PLACES.dialed,
    answerAfterMs: ANSWER_AFTER_MS,
    sound: { callerPort: PLACES.callerSoundPort, operatorPort: PLACES.operatorSoundPort },
    onTalking: ({ index, callerMedia, operatorMedia }) => {
      if (!callerMedia || !operatorMedia) return;
      heard.set(index, sound.add(index, { caller: callerMedia, operator: operatorMedia }));
    },
  });
  try {
    sound.start();
    await load.place(conversations, RAMP_PER_SECOND);
    await sleep(3000);
    const seats = await seatsOf(product, heard);
    const times: Times = { hold: [], retrieve: [], request: [], faults: [] };
    const usage = await product.measure(() => operate(product, seats, { seconds, times }));
    report(seats.length, times);
    say(`  ${disturbance(usage)}`);
    for (const call of load.calls) load.hangUp(call);
    await sleep(1000);
  } finally {
    sound.close();
    await load.close();
    await product.stop();
  }
}

/** Which call of the product each call of the load is: by the number it calls from. */
async function seatsOf(product: Product, heard: Map<number, Conversation>): Promise<Seat[]> {
  type Row = { id: string; operator_id: string; caller_number: string };
  const rows = await product.rows<Row>(
    `select id, operator_id, caller_number from call where phase = 'talking'`,
  );
  return rows.flatMap((row) => {
    const conversation = heard.get(Number(row.caller_number.slice(-4)));
    return conversation === undefined
      ? []
      : [{ callId: row.id, operatorId: row.operator_id, heard: conversation }];
  });
}

async function operate(
  product: Product,
  seats: Seat[],
  { seconds, times }: { seconds: number; times: Times },
): Promise<void> {
  const until = performance.now() + 1000 * seconds;
  const running: Promise<void>[] = [];
  for (let turn = 0; performance.now() < until && seats.length > 0; turn++) {
    const seat = seats[turn % seats.length];
    // Each call has had its turn before it has the next one.
    if (turn >= seats.length) await running[turn - seats.length];
    if (seat) running.push(holdAndRetrieve(product, seat, times));
    await sleep(BETWEEN_MS);
  }
  await Promise.all(running);
}

async function holdAndRetrieve(product: Product, seat: Seat, times: Times): Promise<void> {
  const voice = seat.heard.ways.operator.heardAtMs;
  const heldAt = await request(product, seat, 'hold', times);
  await sleep(LISTEN_MS);
  const last = voice.reduce((latest, at) => Math.max(latest, at), 0);
  const soundingBefore = seat.heard.sounding.caller;
  await sleep(LISTEN_MS);
  if (performance.now() - last < LISTEN_MS) times.faults.push('her voice went on after hold');
  else times.hold.push(last + FRAME_MS - heldAt);
  if (seat.heard.sounding.caller === soundingBefore) times.faults.push('no music was heard');
  const retrievedAt = await request(product, seat, 'retrieve', times);
  await sleep(LISTEN_MS);
  const back = voice.reduce((first, at) => (at > retrievedAt && at < first ? at : first), Infinity);
  if (back === Infinity) times.faults.push('her voice did not come back');
  else times.retrieve.push(back - retrievedAt);
}

/** When it was sent. */
async function request(
  product: Product,
  { callId, operatorId }: Seat,
  what: 'hold' | 'retrieve',
  times: Times,
): Promise<number> {
  const sentAt = performance.now();
  const { platform } = product;
  const answer = await platform.api('POST', `/api/v1/calls/${callId}/${what}`, {}, operatorId);
  times.request.push(performance.now() - sentAt);
  if (answer.status >= 300) times.faults.push(`${what}: ${answer.status}`);
  return sentAt;
}

function report(calls: number, { hold, retrieve, request: requests, faults }: Times): void {
  const line = (name: string, values: number[]): string => {
    const sorted = values.toSorted((a, b) => a - b);
    const at = (part: number): string => quantile(sorted, part).toFixed(0);
    return `${name} ${at(0.5)}/${at(0.99)} ms`;
  };
  say(
    `${hold.length} holds, ${retrieve.length} retrieves in ${calls} calls${faults.length > 0 ? `, ${faults.length} FAULTS (${faults[0] ?? ''})` : ''}`,
    `  ${line('hold → her voice is gone', hold)}, ${line('retrieve → her voice is back', retrieve)}, ${line('REST answer', requests)} (p50/p99)`,
  );
}
