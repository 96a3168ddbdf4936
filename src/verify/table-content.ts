import type { ContentDifference } from '../domain/verification.js';
import type { Database } from '../domain/migration.js';
import { rows, shapeOf } from '../sqlite/table-state.js';
import { foldName, quoteName } from '../sqlite/tokens.js';

/** The name under which the earlier database is attached. */
export const EARLIER = 'decant_earlier';

/** What is to be compared of a table: it has the same columns in both databases. */
interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  /** By what its rows are known: the rowid, or, where it has none, the primary key. */
  readonly key: readonly string[];
  /** The primary key of a table whose rowid is a hidden one. */
  readonly otherKey: readonly string[];
  readonly hasHiddenRowid: boolean;
}

interface Column {
  readonly name: string;
  /** Whether SQLite keeps the sign of a zero in it: not where it makes integers of whole numbers. */
  readonly keepsSign: boolean;
}

/**
 * How the rows of a table differ from those of the earlier database, type and value: by SQL alone, since JavaScript
 * would alter what it read.
 */
export function differencesOf(db: Database, name: string): readonly ContentDifference[] {
  const table = readTable(db, name);
  const byRowid = table.key.length === 0 ? undefined : paired(db, table, table.key);
  if (byRowid !== undefined && (sizeOf(byRowid) === 0 || !table.hasHiddenRowid)) return told(table, byRowid);
  return table.columns.length > WIDEST && byRowid !== undefined
    ? told(table, byRowid)
    : withoutRowids(db, table, byRowid);
}

// A copy may have numbered the rows anew: then they are to be known by something else.
function withoutRowids(db: Database, table: Table, byRowid: Found | undefined): readonly ContentDifference[] {
  const asBag = comparedAsBags(db, table);
  // The rows are the same ones, and some do not stand under the number under which they stood.
  if (sizeOf(asBag) === 0 && byRowid !== undefined)
    return [{ kind: 'rowids', table: table.name, rows: byRowid.missing + byRowid.changedRows }];
  const byKey = canPairBy(db, table) ? paired(db, table, table.otherKey) : undefined;
  const readings = [byRowid, byKey, asBag].filter((found) => found !== undefined);
  return told(
    table,
    readings.reduce((least, each) => (sizeOf(each) < sizeOf(least) ? each : least)),
  );
}

/** How many columns can be compared at once, at three columns of a result each. https://sqlite.org/limits.html#max_column */
const WIDEST = 600;

/** The same for a virtual table, which has rowids. */
export function virtualRowsOf(db: Database, name: string): readonly ContentDifference[] {
  const sql = `SELECT name FROM pragma_table_xinfo(?, 'main') WHERE hidden = 0`;
  const columns = rows<{ name: string }>(db, sql, name).map((column) => ({
    name: column.name,
    keepsSign: true,
  }));
  const table = { name, columns, key: ['rowid'], otherKey: [], hasHiddenRowid: true };
  return told(table, paired(db, table, table.key));
}

interface Found {
  readonly missing: number;
  readonly added: number;
  /** How many values of each column differ. */
  readonly changed: readonly number[];
  readonly changedRows: number;
}

// In how many rows something differs, as it was read.
function sizeOf({ missing, added, changedRows }: Found): number {
  return missing + added + changedRows;
}

function told(
  { name: table, columns }: Table,
  { missing, added, changed }: Found,
): readonly ContentDifference[] {
  const all: readonly (ContentDifference & { readonly rows: number })[] = [
    { kind: 'missing', table, rows: missing },
    { kind: 'added', table, rows: added },
    ...changed.map((count, index) => ({
      kind: 'changed' as const,
      table,
      column: columns[index]?.name ?? '',
      rows: count,
    })),
  ];
  return all.filter((each) => each.rows > 0);
}

function readTable(db: Database, name: string): Table {
  const { columns, rowid, rowidColumn } = shapeOf(db, name);
  const types = new Map(
    rows<{ name: string; type: string }>(
      db,
      `SELECT name, type FROM pragma_table_xinfo(?, 'main')`,
      name,
    ).map((column) => [column.name, column.type]),
  );
  const keys = columns.filter(({ pk }) => pk > 0).map((column) => quoteName(column.name));
  const hasHiddenRowid = rowid.exists && rowidColumn === undefined;
  const rowids = rowidColumn === undefined ? rowid.name : quoteName(rowidColumn);
  return {
    name,
    columns: columns
      .filter(({ isGenerated }) => !isGenerated)
      .map((column) => ({ name: column.name, keepsSign: keepsSign(types.get(column.name) ?? '') })),
    key: rowid.exists ? (rowids === undefined ? [] : [rowids]) : keys,
    otherKey: hasHiddenRowid ? keys : [],
    hasHiddenRowid,
  };
}

