-- What may be done with a call that is up. Calls of an older program get the new parts of the
-- state, so that a call up during the upgrade goes on, and an ended one can still be read.

update call set state = jsonb_build_object(
  'wrappingUp', null, 'contacts', '[]'::jsonb, 'relay', null, 'parked', null, 'handOver', null,
  'monitors', '[]'::jsonb, 'muted', false, 'recordingPaused', false, 'heldSince', null,
  'reminders', 0, 'direction', 'inbound',
  'rules', jsonb_build_object(
    'recordRelayed', true, 'blindTransfer', true, 'afterRelay', 'wrap-up')
) || state;

update call set state = jsonb_set(state, '{operator,audio}',
  case state ->> 'phase' when 'reconnecting' then '"lost"'::jsonb else '"up"'::jsonb end)
where jsonb_typeof(state -> 'operator') = 'object';

update call set state = jsonb_set(state, '{phase}', '"talking"')
where state ->> 'phase' = 'reconnecting';

create index call_parked on call (arrived_at) where phase = 'parked';
