import { Button, Group, SimpleGrid, Stack, Text, TextInput, Title } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CallView } from '../../src/contract/index.ts';
import { Keys } from './CheatBar.tsx';
import { useDesk } from './desk-context.ts';
import { DigitQueue, keyTonesIn } from './key-tones.ts';

const KEYPAD = Array.from('123456789*0#');
/** What was sent is shown as far back as one remembers a menu. */
const SHOWN = 40;

/** プッシュ音: every key is sent as it is pressed, to whom she talks with now. */
export function DigitsPanel(props: { call: CallView; close: () => void }): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const { call, close } = props;
  const field = useRef<HTMLInputElement>(null);
  const [sent, setSent] = useState('');
  const [queue] = useState(
    () => new DigitQueue((digits) => desk.operations.sendDigits(call.id, digits)),
  );
  useEffect(() => field.current?.focus(), []);
  const send = (text: string): void => {
    const digits = keyTonesIn(text);
    if (digits === '') return;
    setSent((before) => (before + digits).slice(-SHOWN));
    desk.attempt(() => queue.send(digits));
  };
  return (
    <Stack
      gap="xs"
      component="section"
      aria-label={t('console.digits.title')}
      data-testid="digits-panel"
    >
      <Title order={2} size="sm">
        {t('console.digits.title')}
      </Title>
      <Text size="xs" c="dimmed">
        {t(call.phase === 'consulting' ? 'console.digits.toContact' : 'console.digits.toCaller')}
      </Text>
      <TextInput
        ref={field}
        aria-label={t('console.digits.field')}
        placeholder={t('console.digits.field')}
        // The field is the ear for the keys; what was sent cannot be taken back.
        value={sent}
        onChange={({ currentTarget }) => {
          const { value } = currentTarget;
          if (value.startsWith(sent)) send(value.slice(sent.length));
        }}
        inputMode="tel"
        autoComplete="off"
        spellCheck={false}
        data-testid="digits-sent"
      />
      <SimpleGrid cols={3} spacing={6} maw={240}>
        {KEYPAD.map((digit) => (
          <Button key={digit} variant="default" tabIndex={-1} onClick={() => send(digit)}>
            {digit}
          </Button>
        ))}
      </SimpleGrid>
      <Group>
        <Button variant="default" rightSection={<Keys names={['Esc']} />} onClick={close}>
          {t('common.close')}
        </Button>
      </Group>
    </Stack>
  );
}
