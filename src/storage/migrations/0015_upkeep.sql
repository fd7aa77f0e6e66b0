-- A call is written about nine times and a leg four: by PostgreSQL's usual measure (a tenth of a table's rows
-- changed) a busy center's tables were looked through for the planner every minute. Now when every row was.
alter table call set (autovacuum_analyze_scale_factor = 1);
alter table call_leg set (autovacuum_analyze_scale_factor = 1);
-- Documents no query searches need no statistics.
alter table call
  alter column state set statistics 0,
  alter column pending_effects set statistics 0;
alter table call_leg alter column leg set statistics 0;
