import type { Database } from '../domain/migration.js';
import { AlterTableError } from '../errors.js';
import { changedColumns, type Draft, type NewTable } from './rebuild-plan.js';
import { columnOf } from './table-sql.js';
import { rows, type TableState } from './table-state.js';
import { foldName, quoteName } from './tokens.js';

/** Compares what was copied with what there was. @throws AlterTableError when anything is lost. @returns how many rows */
export function verifyCopy(db: Database, old: TableState, draft: Draft, made: NewTable): number {
  const before = countOf(db, old.table.name);
  const after = countOf(db, made.name);
  if (before !== after)
    throw new AlterTableError(
      old.table.name,
      `of its ${String(before)} rows, ${String(after)} would be left.`,
      'No row may be lost on the way: look for what the new definition does with them.',
    );
  for (const column of columnsToCompare(old, draft, made)) refuseIfLossy(db, old, draft, made, column);
  return after;
}

function countOf(db: Database, table: string): number {
  return rows<{ count: number }>(db, `SELECT count(*) AS count FROM main.${quoteName(table)}`)[0]?.count ?? 0;
}

// A NULL that comes to be a rowid gets a number.
function columnsToCompare(old: TableState, draft: Draft, made: NewTable): readonly string[] {
  const names = changedColumns(old.table, draft)
    .filter(({ isSameValue }) => !isSameValue)
    .map(({ column }) => column.name);
  const key = made.rowidColumn;
  const isNewKey = key !== undefined && foldName(key) !== foldName(old.rowidColumn ?? '');
  const isOld =
    key !== undefined && columnOf(old.table, key) !== undefined && !draft.fills.has(foldName(key));
  return [...names, ...(isNewKey && isOld ? [key] : [])].filter((name) => !draft.lossy.has(foldName(name)));
}

function refuseIfLossy(db: Database, old: TableState, draft: Draft, made: NewTable, column: string): void {
  const pairing = pairingOf(old, draft, made);
  if (pairing === undefined) throw incomparable(old, column);
  const [was, is] = [`o.${quoteName(columnOf(old.table, column)?.name ?? column)}`, `n.${quoteName(column)}`];
  const from = `FROM main.${quoteName(old.table.name)} AS o LEFT JOIN main.${quoteName(made.name)} AS n ON ${pairing.on}
    WHERE ${pairing.key} IS NULL OR ${lossOf(was, is)}`;
  const { count } = rows<{ count: number }>(db, `SELECT count(*) AS count ${from}`)[0] ?? { count: 0 };
  if (count === 0) return;
  const shown = rows<{ row: string }>(
    db,
    `SELECT quote(${was}) || ' would be ' || iif(${pairing.key} IS NULL, '${NEW_NUMBER}', quote(${is})) AS row ${from} LIMIT 10`,
  );
  throw new AlterTableError(
    old.table.name,
    `${String(count)} ${count === 1 ? 'value' : 'values'} of ${column} would be altered beyond return.`,
    shown.every(({ row }) => row.endsWith(NEW_NUMBER))
      ? 'Give these rows numbers of their own first.'
      : `Correct them first, or declare it: { lossy: 'allow' }.`,
    shown.map(({ row }) => row),
  );
}

function incomparable({ table, columns, rowid }: TableState, column: string): AlterTableError {
  const isHidden = rowid.exists && rowid.name === undefined && !columns.some(({ pk }) => pk > 0);
  return new AlterTableError(
    table.name,
    `the values of ${column} cannot be compared, as ${isHidden ? 'columns have taken all names of the rowid, and there is no primary key' : 'the primary key changes in the same call'}.`,
    isHidden
      ? `Rename one of the columns rowid, _rowid_ and oid first, or declare it: { lossy: 'allow' }.`
      : 'Change the key in a call of its own.',
  );
}

const NEW_NUMBER = 'a new number';

// A new value is as good as the old one when that can be had back from it: 42 for '42', but not 7 for '007'. A cast to
// INTEGER ends at the greatest there is: 9223372036854775807 comes back from a REAL that is one more.
/** Whether a value is altered beyond return. @param was the old one, and `is` the new one, as SQL */
export function lossOf(was: string, is: string): string {
  return `CASE typeof(${was})
    WHEN 'null' THEN ${is} IS NOT NULL
    WHEN 'text' THEN CAST(${was} AS BLOB) IS NOT CAST(CAST(${is} AS TEXT) AS BLOB)
    WHEN 'blob' THEN typeof(${is}) <> 'blob' OR CAST(${was} AS BLOB) IS NOT CAST(${is} AS BLOB)
    WHEN 'integer' THEN CASE typeof(${is}) WHEN 'real' THEN ${is} IS NOT ${was} ELSE ${is} IS NULL OR CAST(${is} AS INTEGER) IS NOT ${was} END
    ELSE ${is} IS NULL OR CAST(${is} AS REAL) IS NOT ${was} END`;
}

interface Pairing {
  readonly on: string;
  /** What is never NULL where the pair was found. */
  readonly key: string;
}

// Rows keep their rowid, or the new rowid is what was a column, or they have the same primary key.
function pairingOf(old: TableState, draft: Draft, made: NewTable): Pairing | undefined {
  return pairingByRowid(old, draft, made) ?? pairingByKey(old, draft, made);
}

function pairingByRowid(old: TableState, draft: Draft, made: NewTable): Pairing | undefined {
  if (!made.rowid.exists || made.rowid.name === undefined) return undefined;
  const key = `n.${made.rowid.name}`;
  if (made.rowidColumn !== undefined)
    return isKept(old, draft, made.rowidColumn)
      ? { on: `${key} = o.${quoteName(made.rowidColumn)}`, key }
      : undefined;
  const rowid = old.rowidColumn === undefined ? old.rowid.name : quoteName(old.rowidColumn);
  return old.rowid.exists && rowid !== undefined ? { on: `${key} = o.${rowid}`, key } : undefined;
}

function pairingByKey(old: TableState, draft: Draft, made: NewTable): Pairing | undefined {
  const keys = made.columns.filter(({ pk }) => pk > 0).map(({ name }) => name);
  if (keys.length === 0 || !keys.every((name) => isKept(old, draft, name))) return undefined;
  const on = keys.map((name) => `n.${quoteName(name)} = o.${quoteName(name)}`).join(' AND ');
  return { on, key: `n.${quoteName(keys[0] ?? '')}` };
}

function isKept(old: TableState, { fills }: Draft, name: string): boolean {
  return columnOf(old.table, name) !== undefined && !fills.has(foldName(name));
}
