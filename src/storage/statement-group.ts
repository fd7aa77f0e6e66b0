import pg from 'pg';
import type { Connection, Submittable } from 'pg';
import type { Statement } from './database.ts';

/** What of the driver its own types leave out; pg-cursor and pg-query-stream stand on the same parts. */
type Wire = {
  stream: { cork(): void; uncork(): void };
  parse(statement: { name: string; text: string }): void;
  bind(values: {
    statement: string;
    values: readonly unknown[];
    valueMapper: (value: unknown) => unknown;
  }): void;
  describe(what: { type: 'P'; name: '' }): void;
  execute(what: { portal: ''; rows: 0 }): void;
  sync(): void;
};
type Fields = { fields: unknown[] };
type RowReader = { addFields(fields: unknown[]): void; parseRow(fields: unknown[]): unknown };
const driver = pg as unknown as {
  Result: new () => RowReader;
  utils: { prepareValue: (value: unknown) => unknown };
};

/** The named statements a connection knows, with what reads their rows: null where there are none. */
export type PreparedStatements = Map<string, RowReader | null>;

/**
 * Statements that go to the server in one write and are answered in one: many times Bind and Execute, one Sync. By
 * the protocol that is one transaction, which its Sync commits; an error rolls it back and skips the rest
 * (PostgreSQL, "Frontend/Backend Protocol", Pipelining).
 *
 * After an error nobody knows which statements the connection has prepared: it has to be given up.
 */
export class StatementGroup implements Submittable {
  readonly #statements: readonly Statement[];
  readonly #prepared: PreparedStatements;
  readonly #rows: unknown[][];
  readonly #done = Promise.withResolvers<unknown[][]>();
  /** The statement that is being answered. */
  #at = 0;
  #reader: RowReader | null = null;

  constructor(statements: readonly Statement[], prepared: PreparedStatements) {
    this.#statements = statements;
    this.#prepared = prepared;
    this.#rows = statements.map(() => []);
  }

  /** The rows of each, once all are committed. */
  get done(): Promise<unknown[][]> {
    return this.#done.promise;
  }

  submit(connection: Connection): void {
    const wire = connection as unknown as Wire;
    wire.stream.cork();
    try {
      for (const statement of this.#statements) this.#write(wire, statement);
      wire.sync();
    } finally {
      wire.stream.uncork();
    }
  }

  #write(wire: Wire, { name = '', text, values = [] }: Statement): void {
    const isKnown = this.#prepared.has(name);
    if (!isKnown) wire.parse({ name, text });
    wire.bind({ statement: name, values, valueMapper: driver.utils.prepareValue });
    // Which columns a named statement has is asked once.
    if (!isKnown) wire.describe({ type: 'P', name: '' });
    wire.execute({ portal: '', rows: 0 });
    if (!isKnown && name !== '') this.#prepared.set(name, null);
  }

  // ---- What the driver calls

  handleRowDescription({ fields }: Fields): void {
    this.#reader = new driver.Result();
    this.#reader.addFields(fields);
    const name = this.#statements[this.#at]?.name;
    if (name !== undefined) this.#prepared.set(name, this.#reader);
  }

  handleDataRow({ fields }: Fields): void {
    const name = this.#statements[this.#at]?.name;
    const reader = name === undefined ? this.#reader : this.#prepared.get(name);
    try {
      if (reader) this.#rows[this.#at]?.push(reader.parseRow(fields));
    } catch (thrown) {
      // Thrown into the driver it would end the process.
      this.handleError(thrown);
    }
  }

  handleCommandComplete(): void {
    this.#at++;
  }

  handleEmptyQuery(): void {
    this.#at++;
  }

  handleError(error: unknown): void {
    this.#done.reject(error);
  }

  handleReadyForQuery(): void {
    this.#done.resolve(this.#rows);
  }
}
