import { Box, Button, Group, Kbd, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { callTypeSchema } from '../../src/contract/index.ts';
import type { CallType, CallView } from '../../src/contract/index.ts';
import { isInWrapUp } from './call-phases.ts';
import { Keys } from './CheatBar.tsx';
import classes from './console.module.css';
import { useDesk, useDeskSnapshot, useServerNow } from './desk-context.ts';
import { valueOf } from './draft-keeper.ts';
import { KEY_NAMES } from './keys.ts';
import { phrasesFor } from './phrases.ts';
import { awayNow, concernedContact, familyName } from './relay-words.ts';
import { Spoken } from './Spoken.tsx';

/** Left: what kind of call it is, and what to say next. */
export function CallGuide(props: { call: CallView; closed: boolean }): ReactNode {
  return (
    <Stack gap="md">
      <CallTypes closed={props.closed} withKeys={props.call.phase !== 'consulting'} />
      {!isInWrapUp(props.call) && <Phrases call={props.call} />}
    </Stack>
  );
}

/** In a consultation the same keys say what the contact answered. */
function CallTypes(props: { closed: boolean; withKeys: boolean }): ReactNode {
  const { t } = useTranslation();
  const desk = useDesk();
  const { draft } = useDeskSnapshot();
  const chosen = draft === null ? '' : valueOf(draft, 'callType');
  return (
    <Stack gap={6} role="group" aria-label={t('console.callType.title')}>
      <Group justify="space-between" gap="xs">
        <Title order={2} size="sm">
          {t('console.callType.title')}
        </Title>
        {!props.closed && props.withKeys && <Keys names={KEY_NAMES['call-type']} />}
      </Group>
      {props.closed ? (
        <Text size="sm">
          {isCallType(chosen) ? t(`console.callType.${chosen}`) : t('console.form.none')}
        </Text>
      ) : (
        callTypeSchema.options.map((callType, index) => (
          <Button
            key={callType}
            variant={chosen === callType ? 'filled' : 'default'}
            justify="space-between"
            px="sm"
            aria-pressed={chosen === callType}
            rightSection={
              props.withKeys && (
                <Kbd visibleFrom="sm" aria-hidden>
                  {index + 1}
                </Kbd>
              )
            }
            onClick={() => desk.type('callType', chosen === callType ? '' : callType)}
            data-testid={`call-type-${callType}`}
          >
            {t(`console.callType.${callType}`)}
          </Button>
        ))
      )}
    </Stack>
  );
}

function isCallType(value: string): value is CallType {
  return callTypeSchema.safeParse(value).success;
}

function Phrases(props: { call: CallView }): ReactNode {
  const { t } = useTranslation();
  const { draft, view } = useDeskSnapshot();
  const { called, caller, phase, relay, noSoundFrom, handOver } = props.call;
  const now = useServerNow();
  const value = (field: 'callType' | 'company' | 'name' | 'phone' | 'contactId'): string =>
    draft === null ? '' : valueOf(draft, field);
  const concerned = concernedContact(props.call);
  const asked = view?.contacts.find(({ id, name }) =>
    concerned === '' ? id === value('contactId') : name === concerned,
  );
  const operator = view?.operatorName ?? '';
  const contact = familyName(concerned || (asked?.name ?? ''));
  const phrases = phrasesFor({
    called,
    caller,
    phase,
    relay,
    noSoundFrom,
    away: awayNow(asked?.presence ?? null, now),
    tookOver: handOver?.outcome === 'taken' && handOver.to === view?.operatorId,
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
          // The first one stays where it is and is said aloud when it becomes another.
          key={index === 0 ? 'now' : phrase}
          pl="xs"
          className={index === 0 ? (classes['phraseNow'] ?? '') : ''}
          aria-live={index === 0 ? 'polite' : undefined}
          data-testid={`phrase-${phrase}`}
        >
          <Text size={index === 0 ? 'md' : 'sm'} c={index === 0 ? undefined : 'dimmed'} lang="ja">
            <Spoken
              text={t(`console.phrase.${phrase}`, { operator, contact })}
              kept={[operator, contact]}
            />
          </Text>
        </Box>
      ))}
    </Stack>
  );
}
