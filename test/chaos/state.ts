import { createHash } from 'node:crypto';
import Database from 'better-sqlite3';

/** All that a migration could change or lose, as a print for each part, so that a difference tells where it is. */
export type State = Readonly<Record<string, string>>;

/**
 * The state of a database, which is what SQLite recovers if a process was killed at it. Left out is what Decant notes
 * of failures, which changes nothing, and times.
 * @throws Error when the database is damaged
 */
export function stateOf(file: string): State {
  const db = new Database(file, { fileMustExist: true });
  try {
    refuseDamage(db);
    return Object.fromEntries(partsOf(db));
  } finally {
    db.close();
  }
}

/** The names of the parts in which two states differ. */
export function differences(one: State, other: State): readonly string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].filter((name) => one[name] !== other[name]);
}

function refuseDamage(db: Database.Database): void {
  const found = JSON.stringify(db.pragma('integrity_check'));
  if (found !== '[{"integrity_check":"ok"}]') throw new Error(`integrity_check: ${found}`);
  // integrity_check takes an index that is out of step with its table for a good one.
  // https://sqlite.org/fts5.html#the_integrity_check_command
  const indexes = db
    .prepare("SELECT name FROM sqlite_schema WHERE sql LIKE 'CREATE VIRTUAL TABLE%USING fts5%'")
    .pluck()
    .all() as string[];
  for (const name of indexes) {
    db.exec(`BEGIN; INSERT INTO "${name}" ("${name}", rank) VALUES ('integrity-check', 1); ROLLBACK`);
  }
}

function* partsOf(db: Database.Database): Generator<[part: string, print: string]> {
  const rows = (sql: string): unknown[] => db.prepare(sql).raw().all();
  for (const pragma of ['user_version', 'journal_mode', 'page_size', 'auto_vacuum', 'encoding']) {
    yield [pragma, String(db.pragma(pragma, { simple: true }))];
  }
  yield [
    'schema',
    printOf(rows(`SELECT * FROM sqlite_schema WHERE ${OURS} ORDER BY type, name`).map(withoutPage)),
  ];
  yield [
    'foreign_key_check',
    printOf(rows(`SELECT "table", parent, fkid, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2, 3`)),
  ];
  yield ['sequences', JSON.stringify(rows(`SELECT * FROM sqlite_sequence WHERE ${OURS} ORDER BY name`))];
  yield ['statistics', JSON.stringify(rows('SELECT * FROM sqlite_stat1 ORDER BY 1, 2, 3'))];
  const tables =
    rows(`SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND ${OURS}
    AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name`) as [name: string, withoutRowid: number][];
  for (const [name, withoutRowid] of tables) yield [`rows of ${name}`, contentOf(db, name, withoutRowid)];
  yield ['records', records(db, 'SELECT name FROM _migrations ORDER BY id')];
  yield [
    'journal',
    records(
      db,
      "SELECT name, direction, outcome FROM _migrations_journal WHERE outcome <> 'failed' ORDER BY id",
    ),
  ];
}

const OURS =
  "name NOT LIKE '\\_migrations%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_autoindex\\_\\_migrations%' ESCAPE '\\'";

const withoutPage = (row: unknown): unknown => (row as unknown[]).toSpliced(3, 1);

function contentOf(db: Database.Database, table: string, withoutRowid: number): string {
  const columns = db
    .prepare('SELECT name FROM pragma_table_xinfo(?) ORDER BY cid')
    .pluck()
    .all(table) as string[];
  const names = columns.map((column) => `"${column.replaceAll('"', '""')}"`);
  return printOfRows(db, table, withoutRowid === 1 ? names : ['rowid', ...names], '1');
}

/**
 * How many rows a table has, and a print of these columns: by types and bytes, as JavaScript values would look alike.
 * @param order what the rows are sorted by
 */
export function printOfRows(
  db: Database.Database,
  table: string,
  columns: readonly string[],
  order: string,
): string {
  const values = columns.map(
    (name) =>
      `CASE typeof(${name}) WHEN 'text' THEN 't' || hex(CAST(${name} AS BLOB)) ELSE quote(${name}) END`,
  );
  const hash = createHash('sha256');
  let count = 0;
  const query = db.prepare(`SELECT ${values.join(" || ',' || ")} FROM "${table}" ORDER BY ${order}`).pluck();
  for (const row of query.iterate()) {
    hash.update(`${row as string}\n`);
    count += 1;
  }
  return `${count} rows ${hash.digest('hex')}`;
}

// Before the first run there is no such table, which is the same as an empty one.
function records(db: Database.Database, sql: string): string {
  try {
    return JSON.stringify(db.prepare(sql).raw().all());
  } catch (error) {
    if ((error as Error).message.startsWith('no such table')) return '[]';
    throw error;
  }
}

function printOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
