-- What queries ask of a call is written with it. A generated column's expression is kept as text, which PostgreSQL
-- reads anew for each statement that writes the row: twelve of them were a fifth of its work for a call.
alter table call
  alter column version drop expression,
  alter column phase drop expression,
  alter column subscriber_id drop expression,
  alter column did drop expression,
  alter column caller_number drop expression,
  alter column operator_id drop expression,
  alter column answered_by drop expression,
  alter column arrived_at drop expression,
  alter column answered_at drop expression,
  alter column ended_at drop expression,
  alter column termination_class drop expression,
  alter column termination_reason drop expression,
  alter column is_open drop expression;
