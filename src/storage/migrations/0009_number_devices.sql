-- An operator may be reached at an outside number, over the trunks and within their rules.
alter table operator add column number text;
alter table operator drop constraint operator_device_kind_check;
alter table operator add constraint operator_device_kind_check
  check (device_kind in ('browser', 'sip', 'number'));
alter table operator add constraint operator_number_check
  check ((device_kind = 'number') = (number is not null));
