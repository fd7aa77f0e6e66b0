-- The office: what `denwaban apply` declares.

create table center_setting (
  key text primary key,
  value jsonb not null
);

create table trunk (
  id text primary key,
  key text not null unique,
  name text not null,
  addresses text[] not null,
  media_networks text[] not null default '{}',
  dialed_number_from text not null
    check (dialed_number_from in ('request-uri', 'to', 'p-called-party-id')),
  trust_asserted_identity boolean not null
);

create table subscriber (
  id text primary key,
  key text not null unique,
  name text not null,
  kana text not null default '',
  greeting text not null,
  greeting_kana text not null default '',
  note text not null default '',
  time_zone text not null
);

create table did (
  number text primary key,
  subscriber_id text not null references subscriber (id) on delete cascade,
  label text not null default '',
  position integer not null
);
create index did_subscriber on did (subscriber_id, position);

create table contact (
  id text primary key,
  subscriber_id text not null references subscriber (id) on delete cascade,
  key text not null,
  name text not null,
  kana text not null default '',
  title text not null default '',
  phone text,
  email text,
  position integer not null,
  unique (subscriber_id, key)
);

create table mail_route (
  subscriber_id text not null references subscriber (id) on delete cascade,
  position integer not null,
  contact_ids text[] not null,
  applies text not null check (applies in ('always', 'urgent', 'unanswered', 'addressed')),
  primary key (subscriber_id, position)
);

-- The account of an operator is "user"."operatorId"; here is the place on the floor.
create table operator (
  id text primary key,
  key text not null unique,
  name text not null,
  device_kind text not null check (device_kind in ('browser', 'sip')),
  sip_username text unique,
  sip_uri text,
  starts_available boolean not null default false,
  state text not null
    check (state in ('offline', 'available', 'reserved', 'busy', 'wrap-up', 'away')),
  state_since timestamptz not null,
  idle_since timestamptz not null,
  call_id text,
  leg_id text,
  desk_id text,
  ring_no_answer_count integer not null default 0
);
create index operator_available on operator (idle_since) where state = 'available';
create index operator_call on operator (call_id) where call_id is not null;

-- Digest secrets of registered phones; the password itself is never kept.
create table sip_account (
  username text primary key,
  operator_id text not null unique references operator (id) on delete cascade,
  realm text not null,
  ha1_md5 text not null,
  ha1_sha256 text not null
);

create table registration (
  username text not null references sip_account (username) on delete cascade,
  contact_uri text not null,
  source_address text not null,
  source_port integer not null,
  transport text not null check (transport in ('UDP', 'TCP', 'TLS', 'WS')),
  path text[] not null default '{}',
  sip_call_id text not null,
  cseq bigint not null,
  expires_at timestamptz not null,
  user_agent text not null default '',
  primary key (username, contact_uri)
);
create index registration_expiry on registration (expires_at);
