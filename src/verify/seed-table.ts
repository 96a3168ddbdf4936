import type { Database } from '../domain/migration.js';
import type { SeededTable } from '../domain/verification.js';
import { mentions, readTable } from '../sqlite/table-sql.js';
import { rows, shapeOf } from '../sqlite/table-state.js';
import { foldName, quoteName } from '../sqlite/tokens.js';
import { checksOf, hintsFor, type Check } from './check-hints.js';
import { referencesOf, referredValue, type Reference } from './seed-references.js';
import { awkwardValues, fallbackValue, type SeedColumn } from './seed-values.js';

/** How many rows a table is given. */
const ROWS = 12;
/** How often a row is mended until it is given up, and twice more for each column. */
const TRIES = 60;
/** After so many rows in a row that could not be mended, the table is left as it is. */
const GIVE_UP = 2;

interface SeedTable {
  readonly name: string;
  readonly columns: readonly SeedColumn[];
  readonly checks: readonly Check[];
  readonly references: readonly Reference[];
}

/** Fills an empty table: all that it takes of the awkward values, and plain ones where it takes none of them. */
export function seedTable(db: Database, name: string): SeededTable {
  const reason = insertRows(db, readSeedTable(db, name)) ?? 'its rows were gone again';
  const sql = `SELECT count(*) AS count FROM main.${quoteName(name)}`;
  const count = rows<{ count: number }>(db, sql)[0]?.count ?? 0;
  return { table: name, rows: count, reason: count === 0 ? reason : null };
}

/** @returns why the last one could not be inserted; null when it was */
function insertRows(db: Database, table: SeedTable): string | null {
  let reason: string | null = null;
  db.exec('BEGIN');
  try {
    for (let row = 0, failed = 0; row < ROWS && failed < GIVE_UP; row++) {
      reason = insertRow(db, table, row);
      failed = reason === null ? 0 : failed + 1;
    }
    db.exec('COMMIT');
    return reason;
  } catch (error) {
    if (db.inTransaction) db.exec('ROLLBACK');
    return (error as Error).message;
  }
}

function readSeedTable(db: Database, name: string): SeedTable {
  const [{ sql } = { sql: '' }] = rows<{ sql: string }>(
    db,
    `SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND name = ?`,
    name,
  );
  const parsed = readTable(sql);
  const checks = parsed === undefined ? [] : checksOf(parsed);
  const { rowidColumn } = shapeOf(db, name);
  const columns = rows<{ name: string; type: string; notnull: number; pk: number }>(
    db,
    `SELECT name, type, "notnull", pk FROM pragma_table_xinfo(?, 'main') WHERE hidden = 0`,
    name,
  ).map((column) => ({
    name: column.name,
    type: column.type,
    isNullable: column.notnull === 0 && column.pk === 0,
    isRowid: column.name === rowidColumn,
    hints: hintsFor(column.name, checks),
  }));
  return { name, columns, checks, references: referencesOf(db, name) };
}

/** @returns why it could not be, in SQLite's words; null when it is there */
function insertRow(db: Database, table: SeedTable, row: number): string | null {
  const plain = new Map<string, number>();
  let message = '';
  for (let tries = 0; tries < TRIES + 2 * table.columns.length; tries++) {
    const sql = insertSql(db, table, row, plain);
    try {
      db.exec(`SAVEPOINT seed; ${sql}; RELEASE seed`);
      return null;
    } catch (error) {
      if (!db.inTransaction) throw error;
      db.exec('ROLLBACK TO seed; RELEASE seed');
      message = (error as Error).message;
      for (const name of columnsToBlame(table, message)) plain.set(name, (plain.get(name) ?? -1) + 1);
    }
  }
  return message;
}

/** Of each column how many plain values have been tried; none of those that are not in it. */
type Plain = ReadonlyMap<string, number>;

function insertSql(db: Database, table: SeedTable, row: number, plain: Plain): string {
  const values = new Map(
    table.columns.map((column, index) => [foldName(column.name), valueOf(column, index, row, plain)]),
  );
  for (const reference of table.references) refer(db, reference, row, plain, values, table.columns);
  const names = table.columns.map((column) => quoteName(column.name));
  return `INSERT INTO main.${quoteName(table.name)} (${names.join(', ')}) VALUES (${[...values.values()].join(', ')})`;
}

// Shifted by the column, so that not all that is NULL meets in one row.
function valueOf(column: SeedColumn, index: number, row: number, plain: Plain): string {
  const tried = plain.get(column.name);
  if (tried !== undefined) return fallbackValue(column, row + tried);
  const values = awkwardValues(column);
  return values[(row + index) % values.length] ?? 'NULL';
}

function refer(
  db: Database,
  reference: Reference,
  row: number,
  plain: Plain,
  values: Map<string, string>,
  columns: readonly SeedColumn[],
): void {
  const number = row + Math.max(0, ...reference.columns.map(({ from }) => plain.get(from) ?? 0));
  for (const { from, to } of reference.columns) {
    const isNullable = columns.some((each) => each.isNullable && foldName(each.name) === foldName(from));
    const referred = isNullable && number % 4 === 3 ? undefined : referredValue(db, reference, to, number);
    // The first row of a table that refers to itself, and may not leave it open, refers to itself.
    const own = reference.isSelf && !isNullable ? values.get(foldName(to)) : undefined;
    values.set(foldName(from), referred ?? own ?? 'NULL');
  }
}

// SQLite names the columns of all but CHECKs, triggers and foreign keys.
function columnsToBlame({ name, columns, checks }: SeedTable, message: string): readonly string[] {
  const named = columns.filter((column) => message.includes(`${name}.${column.name}`));
  const check = checks.find(({ label }) => message === `CHECK constraint failed: ${label}`);
  const blamed =
    check === undefined ? named : columns.filter((column) => mentions(check.tokens, column.name));
  return (blamed.length > 0 ? blamed : columns).map((column) => column.name);
}
