import type { Database } from '../domain/migration.js';
import { AlterTableError } from '../errors.js';
import { Cursor } from './cursor.js';
import { affinityOf, type NewTable, type Pair } from './rebuild-plan.js';
import { constraintOf, optionsOf } from './table-edit.js';
import { columnOf, textOf, type ColumnSql, type TableSql } from './table-sql.js';
import { rows, stateOf, type TableState } from './table-state.js';
import { foldName, isWord, nameOf, quoteName, tokensOf, type Token } from './tokens.js';

const SHOWN = 10;

/** How a person finds a row of a table: by its rowid or primary key. */
function rowLabel({ rowid, rowidColumn, columns }: TableState): string {
  const keys = columns.filter(({ pk }) => pk > 0).toSorted((a, b) => a.pk - b.pk);
  if (rowidColumn === undefined && rowid.exists && rowid.name !== undefined)
    return `'rowid ' || ${rowid.name}`;
  if (keys.length === 0) return "'a row'";
  return `'${keys.map(({ name }) => name.replaceAll("'", "''")).join(', ')} ' || ${quoted(keys.map(({ name }) => name))}`;
}

function quoted(columns: readonly string[]): string {
  return columns.map((name) => `quote(${quoteName(name)})`).join(" || ', ' || ");
}

/** The rows for which a condition holds: how many, and the first of them. */
export function rowsWhere(
  db: Database,
  state: TableState,
  where: string,
  columns: readonly string[] = [],
): FoundRows {
  const from = `FROM main.${quoteName(state.table.name)} WHERE ${where}`;
  const values = columns.length === 0 ? '' : ` || ': ' || ${quoted(columns)}`;
  const found = rows<{ row: string }>(
    db,
    `SELECT ${rowLabel(state)}${values} AS row ${from} LIMIT ${String(SHOWN)}`,
  );
  const count = rows<{ count: number }>(db, `SELECT count(*) AS count ${from}`)[0]?.count ?? 0;
  return { count, rows: found.map(({ row }) => row) };
}

export interface FoundRows {
  readonly count: number;
  readonly rows: readonly string[];
}

/** What a constraint said no to: which one it is, and the rows of the old table that do not keep to it. */
export function explainCopy(
  db: Database,
  old: TableState,
  target: TableSql,
  made: NewTable,
  pairs: readonly Pair[],
  error: unknown,
): AlterTableError {
  const said = (error as Error).message.replaceAll(made.name, old.table.name);
  // "datatype mismatch": a rowid is an integer, and SQLite does not say which column that is.
  const message = said === 'datatype mismatch' ? `${said} in column ${made.rowidColumn ?? 'rowid'}` : said;
  const search = searchFor((error as { code: string }).code, message, target, pairs);
  const found =
    search === undefined ? NOTHING : attempt(() => rowsWhere(db, old, search.where, search.columns));
  return unkept(old.table.name, message, found, error);
}

/** What a unique index said no to when it was made again: the new table has its name and its rows by then. */
export function explainIndex(db: Database, table: string, sql: string, error: unknown): AlterTableError {
  const { keys, columns, condition } = indexParts(sql);
  const same = `SELECT ${keys} FROM main.${quoteName(table)} WHERE ${condition} GROUP BY ${keys} HAVING count(*) > 1`;
  const where = `(${condition}) AND (${keys}) IN (${same})`;
  const found = attempt(() => rowsWhere(db, stateOf(db, table), where, columns));
  return unkept(table, (error as Error).message, found, error);
}

function unkept(table: string, message: string, found: FoundRows, error: unknown): AlterTableError {
  const count =
    found.count === 0
      ? ''
      : ` ${String(found.count)} ${found.count === 1 ? 'row does' : 'rows do'} not keep to it.`;
  return new AlterTableError(
    table,
    `${message.replace(/\.?$/, '.')}${count}`,
    'Correct these rows first, in an earlier statement of the same migration.',
    found.rows,
    { cause: error },
  );
}

// CREATE UNIQUE INDEX name ON table (a, b COLLATE c DESC) WHERE condition, without ASC and DESC.
function indexParts(
  sql: string,
): { readonly keys: string; readonly condition: string } & Pick<Search, 'columns'> {
  const tokens = tokensOf(sql);
  const read = new Cursor(tokens);
  read.to(tokens.findIndex((token) => isWord(token, 'ON')) + 3);
  const keys: (readonly Token[])[] = [];
  while (read.token !== undefined && tokens[read.at - 1]?.text !== ')') {
    const from = read.at;
    while (!read.isEnd) read.skipGroup();
    keys.push(tokens.slice(from, isWord(tokens[read.at - 1], 'ASC', 'DESC') ? read.at - 1 : read.at));
    read.to(read.at + 1);
  }
  return {
    keys: keys.map((key) => sql.slice(key[0]?.start, key.at(-1)?.end)).join(', '),
    columns: keys.flatMap((key) => (key.length === 1 ? (nameOf(key[0]) ?? []) : [])),
    condition: read.is('WHERE') ? `${sql.slice(read.token?.end)}\n` : 'true',
  };
}

const NOTHING: FoundRows = { count: 0, rows: [] };

