import { AlterTableError } from '../errors.js';
import { inOnePiece } from './sql-text.js';
import {
  columnOf,
  listedNames,
  mentions,
  readTable,
  textOf,
  type ColumnSql,
  type ConstraintKind,
  type ConstraintSql,
  type Span,
  type TableSql,
} from './table-sql.js';
import { foldName, isWord, nameOf, quoteName, type Token } from './tokens.js';

// Each function gives the text of a CREATE TABLE anew, and changes only the tokens that it is about: what a person
// wrote around them, comments too, stays.

/** Puts text right after a token. */
export function insertAfter({ sql, tokens }: TableSql, at: number, text: string): string {
  const end = tokens[at]?.end ?? sql.length;
  return sql.slice(0, end) + text + sql.slice(end);
}

/** Puts text in the place of tokens. */
export function replaceSpan({ sql, tokens }: TableSql, { from, to }: Span, text: string): string {
  return sql.slice(0, tokens[from]?.start) + text + sql.slice(tokens[to - 1]?.end);
}

/** Takes tokens out, and the white space before them. After a comment a line's end stays: it may end it. */
export function removeSpan(table: TableSql, { from, to }: Span): string {
  const before = table.sql.slice(0, table.tokens[from]?.start);
  const trimmed = before.trimEnd();
  const isAfterToken = trimmed.length === table.tokens[from - 1]?.end;
  return (
    (isAfterToken ? trimmed : before.replace(/[ \t]+$/, '')) + table.sql.slice(table.tokens[to - 1]?.end)
  );
}

/** Takes an item out of the list of columns and constraints, with one comma. */
function removeItem(table: TableSql, item: Span): string {
  const { tokens } = table;
  const isFirst = tokens[item.from - 1]?.text === '(';
  const comma = isFirst ? item.to : item.from - 1;
  if (tokens[comma]?.text !== ',') return removeSpan(table, item);
  // From the back, so that what comes first keeps its place.
  const [last, first] = [item, { from: comma, to: comma + 1 }].toSorted((a, b) => b.from - a.from) as [
    Span,
    Span,
  ];
  return removeSpan({ ...table, sql: removeSpan(table, last) }, first);
}

export function addItem(table: TableSql, after: Span, text: string): string {
  return insertAfter(table, after.to - 1, `, ${text}`);
}

/** The last item of the list. */
export function lastItem({ columns, constraints }: TableSql): Span {
  return constraints.at(-1) ?? columns.at(-1) ?? { from: 0, to: 0 };
}

/** The column of this name. @throws AlterTableError when there is none */
export function needColumn(table: TableSql, name: string): ColumnSql {
  const column = columnOf(table, name);
  if (column !== undefined) return column;
  const names = table.columns.map((each) => each.name).join(', ');
  throw new AlterTableError(table.name, `it has no column ${name}.`, `It has these: ${names}.`);
}

/** The constraint of that kind. Of several, as in DEFAULT 1 DEFAULT 2, the last counts. */
export function constraintOf(column: ColumnSql, kind: ConstraintKind): ConstraintSql | undefined {
  return column.constraints.findLast((constraint) => constraint.kind === kind);
}

/** Takes all constraints of a kind from a column. */
export function dropConstraints(table: TableSql, name: string, kind: ConstraintKind): string {
  const found = needColumn(table, name).constraints.filter((constraint) => constraint.kind === kind);
  // From the back, so that what comes first keeps its place.
  return found.toReversed().reduce((sql, constraint) => removeSpan({ ...table, sql }, constraint), table.sql);
}

/** Gives a column this constraint in the place of the one of that kind. */
export function setConstraint(table: TableSql, name: string, kind: ConstraintKind, text: string): string {
  const column = needColumn(table, name);
  const old = constraintOf(column, kind);
  return old === undefined
    ? insertAfter(table, column.to - 1, ` ${text}`)
    : replaceSpan(table, { from: old.at, to: old.to }, text);
}

export function setType(table: TableSql, name: string, given: string): string {
  const column = needColumn(table, name);
  const type = inOnePiece(table, given);
  const edited =
    column.type.from === column.type.to
      ? insertAfter(table, column.from, ` ${type}`)
      : replaceSpan(table, column.type, type);
  const now = needTable(edited, table.name);
  const isType = columnOf(now, name)?.constraints.length === column.constraints.length;
  if (isType && now.columns.length === table.columns.length)
    return textOf(table, column.type) === type ? table.sql : edited;
  throw new AlterTableError(
    table.name,
    `this is more than a type: ${type}`,
    'Each constraint has an operation of its own, as setNotNull() and setDefault().',
  );
}

export function dropColumn(table: TableSql, name: string): string {
  const column = needColumn(table, name);
  if (table.columns.length === 1)
    throw new AlterTableError(
      table.name,
      `${column.name} is its only column.`,
      'Drop the table, or add another column first.',
    );
  const user = [...table.constraints, ...table.columns.filter((each) => each !== column)].find((each) =>
    usesColumn(table, each, name),
  );
  if (user !== undefined) throw stillUsed(table, name, textOf(table, user));
  if (constraintOf(column, 'PRIMARY') !== undefined) throw stillUsed(table, name, 'its PRIMARY KEY');
  return removeItem(table, column);
}

