-- A leg is written about four times. Where its page has room its versions stay there, and no index learns of them:
-- an eighth less of PostgreSQL's log for a call, and less for its upkeep to look through.
alter table call_leg set (fillfactor = 50);