// https://sqlite.org/datatype3.html#determination_of_column_affinity
function keepsSign(type: string): boolean {
  return type === '' || /blob/i.test(type) || foldName(type) === 'any';
}

function paired(db: Database, { name, columns }: Table, key: readonly string[]): Found {
  const on = key.map((each) => `a.${each} = b.${each}`).join(' AND ');
  const differs = columns.map(differing);
  const from = `FROM ${EARLIER}.${quoteName(name)} AS a JOIN main.${quoteName(name)} AS b ON ${on}`;
  const any = rows<{ pairs: number; changed: number }>(
    db,
    // LIMIT keeps the columns out of the aggregate, which takes 2000 of them.
    `SELECT count(*) AS pairs, total(differs) AS changed FROM (SELECT ${anyOf(differs)} AS differs ${from} LIMIT -1)`,
  )[0] ?? { pairs: 0, changed: 0 };
  return {
    missing: countIn(db, EARLIER, name) - any.pairs,
    added: countIn(db, 'main', name) - any.pairs,
    changedRows: any.changed,
    changed: any.changed === 0 ? [] : countsOf(db, differs, from),
  };
}

function countsOf(db: Database, conditions: readonly string[], from: string): readonly number[] {
  if (conditions.length === 0) return [];
  const sql = `SELECT ${conditions
    .slice(0, WIDEST)
    .map((condition) => `total(${condition})`)
    .join(', ')} ${from}`;
  const counts = db.prepare(sql).safeIntegers(false).raw().get() as number[];
  return [...counts, ...countsOf(db, conditions.slice(WIDEST), from)];
}

// A chain of ORs would be deeper than SQLite takes, where there are hundreds of columns.
function anyOf(conditions: readonly string[]): string {
  const cases = conditions.map((condition) => `WHEN ${condition} THEN 1`);
  return cases.length === 0 ? '0' : `CASE ${cases.join(' ')} ELSE 0 END`;
}

function differing({ name, keepsSign: keeps }: Column): string {
  const [a, b] = [`a.${quoteName(name)}`, `b.${quoteName(name)}`];
  const sign = keeps ? ` OR (${a} = 0.0 AND atan2(${a}, -1.0) IS NOT atan2(${b}, -1.0))` : '';
  return `${a} COLLATE BINARY IS NOT ${b} OR typeof(${a}) <> typeof(${b})${sign}`;
}

function countIn(db: Database, schema: string, table: string): number {
  return (
    rows<{ count: number }>(db, `SELECT count(*) AS count FROM ${schema}.${quoteName(table)}`)[0]?.count ?? 0
  );
}

// As bags of rows: what is twice in the one has to be twice in the other.
function comparedAsBags(db: Database, { name, columns }: Table): Found {
  const values = columns.flatMap((column) => {
    const quoted = quoteName(column.name);
    const sign = column.keepsSign ? [`iif(${quoted} = 0.0, atan2(${quoted}, -1.0), 0)`] : [];
    return [`${quoted} COLLATE BINARY`, `typeof(${quoted})`, ...sign];
  });
  const named = values.map((value, index) => `${value} AS c${index}`).join(', ');
  const [counts] = rows<{ missing: number; added: number }>(
    db,
    `SELECT total(max(side, 0)) AS missing, total(max(-side, 0)) AS added FROM (
       SELECT sum(side) AS side FROM (
         SELECT 1 AS side, ${named} FROM ${EARLIER}.${quoteName(name)}
         UNION ALL SELECT -1, ${named} FROM main.${quoteName(name)})
       GROUP BY ${values.map((_value, index) => `c${index} COLLATE BINARY`).join(', ')})`,
  );
  return { missing: counts?.missing ?? 0, added: counts?.added ?? 0, changed: [], changedRows: 0 };
}

// A primary key may hold NULL where the rowid is hidden, and then it tells no row from another.
function canPairBy(db: Database, { name, otherKey }: Table): boolean {
  if (otherKey.length === 0) return false;
  const isNull = otherKey.map((each) => `${each} IS NULL`).join(' OR ');
  return [EARLIER, 'main'].every(
    (schema) => rows(db, `SELECT 1 FROM ${schema}.${quoteName(name)} WHERE ${isNull} LIMIT 1`).length === 0,
  );
}
