import type { Queryable } from './database.ts';

export type TableShape = { table: string; columns: string[]; identity: string[] };

const COLUMNS = `
  select c.relname as table, a.attname as column, a.attidentity <> '' as identity,
    a.attgenerated <> '' as generated
  from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where n.nspname = current_schema() and c.relkind = 'r' and c.relname <> 'schema_migration'
  order by c.relname, a.attnum`;

const REFERENCES = `
  select c.relname as table, r.relname as target
  from pg_constraint k
    join pg_class c on c.oid = k.conrelid
    join pg_class r on r.oid = k.confrelid
    join pg_namespace n on n.oid = c.relnamespace
  where k.contype = 'f' and n.nspname = current_schema() and c.oid <> r.oid`;

/** Our tables with the columns that are written, each after those it refers to. */
export async function readTables(connection: Queryable): Promise<TableShape[]> {
  const columns = await connection.rows<{
    table: string;
    column: string;
    identity: boolean;
    generated: boolean;
  }>({ text: COLUMNS });
  const references = await connection.rows<{ table: string; target: string }>({ text: REFERENCES });
  const shapes = [...Map.groupBy(columns, (row) => row.table)].map(([table, rows]) => ({
    table,
    columns: rows.filter((row) => !row.generated).map((row) => row.column),
    identity: rows.filter((row) => row.identity).map((row) => row.column),
  }));
  return inOrder(shapes, references);
}

function inOrder(
  shapes: TableShape[],
  references: { table: string; target: string }[],
): TableShape[] {
  const ordered: TableShape[] = [];
  const waiting = new Set(shapes);
  const done = new Set<string>();
  while (waiting.size > 0) {
    const ready = [...waiting].filter((shape) =>
      references.every((r) => r.table !== shape.table || done.has(r.target)),
    );
    if (ready.length === 0) throw new Error('tables refer to each other in a circle');
    for (const shape of ready) {
      waiting.delete(shape);
      done.add(shape.table);
      ordered.push(shape);
    }
  }
  return ordered;
}

/** A name as SQL writes it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
