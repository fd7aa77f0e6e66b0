-- Why a part of a recording is missing; null where nothing is, or where nobody knows.
alter table recording add column cause text check (cause in ('disk-full', 'disk-slow'));
