-- Tokens for programs, of which only a hash is kept; a row that is gone is a token revoked.
create table api_token (
  id text primary key,
  name text not null,
  token_hash text not null unique,
  role text not null check (role in ('administrator', 'supervisor', 'operator', 'member')),
  subscriber_id text references subscriber (id) on delete cascade,
  operator_id text references operator (id) on delete cascade,
  created_at timestamptz not null,
  created_by text not null,
  expires_at timestamptz,
  last_used_at timestamptz,
  check ((role = 'member') = (subscriber_id is not null)),
  check (role <> 'operator' or operator_id is not null)
);

-- Who listened is known for longer than the recording is kept.
alter table recording_listen drop constraint recording_listen_recording_id_fkey;
create index recording_listen_at on recording_listen (at);
