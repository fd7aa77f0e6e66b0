/** One microphone or speaker as the operator chooses it. */
export type SoundDevice = { id: string; label: string };
export type SoundRole = 'microphone' | 'speaker' | 'ring';
export type SoundDevices = { microphones: SoundDevice[]; speakers: SoundDevice[] };

const STORED = 'denwaban.sound.';

/** The choice stays with this computer; '' is the system's own device. */
export function chosenDevice(role: SoundRole): string {
  return localStorage.getItem(STORED + role) ?? '';
}

export function rememberDevice(role: SoundRole, deviceId: string): void {
  localStorage.setItem(STORED + role, deviceId);
}

/** Browsers name devices only once the microphone was allowed. */
export async function listSoundDevices(): Promise<SoundDevices> {
  const all = await navigator.mediaDevices.enumerateDevices();
  const of = (kind: MediaDeviceKind): SoundDevice[] =>
    all
      .filter(
        (device) =>
          device.kind === kind && !['', 'default', 'communications'].includes(device.deviceId),
      )
      .map((device) => ({ id: device.deviceId, label: device.label }));
  return { microphones: of('audioinput'), speakers: of('audiooutput') };
}

export function canChooseSpeaker(): boolean {
  return 'setSinkId' in HTMLMediaElement.prototype;
}

/** Opens the chosen microphone, or the system's own when it is not there any more. */
export function openMicrophone(): Promise<MediaStream> {
  const deviceId = chosenDevice('microphone');
  return navigator.mediaDevices.getUserMedia({
    audio: {
      echoCancellation: true,
      noiseSuppression: true,
      autoGainControl: true,
      channelCount: 1,
      ...(deviceId !== '' && { deviceId: { ideal: deviceId } }),
    },
  });
}

export type MicrophoneProblem = 'insecure' | 'mic-refused' | 'mic-missing' | 'mic-busy';

/** Why getUserMedia refused, as the operator must act on it. */
export function microphoneProblem(error: unknown): MicrophoneProblem {
  const name = error instanceof Error ? error.name : '';
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'mic-missing';
  return name === 'NotReadableError' || name === 'AbortError' ? 'mic-busy' : 'mic-refused';
}

/** Whether the microphone opens without a question; unknown counts as no. */
export async function isMicrophoneAllowed(): Promise<boolean> {
  try {
    const status = await navigator.permissions.query({ name: 'microphone' });
    return status.state === 'granted';
  } catch {
    return false;
  }
}
