import { NativeSelect } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { roleSchema } from '../../src/contract/index.ts';
import type { Role } from '../../src/contract/index.ts';
import { useFloor, useSubscribers, useUsers } from './admin-queries.ts';

/** What an account may do, and where. Empty: no subscriber, no desk. */
export type Place = { role: Role; subscriberId: string; operatorId: string };

/** As the API wants it: a member belongs to a subscriber, everybody else may have a desk. */
export function placeBody({ role, subscriberId, operatorId }: Place): {
  role: Role;
  subscriberId: string | null;
  operatorId: string | null;
} {
  const isMember = role === 'member';
  return {
    role,
    subscriberId: isMember && subscriberId !== '' ? subscriberId : null,
    operatorId: !isMember && operatorId !== '' ? operatorId : null,
  };
}

/** Role, and the subscriber or desk that goes with it. A desk that somebody has is named with her, and not chosen. */
export function PlaceFields(props: {
  place: Place;
  /** The account that has this place by now; null for a new one. */
  userId: string | null;
  /** Nobody takes rights from herself. */
  fixedRole?: boolean;
  /** A stopped operator may give her desk away. */
  mayLackDesk?: boolean;
  onChange: (change: Partial<Place>) => void;
}): ReactNode {
  const { t } = useTranslation();
  const { place, userId, onChange } = props;
  const subscribers = useSubscribers().data ?? [];
  return (
    <>
      <NativeSelect
        label={t('admin.user.role')}
        value={place.role}
        disabled={props.fixedRole ?? false}
        onChange={(event) => onChange({ role: roleSchema.parse(event.currentTarget.value) })}
        data={roleSchema.options.map((role) => ({ value: role, label: t(`role.${role}`) }))}
      />
      {place.role === 'member' ? (
        <NativeSelect
          name="subscriberId"
          label={t('admin.user.subscriber')}
          required
          value={place.subscriberId}
          onChange={(event) => onChange({ subscriberId: event.currentTarget.value })}
          data={[
            { value: '', label: t('admin.user.choose') },
            ...subscribers.map(({ id, name }) => ({ value: id, label: name })),
          ]}
        />
      ) : (
        <DeskField
          place={place}
          userId={userId}
          required={place.role === 'operator' && props.mayLackDesk !== true}
          onChange={(operatorId) => onChange({ operatorId })}
        />
      )}
    </>
  );
}

function DeskField(props: {
  place: Place;
  userId: string | null;
  required: boolean;
  onChange: (operatorId: string) => void;
}): ReactNode {
  const { t } = useTranslation();
  const { place, userId, required } = props;
  const operators = useFloor().data?.operators ?? [];
  const others = (useUsers().data ?? []).filter(({ id }) => id !== userId);
  return (
    <NativeSelect
      name="operatorId"
      label={t('admin.user.place')}
      description={t('admin.user.placeHint')}
      required={required}
      value={place.operatorId}
      onChange={(event) => props.onChange(event.currentTarget.value)}
      data={[
        { value: '', label: t(required ? 'admin.user.choose' : 'admin.user.noPlace') },
        ...operators.map(({ id, name }) => {
          const holder = others.find(({ operatorId }) => operatorId === id);
          return holder === undefined
            ? { value: id, label: name }
            : {
                value: id,
                label: t('admin.user.placeOf', { place: name, name: holder.name }),
                disabled: true,
              };
        }),
      ]}
    />
  );
}
