import type { Database } from '../domain/migration.js';
import { rows } from './table-state.js';

/** AUTOINCREMENT's high-water mark, as text, since it may be beyond 2^53; null where there is none. */
export type Mark = string | null;

export function markOf(db: Database, table: string): Mark {
  if (!hasSequence(db)) return null;
  const sql = 'SELECT CAST(seq AS TEXT) AS seq FROM main.sqlite_sequence WHERE name = ? COLLATE NOCASE';
  return rows<{ seq: string }>(db, sql, table)[0]?.seq ?? null;
}

/** Puts a mark back, unless it has been moved since. */
export function putBackMark(db: Database, table: string, before: Mark, after: Mark): void {
  if (before === after || markOf(db, table) !== after) return;
  setMark(db, table, before);
}

// The table of marks has no key: https://sqlite.org/autoinc.html
export function setMark(db: Database, table: string, mark: Mark): void {
  if (!hasSequence(db)) return;
  const where = 'WHERE name = ? COLLATE NOCASE';
  if (mark === null) return void db.prepare(`DELETE FROM main.sqlite_sequence ${where}`).run(table);
  const update = `UPDATE main.sqlite_sequence SET seq = CAST(? AS INTEGER) ${where}`;
  if (db.prepare(update).run(mark, table).changes > 0) return;
  db.prepare('INSERT INTO main.sqlite_sequence (name, seq) VALUES (?, CAST(? AS INTEGER))').run(table, mark);
}

function hasSequence(db: Database): boolean {
  return rows(db, "SELECT 1 FROM main.sqlite_schema WHERE name = 'sqlite_sequence'")[0] !== undefined;
}
