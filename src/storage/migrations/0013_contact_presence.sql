-- Where a contact is, as told last, and until when that holds.
alter table contact
  add column presence text check (presence in ('in', 'out', 'meeting', 'off')),
  add column presence_until timestamptz;
