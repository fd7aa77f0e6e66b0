import {
  ActionIcon,
  Alert,
  Group,
  Paper,
  SegmentedControl,
  Slider,
  Stack,
  Text,
} from '@mantine/core';
import {
  IconPlayerPauseFilled,
  IconPlayerPlayFilled,
  IconRewindBackward10,
} from '@tabler/icons-react';
import { useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { RecordingView } from '../../src/contract/index.ts';
import { API } from '../shared/api.ts';
import { formatDuration } from '../shared/format.ts';
import { usePeaks } from './message-queries.ts';
import { Waveform } from './Waveform.tsx';

const SPEEDS = ['0.75', '1', '1.25', '1.5', '2'];
const CHANNELS = ['both', 'caller', 'operator'] as const;
type Channel = (typeof CHANNELS)[number];

function audioHref(id: string, channel: Channel): string {
  return `${API}/recordings/${encodeURIComponent(id)}/audio?channel=${channel}`;
}

/** Listen: seek, speed, and each side of the call by itself. Nothing is loaded before play. */
export function RecordingPlayer({ recording }: { recording: RecordingView }): ReactNode {
  const { t } = useTranslation();
  const player = useRef<HTMLAudioElement>(null);
  const [channel, setChannel] = useState<Channel>('both');
  const [speed, setSpeed] = useState('1');
  const [playing, setPlaying] = useState(false);
  const [failed, setFailed] = useState(false);
  const [position, setPosition] = useState(0);
  const [seconds, setSeconds] = useState(recording.seconds);
  const peaks = usePeaks(recording.id);

  const seek = (to: number): void => {
    setPosition(to);
    if (player.current !== null) player.current.currentTime = to;
  };
  const toggle = (): void => {
    const audio = player.current;
    if (audio === null) return;
    if (!audio.paused) {
      audio.pause();
      return;
    }
    if (failed) audio.load();
    setFailed(false);
    audio.playbackRate = Number(speed);
    // A refusal shows as the element's own error; a pause while loading is none.
    audio.play().catch(() => setPlaying(false));
  };
  const chooseSpeed = (value: string): void => {
    setSpeed(value);
    if (player.current !== null) player.current.playbackRate = Number(value);
  };
  /** The other voice from the same second, playing on if it was playing. */
  const chooseChannel = (next: Channel): void => {
    const audio = player.current;
    setChannel(next);
    setFailed(false);
    if (audio === null) return;
    const wasPlaying = !audio.paused;
    audio.src = audioHref(recording.id, next);
    audio.currentTime = position;
    audio.playbackRate = Number(speed);
    if (wasPlaying) audio.play().catch(() => setPlaying(false));
  };
  const loaded = (audio: HTMLAudioElement): void => {
    if (Number.isFinite(audio.duration)) setSeconds(audio.duration);
    audio.playbackRate = Number(speed);
  };

  return (
    <Paper p="md" data-testid="recording-player">
      <audio
        ref={player}
        src={audioHref(recording.id, 'both')}
        preload="none"
        aria-label={t('portal.recording.audio')}
        data-testid="recording-audio"
        onPlay={() => setPlaying(true)}
        onPause={() => setPlaying(false)}
        onEnded={() => setPlaying(false)}
        onTimeUpdate={(event) => setPosition(event.currentTarget.currentTime)}
        onLoadedMetadata={(event) => loaded(event.currentTarget)}
        onError={() => {
          setFailed(true);
          setPlaying(false);
        }}
      />
      <Stack gap="sm">
        {failed && (
          <Alert color="red" variant="light" role="alert">
            {t('portal.recording.failed')}
          </Alert>
        )}
        {peaks !== undefined && (
          <Waveform
            peaks={peaks}
            channel={channel}
            played={seconds > 0 ? position / seconds : 0}
            onSeek={(fraction) => seek(fraction * seconds)}
          />
        )}
        <Slider
          min={0}
          max={Math.max(seconds, 0.1)}
          step={0.1}
          value={Math.min(position, seconds)}
          onChange={seek}
          label={(value) => formatDuration(value * 1000)}
          thumbLabel={t('portal.recording.seek')}
          data-testid="recording-seek"
        />
        <Group gap="sm" wrap="nowrap">
          <ActionIcon
            size={48}
            radius="xl"
            variant="filled"
            aria-label={playing ? t('portal.recording.pause') : t('portal.recording.play')}
            onClick={toggle}
            data-testid="recording-play"
          >
            {playing ? (
              <IconPlayerPauseFilled size={24} aria-hidden />
            ) : (
              <IconPlayerPlayFilled size={24} aria-hidden />
            )}
          </ActionIcon>
          <ActionIcon
            size={44}
            variant="default"
            aria-label={t('portal.recording.back10')}
            onClick={() => seek(Math.max(0, position - 10))}
          >
            <IconRewindBackward10 size={22} aria-hidden />
          </ActionIcon>
          <Text data-testid="recording-time">
            {formatDuration(position * 1000)} / {formatDuration(seconds * 1000)}
          </Text>
        </Group>
        <SegmentedControl
          fullWidth
          aria-label={t('portal.recording.channel')}
          value={channel}
          onChange={chooseChannel}
          data={CHANNELS.map((value) => ({ value, label: t(`portal.recording.${value}`) }))}
          data-testid="recording-channel"
        />
        <SegmentedControl
          fullWidth
          aria-label={t('portal.recording.speed')}
          value={speed}
          onChange={chooseSpeed}
          data={SPEEDS.map((value) => ({ value, label: `${value}×` }))}
          data-testid="recording-speed"
        />
      </Stack>
    </Paper>
  );
}
