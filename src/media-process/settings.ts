import { AppError } from '../base/index.ts';

/** What the media process is told at its start, as one JSON argument. */
export type MediaProcessSettings = {
  /** Path of the Unix socket on which the controller attaches. */
  controlSocket: string;
  /** First and last UDP port for telephones; each leg takes an even port and the one after it. */
  rtpPorts: [from: number, to: number];
  /** The one UDP port for all browsers; 0 lets the system choose. */
  webrtcPort: number;
  bindAddress: string;
  /** Addresses written into SDP and candidates; they may differ from the bound one. */
  mediaAddresses: string[];
  promptsDir: string;
  logLevel: 'debug' | 'info' | 'warn' | 'error';
};

/** Reads the settings; throws an AppError that names the wrong one. */
export function parseSettings(json: string | undefined): MediaProcessSettings {
  const given = readObject(json);
  const text = (name: string, fallback?: string): string => {
    const value = given[name] ?? fallback;
    if (typeof value === 'string' && value !== '') return value;
    throw invalid(`${name} must be a non-empty string`);
  };
  const rtpPorts = given['rtpPorts'];
  if (!Array.isArray(rtpPorts) || rtpPorts.length !== 2 || !rtpPorts.every(isPort)) {
    throw invalid('rtpPorts must be two port numbers');
  }
  const webrtcPort = given['webrtcPort'] ?? 0;
  if (webrtcPort !== 0 && !isPort(webrtcPort)) throw invalid('webrtcPort must be a port number');
  const mediaAddresses = given['mediaAddresses'];
  if (!Array.isArray(mediaAddresses) || !mediaAddresses.every((each) => typeof each === 'string')) {
    throw invalid('mediaAddresses must be a list of IP addresses');
  }
  const logLevel = text('logLevel', 'info');
  return {
    controlSocket: text('controlSocket'),
    rtpPorts: [Number(rtpPorts[0]), Number(rtpPorts[1])],
    webrtcPort,
    bindAddress: text('bindAddress', '0.0.0.0'),
    mediaAddresses,
    promptsDir: text('promptsDir', 'prompts'),
    logLevel: isLevel(logLevel) ? logLevel : 'info',
  };
}

function readObject(json: string | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json ?? '');
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // The sentence below says what is expected.
  }
  throw invalid('the settings are given as one JSON object in the first argument');
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 65_535;
}

function isLevel(value: string): value is MediaProcessSettings['logLevel'] {
  return ['debug', 'info', 'warn', 'error'].includes(value);
}

function invalid(message: string): AppError {
  return new AppError('media.settings-invalid', message);
}
