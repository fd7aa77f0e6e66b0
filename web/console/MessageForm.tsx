import {
  Button,
  Group,
  Input,
  NativeSelect,
  SegmentedControl,
  SimpleGrid,
  Stack,
  Text,
  Textarea,
  TextInput,
  Title,
  VisuallyHidden,
} from '@mantine/core';
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconCloudOff,
  IconDeviceFloppy,
  IconRefresh,
  IconSend,
} from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import type { KeyboardEvent, ReactNode, Ref } from 'react';
import { useTranslation } from 'react-i18next';
import { FIELD_LIMITS, urgencySchema, wantsSchema } from '../../src/contract/index.ts';
import type { CallView, MessageField } from '../../src/contract/index.ts';
import { isPlainEnter } from '../shared/ime.ts';
import { Keys } from './CheatBar.tsx';
import classes from './console.module.css';
import { useDesk, useDeskSnapshot } from './desk-context.ts';
import { valueOf } from './draft-keeper.ts';
import type { DraftStatus } from './draft-keeper.ts';
import { KEY_NAMES } from './keys.ts';
import { readBack } from './read-back.ts';

export type FieldIssues = Partial<Record<MessageField, string>>;

type TextFieldProps = { field: MessageField; issues: FieldIssues };

/** What the caller says, field by field; every keystroke is kept. */
export function MessageForm(props: {
  call: CallView;
  issues: FieldIssues;
  sending: boolean;
  onSend: () => void;
  /** In wrap-up: the way on, beside the way out. */
  finish: ReactNode;
  firstField: Ref<HTMLInputElement>;
}): ReactNode {
  const { t } = useTranslation();
  const { call, issues } = props;
  const form = useRef<HTMLFormElement>(null);
  return (
    <form
      ref={form}
      noValidate
      autoComplete="off"
      aria-label={t('console.form.title')}
      className={classes['form']}
      data-testid="message-form"
      onSubmit={(event) => event.preventDefault()}
      onKeyDown={(event) => {
        if (form.current !== null) goOn(event, form.current);
      }}
    >
      <Stack gap={8} className={classes['fields'] ?? ''}>
        <VisuallyHidden>
          <Title order={2}>{t('console.form.title')}</Title>
        </VisuallyHidden>
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm" verticalSpacing={8}>
          <TextField field="company" issues={issues} inputRef={props.firstField} />
          <TextField field="companyKana" issues={issues} />
          <TextField field="name" issues={issues} />
          <TextField field="nameKana" issues={issues} />
          <PhoneField call={call} issues={issues} />
          <ContactField issues={issues} />
        </SimpleGrid>
        <BodyField issues={issues} />
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm" verticalSpacing={8}>
          <ChoiceField
            field="wants"
            issues={issues}
            options={wantsSchema.options.map((value) => ({
              value,
              label: t(`console.wants.${value}`),
            }))}
          />
          <Group gap="sm" align="flex-start" wrap="nowrap">
            <TextField field="callbackTime" issues={issues} />
            <ChoiceField
              field="urgency"
              issues={issues}
              options={urgencySchema.options.map((value) => ({
                value,
                label: t(`console.urgency.${value}`),
              }))}
            />
          </Group>
        </SimpleGrid>
      </Stack>
      <Group
        className={classes['foot'] ?? ''}
        justify="space-between"
        gap="sm"
        px="md"
        py={8}
        mih={56}
      >
        <DraftStatusText />
        <Group gap="sm" ml="auto">
          {props.finish}
          <Button
            leftSection={<IconSend size={18} aria-hidden />}
            rightSection={<Keys names={KEY_NAMES.send} />}
            loading={props.sending}
            onClick={props.onSend}
            data-testid="send"
          >
            {t('console.form.send')}
          </Button>
        </Group>
      </Group>
    </form>
  );
}

/** Enter goes to the next field. It never sends, and it is not taken from the input method. */
function goOn(event: KeyboardEvent, form: HTMLFormElement): void {
  const { target, nativeEvent } = event;
  if (!isPlainEnter(nativeEvent)) return;
  if (!(target instanceof HTMLInputElement || target instanceof HTMLSelectElement)) return;
  event.preventDefault();
  const stops = Array.from(
    form.querySelectorAll<HTMLElement>('input:not([type=radio]), select, textarea'),
  );
  stops[stops.indexOf(target) + (event.shiftKey ? -1 : 1)]?.focus();
}

function useField(field: MessageField): [string, (value: string) => void] {
  const desk = useDesk();
  const { draft } = useDeskSnapshot();
  return [draft === null ? '' : valueOf(draft, field), (value) => desk.type(field, value)];
}

/** A refusal at the field goes away with the next keystroke in it; see `useSending`. */
function TextField(props: TextFieldProps & { inputRef?: Ref<HTMLInputElement> }): ReactNode {
  const { t } = useTranslation();
  const { field, issues, inputRef } = props;
  const [value, type] = useField(field);
  return (
    <TextInput
      ref={inputRef}
      w="100%"
      label={t(`console.form.${field}`)}
      name={field}
      value={value}
      error={issues[field]}
      maxLength={FIELD_LIMITS[field]}
      placeholder={field === 'callbackTime' ? t('console.form.timePlaceholder') : undefined}
      spellCheck={false}
      enterKeyHint="next"
      onChange={(event) => type(event.currentTarget.value)}
      data-focus-home={inputRef === undefined ? undefined : true}
      data-testid={`field-${field}`}
    />
  );
}

