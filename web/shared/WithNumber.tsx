import { Text } from '@mantine/core';
import type { ReactNode } from 'react';

/** A sentence in which the telephone number is not broken at its hyphens. */
export function WithNumber({ text, number }: { text: string; number: string }): ReactNode {
  const at = text.indexOf(number);
  if (at === -1) return text;
  return (
    <>
      {text.slice(0, at)}
      <Text span inherit style={{ whiteSpace: 'nowrap' }}>
        {number}
      </Text>
      {text.slice(at + number.length)}
    </>
  );
}
