-- How a subscriber's callers are relayed: the office's custom unless the file says otherwise.
alter table subscriber
  add column record_relayed boolean not null default true,
  add column blind_transfer boolean not null default true,
  add column after_relay text not null default 'wrap-up'
    check (after_relay in ('wrap-up', 'available'));
