import type { BatchEntry } from '../domain/batches.js';
import type { HistoryEntry, HistoryOptions } from '../domain/journal.js';
import type { Database, MigrationRecord } from '../domain/migration.js';
import { BatchTable } from './batch-table.js';
import { MigrationRepository, type AppliedFile, type JournalEntry } from './migration-repository.js';
import { explainingSqliteErrors } from './sqlite-errors.js';
import { JOURNAL_TABLE, SqliteJournal } from './sqlite-journal.js';
import { Statements } from './statements.js';

// Exactly the table that earlier programs made: nothing may be added to it.
// (SQLite stores the text without IF NOT EXISTS, which is for a second process that comes at the same time, and
// without main, which keeps out tables of that name that are attached or temporary.)
const MIGRATIONS_TABLE = `CREATE TABLE IF NOT EXISTS main._migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE NOT NULL, applied_at TEXT NOT NULL DEFAULT (datetime('now')));`;

/** `_migrations`, `_migrations_journal` and `_decant_batches` of one better-sqlite3 connection. */
export class SqliteMigrationRepository extends MigrationRepository {
  readonly #db: Database;
  readonly #batches: BatchTable;
  readonly #statements: Statements;
  readonly #journal: SqliteJournal;
  #known: { readonly dataVersion: unknown; readonly names: Set<string> } | undefined;

  constructor(db: Database) {
    super();
    this.#db = db;
    this.#statements = new Statements(db);
    this.#journal = new SqliteJournal(db, this.#statements);
    this.#batches = new BatchTable(db);
  }

  override records(): readonly MigrationRecord[] {
    return explainingSqliteErrors(this.#db.name, () => {
      this.#journal.refuseNewer();
      if (!this.#hasMigrations) return [];
      const rows = this.#statements
        .rows('SELECT id, name, applied_at FROM main._migrations ORDER BY id')
        .all();
      return rows as MigrationRecord[];
    });
  }

  // Asked before every migration, after its predecessor has changed the schema: reading data_version is the one
  // statement that SQLite need not compile anew then, and it tells whether anybody else has written since.
  // https://sqlite.org/pragma.html#pragma_data_version
  override recordedNames(): ReadonlySet<string> {
    const dataVersion = this.#statements.values('PRAGMA data_version').get();
    if (this.#known === undefined || this.#known.dataVersion !== dataVersion) {
      const names = this.#statements.values('SELECT name FROM main._migrations').all() as string[];
      this.#known = { dataVersion, names: new Set(names) };
    }
    return this.#known.names;
  }

  override appliedFiles(): ReadonlyMap<string, AppliedFile> {
    return this.#journal.appliedFiles();
  }

  override history(options: HistoryOptions = {}): readonly HistoryEntry[] {
    return explainingSqliteErrors(this.#db.name, () => {
      this.#journal.refuseNewer();
      return this.#journal.read(options);
    });
  }

  override ensureTables(): void {
    this.#known = undefined; // a run begins: others may have written by this very connection
    explainingSqliteErrors(this.#db.name, () => {
      const there = [this.#hasMigrations, this.#journal.isThere]; // both are judged before either is made
      if (there.includes(false)) this.#db.exec(MIGRATIONS_TABLE + JOURNAL_TABLE);
      this.#journal.widen();
    });
  }

  override record(entry: JournalEntry): void {
    this.#changeRecords(entry);
    this.#journal.write(entry);
  }

  override batches(): readonly BatchEntry[] {
    return explainingSqliteErrors(this.#db.name, () => this.#batches.all());
  }

  override keepBatch(entry: BatchEntry): void {
    this.#batches.keep(entry);
  }

  override forgetBatches(migration: string): void {
    this.#batches.forget(migration);
  }

  // What is known is kept in step by hand: a connection's own writes leave its data_version as it is.
  #changeRecords({ name, outcome }: JournalEntry): void {
    if (outcome === 'applied') {
      this.#statements.rows('INSERT INTO main._migrations (name) VALUES (?)').run(name);
      this.#known?.names.add(name);
    }
    if (outcome === 'rolled-back') {
      this.#statements.rows('DELETE FROM main._migrations WHERE name = ?').run(name);
      this.#known?.names.delete(name);
    }
  }

  get #hasMigrations(): boolean {
    return this.#statements.columns('_migrations', ['id', 'name', 'applied_at']) !== undefined;
  }
}
