import type { Database } from '../domain/migration.js';
import type { Mismatch, Violation } from '../errors.js';
import { rowidNameOf } from './table-state.js';
import { foldName, quoteName } from './tokens.js';

/** All that is wrong with the foreign keys of a database, or of some of its tables. */
export interface ForeignKeyState {
  readonly violations: readonly Violation[];
  readonly mismatches: readonly Mismatch[];
}

/**
 * Looks for what violates a foreign key, whether or not SQLite enforces them.
 * @param tables only these, which are children; all, when it is left out
 * @see https://sqlite.org/pragma.html#pragma_foreign_key_check
 */
export function foreignKeyState(db: Database, tables?: readonly string[]): ForeignKeyState {
  if (tables !== undefined) return stateOf(db, tables);
  try {
    return {
      violations: describe(db, rowsOf<FoundRow>(db, 'PRAGMA main.foreign_key_check')),
      mismatches: [],
    };
  } catch (error) {
    if (!isMismatch(error)) throw error;
    return stateOf(db, childrenOf(db)); // one table that cannot be checked keeps SQLite from checking the others
  }
}

/** A phrase for each key that is violated, with the number of its rows, and one for each that cannot be checked. */
export function troubleText({ violations, mismatches }: ForeignKeyState): readonly string[] {
  const counts = new Map<string, number>();
  for (const { table, columns, parent } of violations) {
    const key = `of ${table} (${columns.join(', ')}) without a row of ${parent}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const keys = Array.from(counts, ([key, count]) => `${count} ${count === 1 ? 'row' : 'rows'} ${key}`);
  return [...mismatches.map(({ message }) => message), ...keys];
}

/** Every table that has a foreign key; of those that refer to one of `parents`, when these are given. */
export function childrenOf(db: Database, parents?: ReadonlySet<string>): readonly string[] {
  const sql = `SELECT DISTINCT child.name, fk."table" FROM main.sqlite_schema AS child, pragma_foreign_key_list(child.name, 'main') AS fk
    WHERE child.type = 'table'`;
  const pairs = rowsOf<[child: string, parent: string]>(db, sql);
  const chosen = pairs.filter(([, parent]) => parents === undefined || parents.has(foldName(parent)));
  return [...new Set(chosen.map(([child]) => child))];
}

/** Whether one of these columns of a table refers to a parent, or is what its children refer to. */
export function areInKeys(db: Database, table: string, columns: readonly string[]): boolean {
  const sql = `SELECT child.name, fk."from", fk."table", fk."to" FROM main.sqlite_schema AS child, pragma_foreign_key_list(child.name, 'main') AS fk
    WHERE child.type = 'table' AND ? COLLATE NOCASE IN (child.name, fk."table")`;
  const set = new Set(columns.map(foldName));
  const isSet = (owner: string, column: string | null): boolean =>
    foldName(owner) === foldName(table) && column !== null && set.has(foldName(column));
  const keys = db.prepare(sql).raw().all(table) as [string, string, string, string | null][];
  return keys.some(([child, from, parent, to]) => isSet(child, from) || isSet(parent, to));
}

/** Whether a table has foreign keys, or others have some that refer to it. */
export function hasKeys(db: Database, table: string): boolean {
  const sql = `SELECT 1 FROM main.sqlite_schema AS child, pragma_foreign_key_list(child.name, 'main') AS fk
    WHERE child.type = 'table' AND ? COLLATE NOCASE IN (child.name, fk."table") LIMIT 1`;
  return db.prepare(sql).get(table) !== undefined;
}

/**
 * What is wrong after a change and was not before. Rows are told apart by what they refer to, not by their rowids,
 * which a change may have moved.
 * @param originOf the name that a table had before
 */
export function newTrouble(
  before: ForeignKeyState,
  after: ForeignKeyState,
  originOf: (table: string) => string,
): ForeignKeyState {
  const left = new Map<string, number>();
  for (const violation of before.violations) {
    const key = keyOf(violation, foldName);
    left.set(key, (left.get(key) ?? 0) + 1);
  }
  const broken = new Set(before.mismatches.map(({ table }) => foldName(table)));
  return {
    violations: after.violations.filter((violation) => {
      const key = keyOf(violation, originOf);
      const count = left.get(key) ?? 0;
      left.set(key, count - 1);
      return count <= 0;
    }),
    mismatches: after.mismatches.filter(({ table }) => !broken.has(originOf(table))),
  };
}

/**
 * Tells violations apart. Not by the columns' names, nor by the types of their values: a column may have been renamed, and
 * given another type.
 */
export function keyOf({ table, parent, values }: Violation, originOf: (table: string) => string): string {
  return JSON.stringify([originOf(table), originOf(parent), values.replaceAll(/'|\.0(?=, |$)/g, '')]);
}

function stateOf(db: Database, tables: readonly string[]): ForeignKeyState {
  const rows: FoundRow[] = [];
  const mismatches: Mismatch[] = [];
  for (const table of tables) {
    try {
      rows.push(...rowsOf<FoundRow>(db, `PRAGMA main.foreign_key_check(${quoteName(table)})`));
    } catch (error) {
      if (!isMismatch(error)) throw error;
      mismatches.push({ table, message: error.message });
    }
  }
  return { violations: describe(db, rows), mismatches };
}

function isMismatch(error: unknown): error is Error {
  return String((error as Error | undefined)?.message).startsWith('foreign key mismatch');
}

/** One foreign key of a child table. */
interface ForeignKey {
  readonly table: string;
  readonly parent: string;
  readonly from: readonly string[];
  /** Null where the definition leaves them out: then the parent's primary key is meant. */
  readonly to: readonly (string | null)[];
}

/** What the pragma tells. */
type FoundRow = [table: string, rowid: bigint | null, parent: string, foreignKey: bigint];

function describe(db: Database, rows: readonly FoundRow[]): readonly Violation[] {
  const groups = new Map<string, { key: ForeignKey; rowids: unknown[] }>();
  // SQLite goes through the tables in an order that means nothing.
  for (const [table, rowid, , id] of rows.toSorted(([a], [b]) => Number(a > b) - Number(a < b))) {
    const name = JSON.stringify([table, String(id)]);
    const group = groups.get(name) ?? { key: foreignKeyOf(db, table, id), rowids: [] };
    group.rowids.push(rowid);
    groups.set(name, group);
  }
  return [...groups.values()].flatMap(({ key, rowids }) => {
    const rowid = rowidNameOf(columnsOf(db, key.table));
    const known = rowids[0] !== null && rowid !== undefined;
    return known ? byRowid(db, key, rowids, rowid) : bySearch(db, key);
  });
}

function foreignKeyOf(db: Database, table: string, id: bigint): ForeignKey {
  const sql = `SELECT "table", "from", "to" FROM pragma_foreign_key_list(?, 'main') WHERE id = ? ORDER BY seq`;
  const parts = db.prepare(sql).raw().all(table, id) as [string, string, string | null][];
  return {
    table,
    parent: parts[0]?.[0] ?? '',
    from: parts.map(([, from]) => from),
    to: parts.map(([, , to]) => to),
  };
}

function byRowid(
  db: Database,
  { table, parent, from }: ForeignKey,
  rowids: readonly unknown[],
  rowid: string,
): readonly Violation[] {
  const select = db
    .prepare(`SELECT ${literals(from)} FROM main.${quoteName(table)} WHERE ${rowid} = ?`)
    .pluck();
  return rowids.map((id) => ({
    table,
    row: `rowid ${String(id)}`,
    columns: from,
    values: String(select.get(id)),
    parent,
  }));
}

// The pragma does not tell which rows of a table WITHOUT ROWID it means, so they are looked for.
function bySearch(db: Database, { table, parent, from, to }: ForeignKey): readonly Violation[] {
  const primaryKey = columnsOf(db, table).filter(({ pk }) => pk > 0);
  const named = to.every((column) => column !== null) ? to : primaryKeyOf(db, parent);
  const matches = from.map((column, i) => `p.${quoteName(named[i] ?? '')} = c.${quoteName(column)}`);
  const isThere = columnsOf(db, parent).length > 0;
  const orphaned = isThere
    ? `AND NOT EXISTS (SELECT 1 FROM main.${quoteName(parent)} AS p WHERE ${matches.join(' AND ')})`
    : '';
  const sql = `SELECT ${literals(primaryKey.map(({ name }) => name))}, ${literals(from)} FROM main.${quoteName(table)} AS c
    WHERE ${from.map((column) => `c.${quoteName(column)} IS NOT NULL`).join(' AND ')} ${orphaned}`;
  return rowsOf<[string, string]>(db, sql).map(([key, values]) => ({
    table,
    row: `primary key ${key}`,
    columns: from,
    values,
    parent,
  }));
}

interface Column {
  readonly name: string;
  readonly pk: number;
}

function columnsOf(db: Database, table: string): readonly Column[] {
  const sql = `SELECT name, pk FROM pragma_table_xinfo(?, 'main') ORDER BY pk`;
  return db.prepare(sql).safeIntegers(false).all(table) as Column[];
}

function primaryKeyOf(db: Database, table: string): readonly string[] {
  return columnsOf(db, table)
    .filter(({ pk }) => pk > 0)
    .map(({ name }) => name);
}

function literals(columns: readonly string[]): string {
  return columns.length === 0
    ? "''"
    : columns.map((each) => `quote(${quoteName(each)})`).join(" || ', ' || ");
}

function rowsOf<Row>(db: Database, sql: string): Row[] {
  return db.prepare(sql).raw().safeIntegers(true).all() as Row[];
}
