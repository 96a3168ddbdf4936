import { readFileSync } from 'node:fs';
import type { Statement } from 'better-sqlite3';
import type { Database, MigrationRecord } from '../domain/migration.js';
import { DatabaseError, NewerDatabaseError } from '../errors.js';
import { MigrationRepository, type AppliedFile, type JournalEntry } from './migration-repository.js';
import { explainingSqliteErrors } from './sqlite-errors.js';

/** The version of the journal's layout and meaning. Raise it when an older Decant would misread what is written. */
const JOURNAL_FORMAT = 1;

// Exactly the table that earlier programs made: nothing may be added to it.
// (SQLite stores the text without IF NOT EXISTS, which is there for a second process that comes at the same time.)
const MIGRATIONS_TABLE = `CREATE TABLE IF NOT EXISTS _migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE NOT NULL, applied_at TEXT NOT NULL DEFAULT (datetime('now')));`;

const JOURNAL_TABLE = `
CREATE TABLE IF NOT EXISTS _migrations_journal (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  format INTEGER NOT NULL,
  run_id TEXT NOT NULL,
  name TEXT NOT NULL,
  direction TEXT NOT NULL CHECK (direction IN ('up', 'down')),
  outcome TEXT NOT NULL CHECK (outcome IN ('applied', 'rolled-back', 'failed')),
  started_at TEXT NOT NULL,
  duration_ms REAL NOT NULL,
  file TEXT,
  checksum TEXT,
  error TEXT,
  decant_version TEXT NOT NULL,
  sqlite_version TEXT NOT NULL,
  node_version TEXT NOT NULL
);
CREATE TRIGGER IF NOT EXISTS _migrations_journal_no_update BEFORE UPDATE ON _migrations_journal
BEGIN SELECT RAISE(ABORT, '_migrations_journal is append-only'); END;
CREATE TRIGGER IF NOT EXISTS _migrations_journal_no_delete BEFORE DELETE ON _migrations_journal
BEGIN SELECT RAISE(ABORT, '_migrations_journal is append-only'); END;`;

/** `_migrations` and `_migrations_journal` of one better-sqlite3 connection. */
export class SqliteMigrationRepository extends MigrationRepository {
  readonly #db: Database;
  readonly #statements = new Map<string, Statement>();

  constructor(db: Database) {
    super();
    this.#db = db;
  }

  override records(): readonly MigrationRecord[] {
    return explainingSqliteErrors(this.#db.name, () => {
      const columns = this.#columnsOf('_migrations');
      if (columns.length === 0) return [];
      this.#checkColumns(columns);
      this.#checkFormat();
      const rows = this.#prepare('SELECT id, name, applied_at FROM _migrations ORDER BY id').all();
      return rows as MigrationRecord[];
    });
  }

  override isRecorded(name: string): boolean {
    return this.#prepare('SELECT 1 FROM _migrations WHERE name = ?').get(name) !== undefined;
  }

  override appliedFiles(): ReadonlyMap<string, AppliedFile> {
    if (this.#columnsOf('_migrations_journal').length === 0) return new Map();
    // With max(), SQLite takes the other columns from the row that holds the maximum.
    // https://sqlite.org/lang_select.html#bareagg
    const rows = this.#prepare(
      `SELECT name, file, checksum, max(id) FROM _migrations_journal
       WHERE outcome = 'applied' AND checksum IS NOT NULL AND name IN (SELECT name FROM _migrations)
       GROUP BY name`,
    ).all() as (AppliedFile & { name: string })[];
    return new Map(rows.map(({ name, file, checksum }) => [name, { file, checksum }]));
  }

  override ensureTables(): void {
    explainingSqliteErrors(this.#db.name, () => this.#db.exec(MIGRATIONS_TABLE + JOURNAL_TABLE));
  }

  override record(entry: JournalEntry): void {
    if (entry.outcome === 'applied')
      this.#prepare('INSERT INTO _migrations (name) VALUES (?)').run(entry.name);
    if (entry.outcome === 'rolled-back')
      this.#prepare('DELETE FROM _migrations WHERE name = ?').run(entry.name);
    this.#prepare(
      `INSERT INTO _migrations_journal (format, run_id, name, direction, outcome, started_at, duration_ms,
         file, checksum, error, decant_version, sqlite_version, node_version)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, sqlite_version(), ?)`,
    ).run(
      JOURNAL_FORMAT,
      entry.runId,
      entry.name,
      entry.direction,
      entry.outcome,
      entry.startedAt,
      entry.durationMs,
      entry.file ?? null,
      entry.checksum ?? null,
      entry.error ?? null,
      DECANT_VERSION,
      process.versions.node,
    );
  }

  #checkColumns(columns: readonly string[]): void {
    const lacking = ['id', 'name', 'applied_at'].filter((column) => !columns.includes(column));
    if (lacking.length === 0) return;
    throw new DatabaseError(
      `${this.#db.name} has a _migrations table of another kind: it lacks ${lacking.join(', ')}.`,
      'Another program keeps its own records in that table; use another database, or rename the table.',
    );
  }

  #checkFormat(): void {
    if (this.#columnsOf('_migrations_journal').length === 0) return;
    const sql = 'SELECT format, decant_version AS version FROM _migrations_journal ORDER BY id DESC LIMIT 1';
    const last = this.#prepare(sql).get() as { format: number; version: string } | undefined;
    if (last === undefined || last.format <= JOURNAL_FORMAT) return;
    throw new NewerDatabaseError(
      `${this.#db.name} was last migrated by Decant ${last.version}, which is newer than this one (${DECANT_VERSION}).`,
      `Install that version or a later one: npm install decant@${last.version}`,
    );
  }

  #columnsOf(table: string): readonly string[] {
    return this.#prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table) as string[];
  }

  #prepare(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql).safeIntegers(false);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

const DECANT_VERSION = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
