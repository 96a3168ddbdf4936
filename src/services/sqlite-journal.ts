import { readFileSync } from 'node:fs';
import type { HistoryEntry, HistoryOptions } from '../domain/journal.js';
import type { Database } from '../domain/migration.js';
import { NewerDatabaseError } from '../errors.js';
import type { AppliedFile, JournalEntry } from './migration-repository.js';
import type { Statements } from './statements.js';
import { whoRuns } from './who.js';

/**
 * The version of the journal's layout and meaning. Raise it when an older Decant would misread what is written, or
 * could not write: format 1 had neither `rows` nor `who`.
 */
const JOURNAL_FORMAT = 2;

/**
 * `_migrations_journal`. As few columns, and constraints on them, as can be: SQLite compiles an INSERT anew after each
 * change of the schema, which is after every migration. `versions` is JSON: { format, decant, sqlite, node }.
 */
export const JOURNAL_TABLE = `
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
  versions TEXT,
  rows INTEGER,
  who TEXT
);
CREATE TRIGGER IF NOT EXISTS main._migrations_journal_no_update BEFORE UPDATE ON _migrations_journal
BEGIN SELECT RAISE(ABORT, '_migrations_journal is append-only'); END;
CREATE TRIGGER IF NOT EXISTS main._migrations_journal_no_delete BEFORE DELETE ON _migrations_journal
BEGIN SELECT RAISE(ABORT, '_migrations_journal is append-only'); END;`;

// In the order in which they came. Each stands at the end of the table, whenever that was made.
const ADDED = { rows: 'INTEGER', who: 'TEXT' } as const;

// Without names, which would cost a third more to compile; a table that was widened has its columns in the same order.
const INSERT = 'INSERT INTO main._migrations_journal VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';

/** The journal of one connection's database. */
export class SqliteJournal {
  readonly #db: Database;
  readonly #statements: Statements;
  #writer: { readonly versions: string; readonly who: string | null } | undefined;

  constructor(db: Database, statements: Statements) {
    this.#db = db;
    this.#statements = statements;
  }

  /** @throws DatabaseError for a table of another kind */
  get isThere(): boolean {
    return this.#columns() !== undefined;
  }

  /** Gives a journal that an older Decant has made the columns that have come since. */
  widen(): void {
    const columns = this.#columns() ?? Object.keys(ADDED);
    for (const [name, type] of Object.entries(ADDED)) {
      if (!columns.includes(name))
        this.#db.exec(`ALTER TABLE main._migrations_journal ADD COLUMN ${name} ${type}`);
    }
  }

  /** @throws NewerDatabaseError when what was last written is of a later format than this one knows */
  refuseNewer(): void {
    if (!this.isThere) return;
    const sql = `SELECT iif(json_valid(versions), versions, '{}') FROM main._migrations_journal ORDER BY id DESC LIMIT 1`;
    const text = this.#statements.values(sql).get() as string | undefined;
    const last = JSON.parse(text ?? '{}') as { format?: unknown; decant?: string } | null;
    if (typeof last?.format !== 'number' || last.format <= JOURNAL_FORMAT) return;
    throw new NewerDatabaseError(
      `${this.#db.name} was last migrated by Decant ${last.decant}, which is newer than this one (${DECANT_VERSION}).`,
      `Install that version or a later one: npm install decant@${last.decant}`,
    );
  }

  /** The file that each recorded migration was last applied from. */
  appliedFiles(): ReadonlyMap<string, AppliedFile> {
    if (!this.isThere) return new Map();
    // With max(), SQLite takes the other columns from the row that holds the maximum.
    // https://sqlite.org/lang_select.html#bareagg
    const rows = this.#statements
      .rows(
        `SELECT name, file, checksum FROM (
         SELECT name, file, checksum, max(id) FROM main._migrations_journal
         WHERE outcome = 'applied' AND name IN (SELECT name FROM main._migrations)
         GROUP BY name)
       WHERE checksum IS NOT NULL`,
      )
      .all() as (AppliedFile & { name: string })[];
    return new Map(rows.map(({ name, file, checksum }) => [name, { file, checksum }]));
  }

  /** Its lines, newest first. */
  read({ limit, name }: HistoryOptions): readonly HistoryEntry[] {
    const columns = this.#columns();
    if (columns === undefined) return [];
    const added = Object.keys(ADDED).map((column) =>
      columns.includes(column) ? column : `NULL AS ${column}`,
    );
    const rows = this.#statements
      .rows(
        `SELECT run_id AS runId, name, direction, outcome, started_at AS startedAt, duration_ms AS durationMs,
         ${added.join(', ')}, file, checksum, error, iif(json_valid(versions), versions, 'null') AS versions
       FROM main._migrations_journal WHERE @name IS NULL OR name = @name ORDER BY id DESC LIMIT @limit`,
      )
      .all({ name: name ?? null, limit: limit ?? -1 }) as (Omit<HistoryEntry, 'versions'> & {
      readonly versions: string;
    })[];
    return rows.map((row) => Object.assign(row, { versions: versionsIn(row.versions) }));
  }

  /** Adds a line. */
  write(entry: JournalEntry): void {
    this.#writer ??= { versions: this.#versions(), who: whoRuns() ?? null };
    this.#statements
      .rows(INSERT)
      .run(
        entry.runId,
        entry.name,
        entry.direction ?? null,
        entry.outcome,
        entry.startedAt,
        entry.durationMs,
        entry.file ?? null,
        entry.checksum ?? null,
        entry.error ?? null,
        this.#writer.versions,
        entry.rows ?? null,
        this.#writer.who,
      );
  }

  #columns(): readonly string[] | undefined {
    const needed = ['name', 'outcome', 'file', 'checksum', 'versions'];
    return this.#statements.columns('_migrations_journal', needed);
  }

  #versions(): string {
    const sqlite = this.#db.prepare('SELECT sqlite_version()').pluck().get();
    const { node } = process.versions;
    return JSON.stringify({ format: JOURNAL_FORMAT, decant: DECANT_VERSION, sqlite, node });
  }
}

function versionsIn(json: string): HistoryEntry['versions'] {
  const value = JSON.parse(json) as Readonly<Record<string, unknown>> | null;
  if (typeof value !== 'object' || value === null) return null;
  const text = (key: string): string | null => (typeof value[key] === 'string' ? value[key] : null);
  return { decant: text('decant'), sqlite: text('sqlite'), node: text('node') };
}

const DECANT_VERSION = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
