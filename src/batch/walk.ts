import type { Database } from '../domain/migration.js';
import { BatchError } from '../errors.js';
import { keyPartsOf } from '../sqlite/key-parts.js';
import { shapeOf, type TableState } from '../sqlite/table-state.js';
import { foldName, quoteName } from '../sqlite/tokens.js';
import { isUserTable } from '../sqlite/user-tables.js';

/** The order in which the rows of a table are gone through. */
export interface Walk {
  readonly table: string;
  /** The table, as SQL. */
  readonly from: string;
  /** What orders the rows and tells them apart, as SQL. */
  readonly key: readonly string[];
  readonly columns: TableState['columns'];
  /** Columns, folded, that must stay as they are: by them rows are found again. */
  readonly fixed: ReadonlySet<string>;
  /** The name of the rowid where no column is it and it can be got at. */
  readonly rowid: string | undefined;
  /** Whether `key` is the rowid, by whatever name. */
  readonly isByRowid: boolean;
}

/**
 * How to go through a table.
 * @param lasts `'beyond the transaction'`: only by what a VACUUM leaves as it is
 * @throws BatchError when there is no such table, or no way through it
 * @see https://sqlite.org/lang_createtable.html#rowid
 */
export function walkOf(db: Database, table: string, lasts: Lasts): Walk {
  if (!isUserTable(db, table)) throw noTable(db, table);
  const shape = shapeOf(db, table);
  const { columns, rowid, rowidColumn } = shape;
  const hidden = rowid.exists && rowidColumn === undefined ? rowid.name : undefined;
  const from = `main.${quoteName(table)}`;
  const common = { table, from, columns, fixed: fixedOf(columns), rowid: hidden };
  const byRowid = rowidColumn === undefined ? nameFor(lasts, hidden) : quoteName(rowidColumn);
  if (byRowid !== undefined) return { ...common, key: [byRowid], isByRowid: true };
  const key = keyPartsOf(db, table).map(({ sql }) => sql);
  if (key.length === 0) throw noWay(table, lasts);
  if (rowid.exists) refuseNull(db, common.from, table, key);
  return { ...common, key, isByRowid: false };
}

type Lasts = 'within it' | 'beyond the transaction';

// https://sqlite.org/lang_vacuum.html#how_vacuum_works
function nameFor(lasts: Lasts, rowid: string | undefined): string | undefined {
  return lasts === 'within it' ? rowid : undefined;
}

// Its key, and the rowid by those of its names that no column has taken.
function fixedOf(columns: TableState['columns']): ReadonlySet<string> {
  const names = new Set(['rowid', '_rowid_', 'oid']);
  for (const { name, pk } of columns) {
    if (pk > 0) names.add(foldName(name));
    else names.delete(foldName(name));
  }
  return names;
}

/** The key of a row, as SQL that means exactly it: text as bytes, which may be no text. */
export function literalOf({ key }: Walk): string {
  // The plus takes from CAST its affinity, by which the other side of a comparison would be converted.
  const parts = key.map(
    (each) =>
      `CASE typeof(${each}) WHEN 'text' THEN '+CAST(x''' || hex(${each}) || ''' AS TEXT)' ELSE quote(${each}) END`,
  );
  return `'(' || ${parts.join(` || ', ' || `)} || ')'`;
}

/** The condition that a row comes after one key and not after another. @see https://sqlite.org/rowvalue.html */
export function between({ key }: Walk, cursor: string | null, last: string | null): readonly string[] {
  const row = `(${key.join(', ')})`;
  return [
    ...(cursor === null ? [] : [`${row} > ${cursor}`]),
    ...(last === null ? [] : [`${row} <= ${last}`]),
  ];
}

// By an old mistake, a primary key may hold NULL. https://sqlite.org/lang_createtable.html#the_primary_key
function refuseNull(db: Database, from: string, table: string, key: readonly string[]): void {
  const sql = `SELECT 1 FROM ${from} WHERE ${key.map((each) => `${each} IS NULL`).join(' OR ')} LIMIT 1`;
  if (db.prepare(sql).get() === undefined) return;
  throw new BatchError(
    table,
    'its primary key holds NULL, by which no row can be found again.',
    'Give those rows a key, and declare its columns NOT NULL.',
  );
}

// https://sqlite.org/pragma.html#pragma_table_list
function noTable(db: Database, table: string): BatchError {
  const sql = `SELECT type FROM pragma_table_list(?) WHERE schema = 'main'`;
  const type = db.prepare(sql).pluck().get(table) as string | undefined;
  const hint =
    type === undefined
      ? 'Look at its name.'
      : 'Only tables that hold their own rows, and are yours, can be walked.';
  return new BatchError(table, NO_TABLE[type ?? ''] ?? "it is one of Decant's, or SQLite's, own.", hint);
}

const NO_TABLE: Readonly<Record<string, string>> = {
  '': 'there is no such table.',
  view: 'it is a view, and no table.',
  virtual: 'it is a virtual table.',
  shadow: 'it is where a virtual table keeps its data.',
};

function noWay(table: string, lasts: Lasts): BatchError {
  return lasts === 'within it'
    ? new BatchError(
        table,
        'it has no primary key, and its columns have taken all names of the rowid.',
        'Rename one of the columns rowid, _rowid_ and oid, or give it a primary key.',
      )
    : new BatchError(
        table,
        'it has no primary key, and a VACUUM between two batches may change what rowids its rows have.',
        "Give it a primary key first, or leave out transaction: 'batches'.",
      );
}
