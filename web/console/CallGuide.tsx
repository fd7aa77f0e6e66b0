import { Box, Button, Kbd, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { callTypeSchema } from '../../src/contract/index.ts';
import type { CallView } from '../../src/contract/index.ts';
import classes from './console.module.css';
import { useDesk, useDeskSnapshot } from './desk-context.ts';
import { valueOf } from './draft-keeper.ts';
import { phrasesFor } from './phrases.ts';

/** Left: what kind of call it is, and what to say next. */
export function CallGuide(props: { call: CallView; closed: boolean }): ReactNode {
  return (
    <Stack gap="md">
      <CallTypes closed={props.closed} />
      <Phrases call={props.call} />
    </Stack>
  );
}

function CallTypes(props: { closed: boolean }): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const { draft } = useDeskSnapshot();
  const chosen = draft === null ? '' : valueOf(draft, 'callType');
  return (
    <Stack gap={6} role="group" aria-label={t('console.callType.title')}>
      <Title order={2} size="sm">
        {t('console.callType.title')}
      </Title>
      {callTypeSchema.options.map((callType, index) => (
        <Button
          key={callType}
          variant={chosen === callType ? 'filled' : 'default'}
          justify="space-between"
          px="sm"
          disabled={props.closed}
          aria-pressed={chosen === callType}
          rightSection={
            <Kbd size="xs" visibleFrom="sm">
              {index + 1}
            </Kbd>
          }
          onClick={() => desk.type('callType', chosen === callType ? '' : callType)}
          data-testid={`call-type-${callType}`}
        >
          {t(`console.callType.${callType}`)}
        </Button>
      ))}
    </Stack>
  );
}

function Phrases(props: { call: CallView }): ReactNode {
  const { t } = useTranslation();
  const { draft, view } = useDeskSnapshot();
  const { called, caller } = props.call;
  const value = (field: 'callType' | 'company' | 'name' | 'phone'): string =>
    draft === null ? '' : valueOf(draft, field);
  const phrases = phrasesFor({
    called,
    caller,
    callType: value('callType'),
    company: value('company'),
    name: value('name'),
    phone: value('phone'),
  });
  return (
    <Stack gap="xs" component="section" aria-label={t('console.phrase.title')}>
      <Title order={2} size="sm">
        {t('console.phrase.title')}
      </Title>
      {phrases.map((phrase, index) => (
        <Box
          key={phrase}
          pl="xs"
          className={index === 0 ? (classes['phraseNow'] ?? '') : ''}
          data-testid={`phrase-${phrase}`}
        >
          <Text size={index === 0 ? 'md' : 'sm'} c={index === 0 ? undefined : 'dimmed'} lang="ja">
            {t(`console.phrase.${phrase}`, { operator: view?.operatorName ?? '' })}
          </Text>
        </Box>
      ))}
    </Stack>
  );
}
