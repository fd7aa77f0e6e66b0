-- Trunks that register and that carry calls out. `register` and `outbound` are written whole by
-- `denwaban apply` and read whole into memory.
alter table trunk
  add column register jsonb,
  add column outbound jsonb,
  add column probe_seconds integer,
  add column max_calls integer;

-- Passwords of our accounts at carriers, sealed with a key that is not in the database.
create table trunk_secret (
  trunk_id text primary key references trunk (id) on delete cascade,
  sealed text not null
);

-- Every call we began to place: the ceilings are counted here, so that a restart forgets nothing.
-- No foreign keys: an account of what was dialled outlives what it names.
create table outbound_call (
  leg_id text primary key,
  call_id text not null,
  subscriber_id text,
  trunk_id text,
  purpose text not null,
  number text not null,
  began_at timestamptz not null,
  ended_at timestamptz
);
create index outbound_call_began on outbound_call (began_at);
create index outbound_call_open on outbound_call (call_id) where ended_at is null;
