import type { Database } from '../domain/migration.js';
import { AlterTableError } from '../errors.js';
import { childrenOf } from './foreign-keys.js';
import { mentions } from './table-sql.js';
import { readersOf, rows, type StoredObject, type TableState } from './table-state.js';
import { foldName, isWord, quoteName, tokensOf } from './tokens.js';

/** Refuses to take a column away that something outside the table's own definition names. */
export function refuseIfNamed(db: Database, state: TableState, column: string): void {
  const users = [
    ...state.objects
      .filter((object) => namesColumn(object, column))
      .map(({ type, name }) => `${type} ${name}`),
    ...childrenNaming(db, state.table.name, column).map((child) => `a foreign key of ${child}`),
    ...readersOf(db, state.table.name)
      .filter(({ columns, rowid }) => [...columns, rowid].some((each) => foldName(each) === foldName(column)))
      .map(({ name }) => `virtual table ${name}`),
  ];
  if (users.length === 0) return;
  throw new AlterTableError(
    state.table.name,
    `the column ${column} cannot be dropped: it is named by ${users.join(', ')}.`,
    'Drop or change that first: a column that something needs is not taken away.',
  );
}

// A trigger with UPDATE OF a column that is gone is not broken, it just never fires again.
function namesColumn({ type, sql }: StoredObject, column: string): boolean {
  const tokens = tokensOf(sql);
  const on = tokens.findIndex((token) => isWord(token, 'ON'));
  if (type === 'index') return mentions(tokens.slice(on + 2), column);
  const of = tokens.findIndex((token) => isWord(token, 'OF'));
  return of !== -1 && of < on && mentions(tokens.slice(of + 1, on), column);
}

function childrenNaming(db: Database, parent: string, column: string): readonly string[] {
  return childrenOf(db, new Set([foldName(parent)])).filter(
    (child) =>
      foldName(child) !== foldName(parent) &&
      rows<{ table: string; to: string | null }>(
        db,
        `SELECT "table", "to" FROM pragma_foreign_key_list(?, 'main')`,
        child,
      ).some(
        (key) => foldName(key.table) === foldName(parent) && foldName(key.to ?? '') === foldName(column),
      ),
  );
}

/** Refuses to rename what a virtual table reads its content from by name, as FTS5 does. */
export function refuseIfRead(db: Database, table: string, column: string | undefined): void {
  const readers = readersOf(db, table).filter(
    ({ columns, rowid }) =>
      column === undefined || [...columns, rowid].some((each) => foldName(each) === foldName(column)),
  );
  if (readers.length === 0) return;
  const what = column === undefined ? 'it' : `its column ${column}`;
  throw new AlterTableError(
    table,
    `${what} cannot be renamed: the virtual table ${readers.map(({ name }) => name).join(', ')} reads its content by that name.`,
    'Drop that table, rename, and make it again.',
  );
}

/**
 * Refuses to give a column one of the names by which rows are found, where something finds them by it: it would read
 * the column from then on.
 */
export function refuseIfShadowing(db: Database, { table, rowid }: TableState, column: string): void {
  if (!rowid.exists || !/^(?:rowid|_rowid_|oid)$/i.test(column)) return;
  const readers = readersOf(db, table.name).filter((reader) => foldName(reader.rowid) === foldName(column));
  const objects = rows<{ name: string; sql: string }>(
    db,
    `SELECT type || ' ' || name AS name, sql FROM (SELECT * FROM main.sqlite_schema UNION ALL SELECT * FROM temp.sqlite_schema)
     WHERE type IN ('view', 'trigger') AND instr(lower(sql), lower(?)) > 0`,
    column,
  ).filter(({ sql }) => [column, table.name].every((name) => mentions(tokensOf(sql), name)));
  const users = [...readers.map(({ name }) => `virtual table ${name}`), ...objects.map(({ name }) => name)];
  if (users.length === 0) return;
  throw new AlterTableError(
    table.name,
    `a column ${column} would hide the rowid, which is named by ${users.join(', ')}.`,
    'Choose another name.',
  );
}

/** What cannot be compiled: views, and what a table's or view's triggers do, each with SQLite's reason. */
export type Broken = ReadonlyMap<string, string>;

/** Finds views and triggers, of the whole database and of `temp`, that name what is not there. */
export function brokenIn(db: Database): Broken {
  const broken = new Map<string, string>();
  const compile = (what: string, sql: string): void => {
    try {
      db.prepare(sql);
    } catch (error) {
      broken.set(what, (error as Error).message);
    }
  };
  const found = rows<{ schema: string; type: string; name: string; table: string; sql: string }>(
    db,
    `SELECT 'main' AS "schema", type, name, tbl_name AS "table", sql FROM main.sqlite_schema WHERE type IN ('view', 'trigger')
     UNION ALL SELECT 'temp', type, name, tbl_name, sql FROM temp.sqlite_schema WHERE type IN ('view', 'trigger')`,
  );
  for (const { schema, type, name, table, sql } of found) {
    if (type === 'view') compile(`view ${name}`, `SELECT * FROM ${schema}.${quoteName(name)}`);
    else compile(`trigger ${name}`, firing(db, sql, table));
  }
  return broken;
}

// The programs of triggers are compiled with the statement that fires them.
function firing(db: Database, sql: string, table: string): string {
  const tokens = tokensOf(sql);
  const on = tokens.findIndex((token) => isWord(token, 'ON'));
  const event = tokens.slice(0, on).find((token) => isWord(token, 'INSERT', 'UPDATE', 'DELETE'));
  const target = quoteName(table);
  if (isWord(event, 'DELETE')) return `DELETE FROM ${target}`;
  if (isWord(event, 'INSERT')) return `INSERT INTO ${target} DEFAULT VALUES`;
  const columns = rows<{ name: string; hidden: number }>(
    db,
    'SELECT name, hidden FROM pragma_table_xinfo(?)',
    table,
  ).filter(({ hidden }) => hidden === 0);
  return `UPDATE ${target} SET ${columns.map(({ name }) => `${quoteName(name)} = NULL`).join(', ')}`;
}

/** Refuses a change that has broken what was not broken before, or was so for another reason. */
export function refuseIfBroken(db: Database, table: string, before: Broken): void {
  const now = [...brokenIn(db)].filter(([what, why]) => before.get(what) !== why);
  if (now.length === 0) return;
  throw new AlterTableError(
    table,
    `it is still used as it was by ${now.map(([what, why]) => `${what} (${why})`).join(', ')}.`,
    'Drop that first, and make it anew afterwards in the form that fits.',
  );
}
