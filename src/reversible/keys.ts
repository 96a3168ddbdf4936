import type { Database } from '../domain/migration.js';
import { ReversibleError } from '../errors.js';
import { keyPartsOf } from '../sqlite/key-parts.js';
import { rows, type TableState } from '../sqlite/table-state.js';
import { foldName, quoteName } from '../sqlite/tokens.js';
import type { Work } from './operation.js';

/** By what a parked row finds the row of the table that it came from. */
export interface Key {
  /** As SQL: quoted columns that compare as the key does, or the rowid by the name that no column has taken. */
  readonly columns: readonly string[];
  /** By which the columns are told apart; for keys that are no rowid. */
  readonly collations?: readonly string[];
  /** `rowid`: by a rowid that is no column, which VACUUM may change. */
  readonly kind: 'primary' | 'rowid';
}

/**
 * What tells the rows of a table apart: its primary key, or else the rowid.
 * @param changing a column that is to be altered, and so cannot be part of it
 */
export function keyOf(db: Database, state: TableState, changing?: string): Key {
  const primary = state.columns.filter(({ pk }) => pk > 0).toSorted((a, b) => a.pk - b.pk);
  const isKept = !primary.some(({ name }) => foldName(name) === foldName(changing ?? ''));
  const names = primary.map(({ name }) => quoteName(name));
  if (isKept && isKey(db, state, names)) return primaryKeyOf(db, state, names);
  const hidden = hiddenRowidOf(state);
  if (hidden !== null) return { columns: [hidden], kind: 'rowid' };
  throw isKept
    ? new ReversibleError(
        state.table.name,
        'its rows cannot be told apart: columns have taken all names of the rowid, and there is no primary key',
        BY_HAND,
      )
    : undistinguished(state.table.name, `${String(changing)} is`);
}

/** @param subject a column, and its verb */
export function undistinguished(table: string, subject: string): ReversibleError {
  return new ReversibleError(table, `${subject} what tells its rows apart`, BY_HAND);
}

const BY_HAND = 'Use execute({ up, down }), and write the way back by hand.';

/** By what the values of a column are parked; null for one that is computed: it has none of its own. */
export function keyOfValues(db: Database, state: TableState, column: string): Key | null {
  const isComputed = state.columns.some(({ name, isGenerated }) => name === column && isGenerated);
  return isComputed ? null : keyOf(db, state, column);
}

function primaryKeyOf(db: Database, { table }: TableState, names: readonly string[]): Key {
  const parts = keyPartsOf(db, table.name);
  if (parts.length === 0) return { columns: names, kind: 'primary' };
  const collations = parts.map(({ collation }) => collation);
  return { columns: parts.map(({ sql }) => sql), collations, kind: 'primary' };
}

function isKey(db: Database, { table, rowid, rowidColumn }: TableState, names: readonly string[]): boolean {
  if (names.length === 0) return false;
  return rowidColumn !== undefined || !rowid.exists || !hasNull(db, table.name, names);
}

// A primary key that is not the rowid may hold NULL, by an old mistake. https://sqlite.org/quirks.html
function hasNull(db: Database, table: string, names: readonly string[]): boolean {
  const where = names.map((name) => `${name} IS NULL`).join(' OR ');
  return rows(db, `SELECT 1 FROM main.${quoteName(table)} WHERE ${where} LIMIT 1`)[0] !== undefined;
}

/** The name of a rowid that is no column, where rows have one that can be got at. */
export function hiddenRowidOf({ rowid, rowidColumn }: TableState): string | null {
  return rowidColumn === undefined && rowid.exists ? (rowid.name ?? null) : null;
}

/** @throws ReversibleError when rows have been given a key with NULL in it, by which none can be found again */
export function refuseNullKeys({ connection, archive }: Work, table: string, key: Key, part = ''): void {
  if (!hasNull(connection, archive(part), parkedAs('k', key.columns.length))) return;
  throw new ReversibleError(
    table,
    'a row would have NULL in its primary key, and could not be told apart from others',
    'Give it another key, or use execute({ up, down }).',
  );
}

/** Archive columns of one sort: `_decant_k0, _decant_k1` for keys. No user's column is called so. */
export function parkedAs(sort: 'k' | 'o' | 'n', count: number): readonly string[] {
  return Array.from({ length: count }, (_each, at) => `_decant_${sort}${String(at)}`);
}

/** What is parked of some rows of a table. */
export interface ParkedRows {
  readonly key: Key;
  /** The columns that are parked, quoted. */
  readonly columns: readonly string[];
}

/** The columns that hold a value of their own, quoted. */
export function storedColumns({ columns }: TableState): readonly string[] {
  return columns.filter(({ isGenerated }) => !isGenerated).map(({ name }) => quoteName(name));
}

/** The archive `a` beside the table `t`. The index that is used is that of the table. */
export function rowOf({ columns }: Key): string {
  return columns.map((column, at) => `t.${column} = a._decant_k${String(at)}`).join(' AND ');
}

/** The same for the index of the archive: without the column's affinity, which would keep it from being used. */
export function parkedRowOf({ columns }: Key): string {
  return columns.map((column, at) => `a._decant_k${String(at)} = +t.${column}`).join(' AND ');
}

/** Whether two values are the same to the last bit, with their types: '1' is not 1, and 'a' is not 'A'. */
export function same(one: string, other: string): string {
  return `(typeof(${one}) = typeof(${other}) AND ${one} IS ${other} COLLATE BINARY
    AND (typeof(${one}) <> 'real' OR ${one} <> 0 OR quote(${one}) = quote(${other})))`;
}

/** @throws ReversibleError when VACUUM has run since, and the rows have no other key than one that it changes */
export function refuseVacuumed({ isVacuumed }: Work, table: string, { kind }: Key): void {
  if (!isVacuumed || kind === 'primary') return;
  throw new ReversibleError(
    table,
    'VACUUM has run since, which gives new rowids to the rows of a table without a primary key: they can no longer be told apart',
    'Restore a backup, or write a new migration.',
  );
}

/** Writes rows. @returns false when a key of one is taken; what else refuses a row is thrown on */
export function isFree(write: () => void): boolean {
  try {
    write();
    return true;
  } catch (error) {
    if (TAKEN.test(String((error as Partial<Record<'code', unknown>>).code))) return false;
    throw error;
  }
}

// https://sqlite.org/rescode.html#constraint_unique
const TAKEN = /^SQLITE_CONSTRAINT_(?:UNIQUE|PRIMARYKEY|ROWID)$/;

export function countOf(db: Database, from: string): number {
  return rows<{ count: number }>(db, `SELECT count(*) AS count FROM ${from}`)[0]?.count ?? 0;
}
