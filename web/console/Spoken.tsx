import { Fragment } from 'react';
import type { ReactNode } from 'react';
import classes from './console.module.css';
import { spokenParts } from './spoken.ts';
import type { SpokenPart } from './spoken.ts';

/** Japanese that an operator reads aloud: a line ends where a breath may be taken, in every browser. */
export function Spoken(props: {
  text: string;
  /** Names and numbers that stand in one line. */
  kept?: readonly string[];
  /** Words of others. */
  free?: readonly string[];
}): ReactNode {
  return (
    <span className={classes['spoken']}>
      {spokenParts(props.text, props).map((part, index) => (
        <Fragment key={index}>{shown(part)}</Fragment>
      ))}
    </span>
  );
}

function shown(part: SpokenPart): ReactNode {
  switch (part.kind) {
    case 'break':
      return <wbr />;
    case 'text':
      return part.text;
    default:
      return <span className={classes[part.kind]}>{part.text}</span>;
  }
}
