-- A leg's signalling (an INVITE and its answer as they were sent, a dialog) is most of what is stored of a
-- call and changes less often than its state: each leg is a row of its own, written when it has changed.
-- `position`: the order in which the call got its legs, from 0.
create table call_leg (
  call_id text not null,
  position integer not null,
  leg jsonb not null,
  primary key (call_id, position)
);
alter table call_leg set (toast_tuple_target = 8160);

insert into call_leg (call_id, position, leg)
  select c.id, l.nr - 1, l.leg
  from call c cross join jsonb_array_elements(c.legs) with ordinality as l (leg, nr);
alter table call drop column legs;

-- What an index looks at must not change with every step of a call: then a new version of the row
-- needs no new entry in any index (HOT), as long as its page has room.
drop index call_open, call_waiting, call_parked;
alter table call add column is_open boolean not null
  generated always as ((state ->> 'phase') <> 'ended' or pending_effects <> '[]'::jsonb) stored;
create index call_open on call (arrived_at) where is_open;
alter table call set (fillfactor = 50);
