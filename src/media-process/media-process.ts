import { createHash } from 'node:crypto';
import type { Clock, Logger, Random } from '../base/index.ts';
import { newId } from '../base/index.ts';
import type { MediaFigures } from '../media/index.ts';
import { batchSockets } from './batch-sockets.ts';
import { ControlServer } from './control-server.ts';
import { MediaSwitch } from './media-switch.ts';
import { PortPool } from './port-pool.ts';
import { Prompts } from './prompts.ts';
import { diskFiles } from './recording-files.ts';
import type { MediaProcessSettings } from './settings.ts';
import { Ticker } from './tick.ts';
import { datagramSockets } from './udp-port.ts';

const COUNTERS_LOGGED_MS = 60_000;

export type MediaProcess = { close(): Promise<void> };

/** Builds the parts, introduces them to each other and starts the beat. */
export async function startMediaProcess(
  settings: MediaProcessSettings,
  surroundings: {
    clock: Clock;
    random: Random;
    log: Logger;
    processGauges: () => Record<string, number>;
  },
): Promise<MediaProcess> {
  const { clock, random, log, processGauges } = surroundings;
  const { bindAddress, rtpPorts: range, webrtcPort: port, mediaAddresses } = settings;
  const counters = new Map<string, number>();
  const figures = (): MediaFigures => ({
    gauges: { ...legs.gauges, worstLateMs: ticker.worstLateMs, ...processGauges() },
    counters: { ...Object.fromEntries(counters), ...legs.jitterCounters, ...ticker.counters },
  });
  const control = new ControlServer({
    incarnation: newId('plane', clock.now(), random),
    clock,
    log,
    figures,
    onAbandoned: () => {
      log.warn({ legs: legs.legCount }, 'no controller for 30 minutes, closing everything');
      void legs.closeAll();
    },
  });
  const sockets = batchSockets(clock) ?? datagramSockets(clock);
  const pool = new PortPool({ bindAddress, range, clock, sockets });
  const legs: MediaSwitch = new MediaSwitch({
    clock,
    random,
    log,
    pool,
    prompts: new Prompts(settings.promptsDir, log),
    files: diskFiles,
    mediaAddresses,
    hash: (text) => createHash('sha256').update(text).digest(),
    latestBeat: () => ticker.latest,
    emit: (event) => control.emit(event),
    count: (name) => counters.set(name, (counters.get(name) ?? 0) + 1),
  });
  const ticker: Ticker = new Ticker(clock, {
    onBeat: (beat, live) => {
      sockets.onBeat();
      legs.beat(beat, live);
    },
    onSkip: (frames) => legs.skip(frames),
    isIdle: () => legs.legCount === 0,
  });
  await legs.openWebRtc({ port, bindAddress, announcedAddresses: mediaAddresses });
  await control.listen(settings.controlSocket, legs);
  ticker.start();
  log.info({ controlSocket: settings.controlSocket }, 'media process ready');
  const stopCounters = logCounters(clock, log, () => ({
    ...figures().counters,
    legs: legs.legCount,
  }));
  return {
    close: async () => {
      stopCounters();
      ticker.stop();
      await legs.shutdown();
      await control.close();
      log.info({}, 'media process stopped');
    },
  };
}

/** Writes the counters once a minute when they have changed. */
function logCounters(clock: Clock, log: Logger, read: () => Record<string, number>): () => void {
  let before = '';
  let timer = clock.setTimer(COUNTERS_LOGGED_MS, tell);
  function tell(): void {
    const counters = read();
    const now = JSON.stringify(counters);
    if (now !== before) log.info({ counters }, 'media counters');
    before = now;
    timer = clock.setTimer(COUNTERS_LOGGED_MS, tell);
  }
  return () => timer.cancel();
}
