import { useEffect, useRef } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './console.module.css';
import { useDesk } from './desk-context.ts';

const EVERY_MS = 60;

/** The microphone's level, drawn past React: sixteen times a second for six hours. */
export function LevelBar(props: { width?: number }): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const timer = setInterval(() => {
      const level = desk.audio.level().toFixed(2);
      if (bar.current !== null) bar.current.style.transform = `scaleX(${level})`;
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, [desk]);
  return (
    <div
      className={classes['level']}
      style={{ width: props.width ?? '100%' }}
      role="img"
      aria-label={t('console.audio.level')}
      data-testid="level-meter"
    >
      <div ref={bar} className={classes['levelBar']} />
    </div>
  );
}
