import type { BatchEntry, WalkDefinition } from '../domain/batches.js';
import type { Database } from '../domain/migration.js';

// `definition` is JSON; `cursor` and `last` are SQL. It is there while a migration is half done, and gone after it.
const TABLE = `CREATE TABLE IF NOT EXISTS main._decant_batches (
  migration TEXT NOT NULL,
  direction TEXT NOT NULL,
  number INTEGER NOT NULL,
  definition TEXT NOT NULL,
  cursor TEXT,
  last TEXT,
  done INTEGER NOT NULL,
  total INTEGER NOT NULL,
  batches INTEGER NOT NULL,
  is_finished INTEGER NOT NULL,
  started_at TEXT NOT NULL,
  PRIMARY KEY (migration, number)
)`;

type Row = Omit<BatchEntry, 'definition' | 'isFinished'> & {
  readonly definition: string;
  readonly isFinished: number;
};

/** `_decant_batches` of one connection, which may not be there. */
export class BatchTable {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  all(): readonly BatchEntry[] {
    if (!this.#isThere()) return [];
    const sql = `SELECT migration, direction, number, definition, cursor, last, done, total, batches,
        is_finished AS isFinished, started_at AS startedAt
      FROM main._decant_batches ORDER BY migration, number`;
    const rows = this.#db.prepare(sql).safeIntegers(false).all() as Row[];
    return rows.map(({ definition, isFinished, ...same }) =>
      Object.assign(same, {
        definition: JSON.parse(definition) as WalkDefinition,
        isFinished: isFinished === 1,
      }),
    );
  }

  keep(entry: BatchEntry): void {
    this.#db.exec(TABLE);
    this.#db
      .prepare('REPLACE INTO main._decant_batches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
      .run(
        entry.migration,
        entry.direction,
        entry.number,
        JSON.stringify(entry.definition),
        entry.cursor,
        entry.last,
        entry.done,
        entry.total,
        entry.batches,
        Number(entry.isFinished),
        entry.startedAt,
      );
  }

  // Without rows it would only be something that the schema did not have before.
  forget(migration: string): void {
    if (!this.#isThere()) return;
    this.#db.prepare('DELETE FROM main._decant_batches WHERE migration = ?').run(migration);
    if (this.all().length === 0) this.#db.exec('DROP TABLE main._decant_batches');
  }

  #isThere(): boolean {
    const sql = `SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = '_decant_batches'`;
    return this.#db.prepare(sql).get() !== undefined;
  }
}