function usesColumn(table: TableSql, item: ColumnSql | ConstraintSql, name: string): boolean {
  const constraints = 'kind' in item ? [item] : item.constraints;
  return constraints.some((each) =>
    each.kind === 'CHECK' || each.kind === 'GENERATED'
      ? mentions(inParentheses(table, each), name)
      : namesOfKey(table, each).some((one) => foldName(one) === foldName(name)),
  );
}

// Without the words around it: a column may be called `always`.
function inParentheses({ tokens }: TableSql, { at, to }: ConstraintSql): readonly Token[] {
  const texts = tokens.slice(at, to).map(({ text }) => text);
  return tokens.slice(at + texts.indexOf('(') + 1, at + texts.lastIndexOf(')'));
}

// Before REFERENCES the table's own columns are named; after it those of the parent, which may be the table itself.
function namesOfKey(table: TableSql, key: ConstraintSql): readonly string[] {
  const own = key.kind === 'REFERENCES' ? [] : listedNames(table, key);
  const words = table.tokens.slice(key.at, key.to).findIndex((token) => isWord(token, 'REFERENCES'));
  const parent = key.at + words + 1;
  const isItself = words !== -1 && foldName(nameOf(table.tokens[parent]) ?? '') === foldName(table.name);
  return isItself ? [...own, ...listedNames(table, { ...key, at: parent })] : own;
}

function stillUsed(table: TableSql, column: string, user: string): AlterTableError {
  return new AlterTableError(
    table.name,
    `the column ${column} cannot be dropped: ${user} names it.`,
    'Drop that first, in the same call, if it is to go.',
  );
}

/** Takes out the constraint, of a column or of the table, that fits. */
export function dropConstraint(
  table: TableSql,
  what: string,
  fits: (constraint: ConstraintSql, column: ColumnSql | undefined) => boolean,
): string {
  const own = table.constraints.find((constraint) => fits(constraint, undefined));
  if (own !== undefined) return removeItem(table, own);
  for (const column of table.columns) {
    const found = column.constraints.find((constraint) => fits(constraint, column));
    if (found !== undefined) return removeSpan(table, found);
  }
  throw new AlterTableError(
    table.name,
    `it has no ${what}.`,
    'Look at its definition: SELECT sql FROM sqlite_schema.',
  );
}

/** STRICT and WITHOUT ROWID, which stand after the list, as they are written. */
export function optionsOf(table: TableSql): readonly string[] {
  return table.tokens
    .slice(table.closeAt + 1)
    .filter(({ text }) => text !== ',')
    .map(({ text }) => text.toUpperCase());
}

export function setOption(table: TableSql, words: 'STRICT' | 'WITHOUT ROWID', state: 'on' | 'off'): string {
  const first = words.split(' ')[0] ?? '';
  const from = table.tokens.findIndex((token, index) => index > table.closeAt && isWord(token, first));
  if ((from !== -1) === (state === 'on')) return table.sql;
  return state === 'on'
    ? addOption(table, words)
    : removeOption(table, { from, to: from + words.split(' ').length });
}

function addOption(table: TableSql, words: string): string {
  const comma = optionsOf(table).length > 0 ? ',' : '';
  return insertAfter(table, table.tokens.length - 1, `${comma} ${words}`);
}

function removeOption(table: TableSql, { from, to }: Span): string {
  if (table.tokens[from - 1]?.text === ',') return removeSpan(table, { from: from - 1, to });
  return removeSpan(table, { from, to: table.tokens[to]?.text === ',' ? to + 1 : to });
}

/**
 * The same definition for a table of another name. What refers to a column by the table's name, as `users.age` in a
 * CHECK, refers to it by its own: SQLite would look for the other name there, and does not rewrite it afterwards.
 */
export function withName(table: TableSql, name: string): string {
  const { tokens, nameAt, closeAt } = table;
  const first = tokens.findIndex((token) => isWord(token, 'TABLE')) + 1;
  let { sql } = table;
  for (let at = closeAt; at > nameAt; at--) {
    if (!isQualifier(table, at)) continue;
    sql = sql.slice(0, tokens[qualifierStart(table, at)]?.start) + sql.slice(tokens[at + 2]?.start);
  }
  return sql.slice(0, tokens[first]?.start) + quoteName(name) + sql.slice(tokens[nameAt]?.end);
}

// In main.users.age it begins with the schema.
function qualifierStart({ tokens }: TableSql, at: number): number {
  return tokens[at - 1]?.text === '.' ? at - 2 : at;
}

function isQualifier({ tokens, name }: TableSql, at: number): boolean {
  return tokens[at + 1]?.text === '.' && foldName(nameOf(tokens[at]) ?? '') === foldName(name);
}

/** Reads a definition that must be one. @throws AlterTableError when it is none */
export function needTable(sql: string, name: string): TableSql {
  const table = readTable(sql);
  if (table !== undefined) return table;
  throw new AlterTableError(
    name,
    `this is no CREATE TABLE with a list of columns: ${sql}`,
    'Write the whole definition, as in CREATE TABLE users (id INTEGER PRIMARY KEY, …), and nothing after it.',
  );
}
