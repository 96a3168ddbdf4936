import type { Database } from '../domain/migration.js';
import { rows } from './table-state.js';
import { quoteName } from './tokens.js';

/** What is known of one operation of an applied `ReversibleMigration`. */
export interface ArchiveEntry {
  readonly id: number;
  readonly migration: string;
  /** Its place in the migration, from 0. */
  readonly operation: number;
  readonly kind: string;
  /** The table, or other object, that it is about. */
  readonly table: string;
  /** ISO 8601, UTC, with milliseconds. */
  readonly madeAt: string;
  /** When its rows were dropped by migrate:prune; null while they are there. */
  readonly prunedAt: string | null;
  readonly digest: string;
  /** JSON: what `down` must know, but for rows. */
  readonly detail: string;
  /** 1 when VACUUM has run since, which gives new rowids to tables that have no key. */
  readonly isVacuumed: 0 | 1;
}

const CATALOGUE = '_decant_archives';

// No key and no index, so that VACUUM renumbers its rows, and tells by that that it has run.
// https://sqlite.org/lang_vacuum.html
const CATALOGUE_TABLE = `CREATE TABLE main.${CATALOGUE} (
  id INTEGER,
  migration TEXT,
  operation INTEGER,
  kind TEXT,
  "table" TEXT,
  made_at TEXT,
  pruned_at TEXT,
  digest TEXT,
  detail TEXT
)`;
const FAR = 1_000_000;

/** The name of an operation's archive table. @param part tells its archives apart, where it has several */
export function archiveName(id: number, part = ''): string {
  return `_decant_archive_${String(id)}${part}`;
}

/** Whether there is a catalogue: one look, which costs next to nothing. */
function hasArchives(db: Database): boolean {
  const sql = `SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = '${CATALOGUE}'`;
  return rows(db, sql)[0] !== undefined;
}

/** Creates the catalogue where it is missing, and gives the next number that is free. */
export function nextArchive(db: Database): number {
  if (!hasArchives(db)) db.exec(CATALOGUE_TABLE);
  const sql = `SELECT coalesce(max(id), 0) + 1 AS id FROM main.${CATALOGUE}`;
  return rows<{ id: number }>(db, sql)[0]?.id ?? 1;
}

export function writeEntry(db: Database, entry: Omit<ArchiveEntry, 'isVacuumed' | 'prunedAt'>): void {
  const { id, migration, operation, kind, table, madeAt, digest, detail } = entry;
  db.prepare(
    `INSERT INTO main.${CATALOGUE} (rowid, id, migration, operation, kind, "table", made_at, digest, detail)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(id + FAR, id, migration, operation, kind, table, madeAt, digest, detail);
}

/** The entries of a migration, in the order of its operations. */
export function entriesOf(db: Database, migration: string): readonly ArchiveEntry[] {
  if (!hasArchives(db)) return [];
  const sql = `SELECT id, migration, operation, kind, "table", made_at AS madeAt, pruned_at AS prunedAt, digest, detail,
    rowid <> id + ${String(FAR)} AS isVacuumed FROM main.${CATALOGUE} WHERE migration = ? ORDER BY operation`;
  return rows<ArchiveEntry>(db, sql, migration);
}

/** Drops an operation's archives. */
export function dropArchives(db: Database, id: number): void {
  for (const name of tablesOf(db, id)) db.exec(`DROP TABLE main.${quoteName(name)}`);
}

/** Takes a migration out of the catalogue, and the catalogue away when nothing is left in it. */
export function forget(db: Database, migration: string): void {
  db.prepare(`DELETE FROM main.${CATALOGUE} WHERE migration = ?`).run(migration);
  if (rows(db, `SELECT 1 FROM main.${CATALOGUE} LIMIT 1`)[0] === undefined)
    db.exec(`DROP TABLE main.${CATALOGUE}`);
}

function tablesOf(db: Database, id: number): readonly string[] {
  const name = archiveName(id);
  const sql = `SELECT name FROM main.sqlite_schema WHERE type = 'table' AND (name = ? OR name GLOB ? || '_*')`;
  return rows<{ name: string }>(db, sql, name, name).map((row) => row.name);
}
