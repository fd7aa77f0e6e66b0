import { processGauges } from './base/system.ts';
import type { MetricFamily } from './http/index.ts';
import type { Telephony } from './app-telephony.ts';

/** What calls, SIP and both of our processes hold and count, for `/metrics`. */
export async function telephonyMetrics({
  engine,
  sip,
  streams,
  media,
}: Telephony): Promise<MetricFamily[]> {
  const { transactions, dialogs, openInvites, answers } = sip.agent.counts;
  const families: MetricFamily[] = [
    gauge('denwaban_calls', 'Calls this process works on.', engine.openCalls.length),
    gauge('denwaban_sip_transactions', 'SIP transactions alive.', transactions),
    gauge('denwaban_sip_dialogs', 'SIP dialogs alive.', dialogs),
    gauge('denwaban_sip_open_invites', 'INVITEs without a final response of ours.', openInvites),
    gauge('denwaban_sip_unacknowledged', 'Answers of ours still without an ACK.', answers),
    gauge('denwaban_sip_bound_legs', 'Legs whose dialog is served.', sip.boundLegs),
    gauge('denwaban_sip_connections', 'SIP connections over TCP.', streams.size),
    {
      name: 'denwaban_calls_turned_away_total',
      help: 'Calls refused because more came than this machine carries.',
      type: 'counter',
      samples: [{ value: engine.turnedAway.total }],
    },
    {
      name: 'denwaban_sip_dropped_total',
      help: 'SIP messages dropped because their source sent too many.',
      type: 'counter',
      samples: [{ value: sip.droppedMessages }],
    },
  ];
  const figures = await media.figures();
  const { gauges, counters } = figures.ok ? figures.value : { gauges: {}, counters: {} };
  return [
    ...families,
    gauge('denwaban_media_up', 'The media process answers.', figures.ok ? 1 : 0),
    labelled('denwaban_app', 'gauge', 'What the app process holds.', processGauges()),
    labelled('denwaban_media', 'gauge', 'What the media process holds.', gauges),
    labelled('denwaban_media_total', 'counter', 'What the media process has counted.', counters),
  ];
}

function gauge(name: string, help: string, value: number): MetricFamily {
  return { name, help, type: 'gauge', samples: [{ value }] };
}

/** One family of many figures, each under its own `what`. */
function labelled(
  name: string,
  type: MetricFamily['type'],
  help: string,
  figures: Record<string, number>,
): MetricFamily {
  const samples = Object.entries(figures).map(([what, value]) => ({ labels: { what }, value }));
  return { name, help, type, samples };
}
