import { dirname } from 'node:path';
import type { Database } from '../domain/migration.js';
import { freeSpace, requireSpace } from './free-space.js';
import { rows } from './table-state.js';

/**
 * Refuses a rebuild for which the disk has not the room: it writes the table and its indexes once more, and, until
 * the checkpoint, into the WAL as well.
 * @throws DiskSpaceError
 */
export function requireRebuildSpace(db: Database, table: string): void {
  if (db.memory) return;
  const folder = dirname(db.name);
  // To add up a table's pages takes time; that of the whole file is known.
  const file = number(db, 'SELECT page_count * page_size AS value FROM pragma_page_count, pragma_page_size');
  if (freeSpace(folder) >= 3 * file) return;
  const hint = `Make room on the disk of ${db.name}, and run again.`;
  requireSpace(folder, 2 * sizeOf(db, table, file), `A rebuild of ${table}`, hint);
}

// A SQLite without DBSTAT cannot tell: then it may be the whole file.
function sizeOf(db: Database, table: string, file: number): number {
  const sql = `SELECT sum(pgsize) AS value FROM dbstat('main', 1)
    WHERE name IN (SELECT name FROM main.sqlite_schema WHERE tbl_name = ? COLLATE NOCASE)`;
  try {
    return number(db, sql, table);
  } catch {
    return file;
  }
}

function number(db: Database, sql: string, ...parameters: readonly string[]): number {
  return rows<{ value: number | null }>(db, sql, ...parameters)[0]?.value ?? 0;
}
