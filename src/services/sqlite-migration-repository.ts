import { readFileSync } from 'node:fs';
import type { Statement } from 'better-sqlite3';
import type { BatchEntry } from '../domain/batches.js';
import type { Database, MigrationRecord } from '../domain/migration.js';
import { DatabaseError, NewerDatabaseError } from '../errors.js';
import { BatchTable } from './batch-table.js';
import { MigrationRepository, type AppliedFile, type JournalEntry } from './migration-repository.js';
import { explainingSqliteErrors } from './sqlite-errors.js';

/** The version of the journal's layout and meaning. Raise it when an older Decant would misread what is written. */
const JOURNAL_FORMAT = 1;

// Exactly the table that earlier programs made: nothing may be added to it.
// (SQLite stores the text without IF NOT EXISTS, which is for a second process that comes at the same time, and
// without main, which keeps out tables of that name that are attached or temporary.)
const MIGRATIONS_TABLE = `CREATE TABLE IF NOT EXISTS main._migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE NOT NULL, applied_at TEXT NOT NULL DEFAULT (datetime('now')));`;

// As few columns, and constraints on them, as can be: SQLite compiles an INSERT anew after each change of the schema,
// which is after every migration. `versions` is JSON: { format, decant, sqlite, node }.
const JOURNAL_TABLE = `
CREATE TABLE IF NOT EXISTS main._migrations_journal (
  id INTEGER PRIMARY KEY,
  run_id TEXT,
  name TEXT,
  direction TEXT,
  outcome TEXT,
  started_at TEXT,
  duration_ms REAL,
  file TEXT,
  checksum TEXT,
  error TEXT,
  versions TEXT
);
CREATE TRIGGER IF NOT EXISTS main._migrations_journal_no_update BEFORE UPDATE ON _migrations_journal
BEGIN SELECT RAISE(ABORT, '_migrations_journal is append-only'); END;
CREATE TRIGGER IF NOT EXISTS main._migrations_journal_no_delete BEFORE DELETE ON _migrations_journal
BEGIN SELECT RAISE(ABORT, '_migrations_journal is append-only'); END;`;

/** `_migrations`, `_migrations_journal` and `_decant_batches` of one better-sqlite3 connection. */
export class SqliteMigrationRepository extends MigrationRepository {
  readonly #db: Database;
  readonly #batches: BatchTable;
  readonly #statements = new Map<string, Statement>();
  #versions: string | undefined;
  #known: { readonly dataVersion: unknown; readonly names: Set<string> } | undefined;

  constructor(db: Database) {
    super();
    this.#db = db;
    this.#batches = new BatchTable(db);
  }

  override records(): readonly MigrationRecord[] {
    return explainingSqliteErrors(this.#db.name, () => {
      this.#checkFormat();
      if (!this.#hasMigrations()) return [];
      const rows = this.#prepare('SELECT id, name, applied_at FROM main._migrations ORDER BY id').all();
      return rows as MigrationRecord[];
    });
  }

  // Asked before every migration, after its predecessor has changed the schema: reading data_version is the one
  // statement that SQLite need not compile anew then, and it tells whether anybody else has written since.
  // https://sqlite.org/pragma.html#pragma_data_version
  override recordedNames(): ReadonlySet<string> {
    const dataVersion = this.#values('PRAGMA data_version').get();
    if (this.#known === undefined || this.#known.dataVersion !== dataVersion) {
      const names = this.#values('SELECT name FROM main._migrations').all() as string[];
      this.#known = { dataVersion, names: new Set(names) };
    }
    return this.#known.names;
  }

