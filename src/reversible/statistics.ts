import type { Database } from '../domain/migration.js';
import { rows } from '../sqlite/table-state.js';
import type { Work } from './operation.js';

/** The tables that ANALYZE fills, and their columns. https://sqlite.org/fileformat2.html#stat1tab */
const STATISTICS: Readonly<Record<string, readonly string[]>> = {
  sqlite_stat1: ['tbl', 'idx', 'stat'],
  sqlite_stat4: ['tbl', 'idx', 'neq', 'nlt', 'ndlt', 'sample'],
};

/** Parks what is known of a table: SQLite forgets it with the table, or with an index. */
export function parkStatistics(work: Work, table: string): void {
  const { connection, archive } = work;
  for (const [name, columns] of Object.entries(STATISTICS)) {
    const where = 'WHERE tbl = ? COLLATE NOCASE';
    if (!has(connection, name)) continue;
    if (rows(connection, `SELECT 1 FROM main.${name} ${where} LIMIT 1`, table)[0] === undefined) continue;
    work.park(columns, 0, partOf(name));
    const sql = `INSERT INTO main.${archive(partOf(name))} SELECT ${columns.join(', ')} FROM main.${name} ${where}`;
    connection.prepare(sql).run(table);
  }
}

/** Puts it back, where ANALYZE has not found out anew since. */
export function putBackStatistics({ connection, archive }: Work): void {
  const found = Object.entries(STATISTICS).filter(
    ([name]) => has(connection, name) && has(connection, archive(partOf(name))),
  );
  for (const [name, columns] of found) {
    const known = `SELECT 1 FROM main.${name} AS s WHERE s.tbl = a.tbl AND s.idx IS a.idx`;
    connection.exec(`INSERT INTO main.${name} (${columns.join(', ')})
      SELECT ${columns.join(', ')} FROM main.${archive(partOf(name))} AS a WHERE NOT EXISTS (${known})`);
  }
  if (found.length > 0) connection.exec('ANALYZE sqlite_schema');
}

function partOf(name: string): string {
  return name.replace('sqlite', '');
}

function has(db: Database, table: string): boolean {
  return (
    rows(db, `SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ?`, table)[0] !== undefined
  );
}
