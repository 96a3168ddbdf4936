import { readdirSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { Database as Connection } from '../../src/domain/migration.js';

/**
 * All that a database holds, as SQL sees it: its schema with root pages, every row of every table (Decant's records and
 * journal, sequences and statistics too) with rowids, types and bytes, its settings; and what lies beside it.
 */
export function dumpOf(file: string, folder: string): readonly string[] {
  const db = new Database(file, { fileMustExist: true });
  try {
    return [...partsOf(db), ...readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()].filter(
      (line) => !/-(?:wal|shm|journal)$/.test(line),
    );
  } finally {
    db.close();
  }
}

function* partsOf(db: Connection): Generator<string> {
  for (const pragma of PRAGMAS) yield `${pragma} ${String(db.pragma(pragma, { simple: true }))}`;
  const all = (sql: string): readonly string[] => db.prepare(sql).pluck().all() as string[];
  yield* all(
    `SELECT type || ' ' || name || ' ' || tbl_name || ' ' || rootpage || ' ' || quote(sql) FROM sqlite_schema`,
  );
  const tables = db
    .prepare(`SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type <> 'view' ORDER BY name`)
    .all() as { name: string; wr: number }[];
  for (const { name, wr } of tables) {
    const columns = all(`SELECT name FROM pragma_table_xinfo('${name}') ORDER BY cid`);
    const values = columns.map(
      (column) =>
        `typeof("${column}") || ' ' || quote(CAST("${column}" AS BLOB)) || ' ' || quote("${column}")`,
    );
    const row = [...(wr === 1 ? [] : ['rowid']), ...values].join(" || ', ' || ");
    yield* all(`SELECT '${name}: ' || ${row} FROM "${name}"`);
  }
}

const PRAGMAS = [
  'user_version',
  'application_id',
  'schema_version',
  'journal_mode',
  'page_size',
  'page_count',
  'auto_vacuum',
  'freelist_count',
];
