import type { MigrationArchive } from '../domain/archive.js';
import type { Database } from '../domain/migration.js';

// migrate:status loads this file: it imports nothing, least of all what reads SQL.

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
  for (const name of tablesOf(db, id)) db.exec(`DROP TABLE main.${name}`);
}

/** How many rows an operation has parked. */
export function parkedRows(db: Database, id: number): number {
  const counts = tablesOf(db, id).map((name) =>
    rows<{ n: number }>(db, `SELECT count(*) AS n FROM main.${name}`),
  );
  return counts.reduce((sum, [count]) => sum + (count?.n ?? 0), 0);
}

/** Takes a migration out of the catalogue, and the catalogue away when nothing is left in it. */
export function forget(db: Database, migration: string): void {
  db.prepare(`DELETE FROM main.${CATALOGUE} WHERE migration = ?`).run(migration);
  if (rows(db, `SELECT 1 FROM main.${CATALOGUE} LIMIT 1`)[0] === undefined)
    db.exec(`DROP TABLE main.${CATALOGUE}`);
}

/** What is parked, by migration, in the order in which they were applied. What ANALYZE had found out alone is nothing. */
export function archivesIn(db: Database): readonly MigrationArchive[] {
  if (!hasArchives(db)) return [];
  const sql = `SELECT c.migration AS name, min(c.made_at) AS madeAt, count(*) AS tables, BYTES AS bytes
    FROM main.${CATALOGUE} AS c JOIN main.sqlite_schema AS s ON s.type = 'table' AND (${isOf('c.id')})
    GROUP BY c.migration HAVING sum(s.name NOT GLOB '*_stat[14]') > 0 ORDER BY min(c.id)`;
  try {
    return rows(
      db,
      sql.replace('BYTES', `sum((SELECT sum(pgsize) FROM dbstat('main', 1) WHERE name = s.name))`),
    );
  } catch {
    return rows(db, sql.replace('BYTES', 'NULL')); // a SQLite without DBSTAT
  }
}

/** When the archives of migrations were pruned, by name. */
export function prunedIn(db: Database): ReadonlyMap<string, string> {
  if (!hasArchives(db)) return new Map();
  const sql = `SELECT migration, pruned_at AS at FROM main.${CATALOGUE} WHERE pruned_at IS NOT NULL`;
  return new Map(
    rows<{ migration: string; at: string }>(db, sql).map(({ migration, at }) => [migration, at]),
  );
}

/** Drops the archives of a migration, and notes it where rows were in them: it cannot be rolled back any more. */
export function pruneArchives(db: Database, migration: string, at: string): void {
  const note = db.prepare(`UPDATE main.${CATALOGUE} SET pruned_at = ? WHERE id = ?`);
  for (const { id } of entriesOf(db, migration)) {
    // What ANALYZE had found out is no loss.
    if (tablesOf(db, id).some((name) => !/_stat\d$/.test(name))) note.run(at, id);
    dropArchives(db, id);
  }
}

function tablesOf(db: Database, id: number): readonly string[] {
  const sql = `SELECT s.name FROM main.sqlite_schema AS s WHERE s.type = 'table' AND (${isOf('?')})`;
  return rows<{ name: string }>(db, sql, String(id), String(id)).map(({ name }) => name);
}

function isOf(id: string): string {
  return `s.name = '_decant_archive_' || ${id} OR s.name GLOB '_decant_archive_' || ${id} || '_*'`;
}

function rows<Row>(db: Database, sql: string, ...parameters: readonly unknown[]): Row[] {
  return db
    .prepare(sql)
    .safeIntegers(false)
    .all(...parameters) as Row[];
}
