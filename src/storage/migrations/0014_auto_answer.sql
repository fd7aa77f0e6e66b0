-- A telephone on the desk is asked to pick up by itself.
alter table operator
  add column sip_auto_answer boolean not null default false;
