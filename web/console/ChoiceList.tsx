import { Box } from '@mantine/core';
import { useEffect, useId, useRef } from 'react';
import type { KeyboardEvent, ReactNode } from 'react';
import { isImeKey } from '../shared/ime.ts';
import classes from './console.module.css';

/** A list worked by the arrow keys, which has the caret as soon as it is shown. */
export function ChoiceList<T extends { id: string }>(props: {
  label: string;
  choices: readonly T[];
  index: number;
  marked?: readonly string[];
  onIndex: (index: number) => void;
  /** The space bar, where several may be chosen. */
  onMark?: (id: string) => void;
  /** More keys, by their place on the keyboard (`KeyA`). */
  keys?: Readonly<Partial<Record<string, () => void>>>;
  onEnter: (withShift: boolean) => void;
  onLeave: () => void;
  /** One line each: where there is a mouse, more of them fit. */
  compact?: boolean;
  testId: string;
  children: (choice: T) => ReactNode;
}): ReactNode {
  const { choices, index, marked = [], onIndex, onMark } = props;
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  useEffect(() => {
    list.current?.focus();
    list.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  const under = choices[index]?.id;
  useEffect(() => {
    list.current?.children[index]?.scrollIntoView({ block: 'nearest' });
  }, [index]);
  const press = (event: KeyboardEvent): void => {
    const { nativeEvent } = event;
    if (isImeKey(nativeEvent) || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) onIndex(Math.min(choices.length - 1, Math.max(0, index + step)));
    else if (event.key === 'Enter') props.onEnter(event.shiftKey);
    else if (event.key === 'Escape') props.onLeave();
    else if (event.key === ' ' && onMark !== undefined && under !== undefined) onMark(under);
    else if (props.keys?.[event.code] !== undefined) props.keys[event.code]?.();
    else return;
    event.preventDefault();
  };
  return (
    <Box
      ref={list}
      role="listbox"
      tabIndex={0}
      aria-label={props.label}
      aria-multiselectable={onMark !== undefined}
      aria-activedescendant={under === undefined ? undefined : `${id}-${under}`}
      onKeyDown={press}
      className={`${classes['choices'] ?? ''} ${props.compact === true ? (classes['compact'] ?? '') : ''}`}
      // In a dialog, whose own first field would have it.
      data-autofocus
      data-testid={props.testId}
    >
      {choices.map((choice, place) => (
        <Box
          key={choice.id}
          id={`${id}-${choice.id}`}
          role="option"
          aria-selected={onMark === undefined ? place === index : marked.includes(choice.id)}
          data-under={place === index}
          className={classes['choice'] ?? ''}
          px="xs"
          py={6}
          onClick={() => {
            onIndex(place);
            onMark?.(choice.id);
          }}
        >
          {props.children(choice)}
        </Box>
      ))}
    </Box>
  );
}