  override appliedFiles(): ReadonlyMap<string, AppliedFile> {
    if (!this.#hasJournal()) return new Map();
    // With max(), SQLite takes the other columns from the row that holds the maximum.
    // https://sqlite.org/lang_select.html#bareagg
    const rows = this.#prepare(
      `SELECT name, file, checksum FROM (
         SELECT name, file, checksum, max(id) FROM main._migrations_journal
         WHERE outcome = 'applied' AND name IN (SELECT name FROM main._migrations)
         GROUP BY name)
       WHERE checksum IS NOT NULL`,
    ).all() as (AppliedFile & { name: string })[];
    return new Map(rows.map(({ name, file, checksum }) => [name, { file, checksum }]));
  }

  override ensureTables(): void {
    this.#known = undefined; // a run begins: others may have written by this very connection
    explainingSqliteErrors(this.#db.name, () => {
      const there = [this.#hasMigrations(), this.#hasJournal()]; // both are judged before either is made
      if (there.includes(false)) this.#db.exec(MIGRATIONS_TABLE + JOURNAL_TABLE);
    });
  }

  override record(entry: JournalEntry): void {
    this.#changeRecords(entry);
    this.#prepare('INSERT INTO main._migrations_journal VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
      entry.runId,
      entry.name,
      entry.direction ?? null,
      entry.outcome,
      entry.startedAt,
      entry.durationMs,
      entry.file ?? null,
      entry.checksum ?? null,
      entry.error ?? null,
      (this.#versions ??= this.#versionsNow()),
    );
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
      this.#prepare('INSERT INTO main._migrations (name) VALUES (?)').run(name);
      this.#known?.names.add(name);
    }
    if (outcome === 'rolled-back') {
      this.#prepare('DELETE FROM main._migrations WHERE name = ?').run(name);
      this.#known?.names.delete(name);
    }
  }

  #versionsNow(): string {
    const sqlite = this.#db.prepare('SELECT sqlite_version()').pluck().get();
    return JSON.stringify({
      format: JOURNAL_FORMAT,
      decant: DECANT_VERSION,
      sqlite,
      node: process.versions.node,
    });
  }

  // Whether the table is there; what has its name and is not Decant's is nothing to write to.
  #has(table: string, needed: readonly string[]): boolean {
    const typeSql = 'SELECT type FROM main.sqlite_schema WHERE name = ? COLLATE NOCASE';
    const type = this.#values(typeSql).get(table) as string | undefined;
    if (type === undefined) return false;
    const columns = this.#values("SELECT name FROM pragma_table_info(?, 'main')").all(table) as string[];
    const lacking = needed.filter((column) => !columns.includes(column));
    if (type === 'table' && lacking.length === 0) return true;
    throw new DatabaseError(
      `${this.#db.name} has a ${table} of another kind: ${type === 'table' ? `it lacks ${lacking.join(', ')}` : `it is a ${type}`}.`,
      'Another program keeps its own records under that name; use another database, or rename it.',
    );
  }

  #hasMigrations(): boolean {
    return this.#has('_migrations', ['id', 'name', 'applied_at']);
  }

  #hasJournal(): boolean {
    return this.#has('_migrations_journal', ['name', 'outcome', 'file', 'checksum', 'versions']);
  }

  #checkFormat(): void {
    if (!this.#hasJournal()) return;
    const sql = `SELECT iif(json_valid(versions), versions, '{}') FROM main._migrations_journal ORDER BY id DESC LIMIT 1`;
    const text = this.#values(sql).get() as string | undefined;
    const last = JSON.parse(text ?? '{}') as { format?: unknown; decant?: string } | null;
    if (typeof last?.format !== 'number' || last.format <= JOURNAL_FORMAT) return;
    throw new NewerDatabaseError(
      `${this.#db.name} was last migrated by Decant ${last.decant}, which is newer than this one (${DECANT_VERSION}).`,
      `Install that version or a later one: npm install decant@${last.decant}`,
    );
  }

  #prepare(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql).safeIntegers(false);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  // A statement of one column, whose rows are its values.
  #values(sql: string): Statement {
    const known = this.#statements.get(sql);
    return known ?? this.#prepare(sql).pluck();
  }
}

const DECANT_VERSION = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
