-- Up to 8 kB of a call stay in the row as they are: compressing a document that is written again
-- within a second costs more than all the rest of the write.
alter table call set (toast_tuple_target = 8160);
