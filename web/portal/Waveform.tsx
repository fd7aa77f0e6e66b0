import { Box } from '@mantine/core';
import type { MouseEvent, ReactNode } from 'react';
import type { RecordingView } from '../../src/contract/index.ts';

type WaveformProps = {
  peaks: NonNullable<RecordingView['peaks']>;
  channel: 'both' | 'caller' | 'operator';
  /** 0–1 */
  played: number;
  onSeek: (fraction: number) => void;
};

const HALF = 100;

/** One bar per point: height 0–100 upwards or downwards from the middle line. */
function barsOf(points: readonly number[], direction: 1 | -1): string {
  return points
    .map((point, index) => {
      const height = Math.max(2, Math.min(HALF, point)) * direction;
      return `M${index + 0.1} ${HALF}h.8v${-height}h-.8z`;
    })
    .join('');
}

/** Caller above the line, our side below. For the eye and the pointer; the slider is for keys. */
export function Waveform({ peaks, channel, played, onSeek }: WaveformProps): ReactNode {
  const length = Math.max(peaks.caller.length, peaks.operator.length, 1);
  const seek = (event: MouseEvent<HTMLElement>): void => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    if (width > 0) onSeek(Math.min(1, Math.max(0, (event.clientX - left) / width)));
  };
  return (
    <Box onClick={seek} style={{ cursor: 'pointer' }} aria-hidden data-testid="recording-waveform">
      <svg
        viewBox={`0 0 ${length} ${2 * HALF}`}
        preserveAspectRatio="none"
        width="100%"
        height={72}
        display="block"
      >
        <path
          d={barsOf(peaks.caller, 1)}
          fill="var(--mantine-primary-color-filled)"
          opacity={channel === 'operator' ? 0.2 : 1}
        />
        <path
          d={barsOf(peaks.operator, -1)}
          fill="var(--mantine-color-teal-filled)"
          opacity={channel === 'caller' ? 0.2 : 1}
        />
        <rect
          x={played * length}
          width={Math.max(length / 300, 0.02)}
          height={2 * HALF}
          fill="var(--mantine-color-text)"
        />
      </svg>
    </Box>
  );
}