// The search is a help: where it fails, SQLite's own words must do.
function attempt(search: () => FoundRows): FoundRows {
  try {
    return search();
  } catch {
    return NOTHING;
  }
}

interface Search {
  readonly where: string;
  readonly columns: readonly string[];
}

function searchFor(
  code: string,
  message: string,
  target: TableSql,
  pairs: readonly Pair[],
): Search | undefined {
  const named = namesIn(message, target);
  const sources = named.map(({ name }) => sourceOf(pairs, name));
  const columns = sources.flatMap((source) => plainName(source));
  const [column] = named;
  const source = sources[0] ?? 'NULL';
  const searches: Readonly<Record<string, () => Search>> = {
    NOTNULL: () => ({ where: `(${source}) IS NULL`, columns: [] }),
    UNIQUE: () => ({ where: repeated(sources, target, named), columns }),
    PRIMARYKEY: () => ({ where: repeated(sources, target, named), columns }),
    ROWID: () => ({ where: repeated(sources, target, named), columns }),
    CHECK: () => ({ where: failedChecks(message, target, pairs), columns: [] }),
    MISMATCH: () => ({ where: notInteger(source), columns }),
    DATATYPE: () => ({ where: column === undefined ? 'false' : misfit(target, column, source), columns }),
  };
  return searches[code.replace(/^SQLITE_(?:CONSTRAINT_)?/, '')]?.();
}

// As in "UNIQUE constraint failed: users.a, users.b" and "cannot store TEXT value in INTEGER column users.age".
function namesIn(message: string, target: TableSql): readonly ColumnSql[] {
  const found = message.split(/[:,] | column /).map((part) => part.slice(part.lastIndexOf('.') + 1).trim());
  return found.flatMap((name) => columnOf(target, name) ?? []);
}

function sourceOf(pairs: readonly Pair[], column: string): string {
  return pairs.find(({ to }) => foldName(to) === foldName(quoteName(column)))?.from ?? 'NULL';
}

function plainName(source: string): readonly string[] {
  const name = source.startsWith('"') ? nameOf({ text: source, start: 0, end: 0 }) : undefined;
  return name === undefined ? [] : [name];
}

function repeated(sources: readonly string[], target: TableSql, named: readonly ColumnSql[]): string {
  const keys = sources.map((source, at) => {
    const column = named[at];
    if (column === undefined) return source;
    const collation = constraintOf(column, 'COLLATE');
    const value = convertedTo(affinityOf(target, column), source);
    return collation === undefined ? value : `${value} ${textOf(target, collation)}`;
  });
  const list = keys.join(', ');
  return `(${list}) IN (SELECT ${list} FROM main.${quoteName(target.name)} GROUP BY ${list} HAVING count(*) > 1)`;
}

// What a column makes of a value. CAST makes more of it: 0 of 'x'. https://sqlite.org/datatype3.html#type_affinity
function convertedTo(affinity: string, source: string): string {
  if (affinity === 'BLOB') return source;
  const type = affinity === 'TEXT' ? 'TEXT' : 'NUMERIC';
  const isConverted =
    type === 'TEXT' ? `typeof(${source}) IN ('integer', 'real')` : `coalesce(${isNumber(source)}, false)`;
  return `(CASE WHEN ${isConverted} THEN CAST(${source} AS ${type}) ELSE ${source} END)`;
}

function failedChecks(message: string, target: TableSql, pairs: readonly Pair[]): string {
  const said = message.slice(message.indexOf(': ') + 2);
  const checks = [...target.constraints, ...target.columns.flatMap(({ constraints }) => constraints)].filter(
    ({ kind }) => kind === 'CHECK',
  );
  const texts = checks.map((check) => ({
    name: check.name,
    text: textOf(target, { from: check.at + 1, to: check.to }),
  }));
  const named = texts.filter(({ name, text }) => said === name || text.slice(1, -1).trim() === said.trim());
  const columns = target.columns
    .map(({ name }) => `${sourceOf(pairs, name)} AS ${quoteName(name)}`)
    .join(', ');
  const failed = (named.length === 0 ? texts : named).map(({ text }) => `NOT ${text}`).join(' OR ');
  return `(SELECT ${failed} FROM (SELECT ${columns}) AS ${quoteName(target.name)})`;
}

// What a STRICT column does not take. https://sqlite.org/stricttables.html
function misfit(target: TableSql, column: ColumnSql, source: string): string {
  const type = textOf(target, column.type).toUpperCase();
  if (!optionsOf(target).includes('STRICT')) return `typeof(${source}) <> 'integer'`;
  if (type === 'TEXT') return `typeof(${source}) = 'blob'`;
  if (type === 'BLOB') return `typeof(${source}) NOT IN ('blob', 'null')`;
  if (type !== 'REAL') return notInteger(source);
  return `${source} IS NOT NULL AND NOT (${isNumber(source)})`;
}

function notInteger(source: string): string {
  const isInteger = `${isNumber(source)} AND typeof(CAST(${source} AS NUMERIC)) = 'integer'`;
  return `${source} IS NOT NULL AND NOT (${isInteger})`;
}

// To compare a text with a number, SQLite reads it as one, if all of it is one.
function isNumber(source: string): string {
  return `typeof(${source}) <> 'blob' AND CAST(${source} AS NUMERIC) = ${source}`;
}