/** With 復唱 beneath: the number as it is read back. */
function PhoneField(props: { call: CallView; issues: FieldIssues }): ReactNode {
  const { t } = useTranslation();
  const [value, type] = useField('phone');
  const [wants] = useField('wants');
  const callerNumber = props.call.caller.numberFormatted;
  const needed = props.call.caller.number === null && wants === 'callback';
  const missing = needed && value.trim() === '' ? t('console.form.phoneNeeded') : undefined;
  const spoken = readBack(value);
  return (
    <Stack gap={2}>
      <Group gap={6} align="flex-end">
        <TextInput
          // In a narrow column the button goes beneath, and the number is read whole.
          flex="1 1 9.5rem"
          label={t('console.form.phone')}
          name="phone"
          inputMode="tel"
          value={value}
          error={(props.issues.phone ?? missing) !== undefined}
          withAsterisk={needed}
          required={needed}
          maxLength={FIELD_LIMITS.phone}
          spellCheck={false}
          enterKeyHint="next"
          aria-describedby="phone-words"
          // Another number typed here stands instead of the caller's own, not behind it.
          onFocus={(event) => {
            if (value === callerNumber) event.currentTarget.select();
          }}
          onChange={(event) => type(event.currentTarget.value)}
          data-testid="field-phone"
        />
        {callerNumber !== null && value !== callerNumber && (
          <Button
            variant="default"
            px="sm"
            onClick={() => type(callerNumber)}
            data-testid="use-caller-number"
          >
            {t('console.form.callerNumber')}
          </Button>
        )}
      </Group>
      <Text
        id="phone-words"
        size="sm"
        c={(props.issues.phone ?? missing) === undefined ? 'dimmed' : 'red'}
        data-testid="read-back"
      >
        {props.issues.phone ??
          missing ??
          (spoken !== null && (
            <>
              {t('console.form.readBack')}: <span lang="ja">{spoken}</span>
            </>
          ))}
      </Text>
    </Stack>
  );
}

function ContactField(props: { issues: FieldIssues }): ReactNode {
  const { t } = useTranslation();
  const { view } = useDeskSnapshot();
  const [value, type] = useField('contactId');
  const people = (view?.contacts ?? []).map(({ id, name, title }) => ({
    value: id,
    label: title === '' ? name : `${name}（${title}）`,
  }));
  return (
    <NativeSelect
      label={t('console.form.contactId')}
      name="contactId"
      data={[{ value: '', label: t('console.form.nobody') }, ...people]}
      value={value}
      error={props.issues.contactId}
      onChange={(event) => type(event.currentTarget.value)}
      data-testid="field-contactId"
    />
  );
}

function BodyField(props: { issues: FieldIssues }): ReactNode {
  const { t } = useTranslation();
  const [value, type] = useField('body');
  return (
    <Textarea
      label={t('console.form.body')}
      name="body"
      value={value}
      error={props.issues.body}
      autosize
      minRows={3}
      maxRows={10}
      maxLength={FIELD_LIMITS.body}
      spellCheck={false}
      onChange={(event) => type(event.currentTarget.value)}
      data-testid="field-body"
    />
  );
}

function ChoiceField(props: {
  field: 'wants' | 'urgency';
  issues: FieldIssues;
  options: { value: string; label: string }[];
}): ReactNode {
  const { t } = useTranslation();
  const { field, options } = props;
  const [value, type] = useField(field);
  const shown = field === 'urgency' && value === '' ? 'normal' : value;
  return (
    <Input.Wrapper
      label={t(`console.form.${field}`)}
      labelElement="div"
      labelProps={{ id: `label-${field}` }}
      error={props.issues[field]}
      style={{ flexShrink: 0 }}
    >
      <SegmentedControl
        fullWidth
        aria-labelledby={`label-${field}`}
        name={field}
        value={shown}
        onChange={type}
        color={field === 'urgency' && value === 'urgent' ? 'red' : 'indigo'}
        data={options}
        data-testid={`field-${field}`}
      />
    </Input.Wrapper>
  );
}

const STATUS = {
  empty: { Icon: IconDeviceFloppy, color: 'dimmed' },
  saved: { Icon: IconCircleCheck, color: 'teal' },
  saving: { Icon: IconRefresh, color: 'dimmed' },
  unsaved: { Icon: IconCloudOff, color: 'orange' },
  refused: { Icon: IconAlertTriangle, color: 'red' },
} as const satisfies Record<DraftStatus, unknown>;

function DraftStatusText(): ReactNode {
  const { t } = useTranslation();
  const { draftStatus } = useDeskSnapshot();
  const { Icon, color } = STATUS[draftStatus];
  // Said aloud only when something is wrong: a voice at every word would be unbearable.
  const alarming = draftStatus === 'unsaved' || draftStatus === 'refused';
  return (
    <Group gap={4} wrap="nowrap" c={color} data-testid="draft-status" data-status={draftStatus}>
      <Icon size={18} aria-hidden />
      <Text size="sm" aria-live={alarming ? 'polite' : 'off'}>
        {t(`console.draft.${draftStatus}`)}
      </Text>
    </Group>
  );
}

/** The caret is in the first field as soon as the call is up; the first words stay in sight. */
export function useFirstField(callId: string): React.RefObject<HTMLInputElement | null> {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    input.current?.focus({ preventScroll: true });
  }, [callId]);
  return input;
}
