import { Cursor } from './cursor.js';
import { foldName, isWord, nameOf, tokensOf, type Token } from './tokens.js';

/** The tokens from `from` up to, and not with, `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface ConstraintSql extends Span {
  readonly kind: ConstraintKind;
  /** The token that says what it is: after `CONSTRAINT name`, where there is one. */
  readonly at: number;
  readonly name: string | undefined;
}

export type ConstraintKind =
  | 'PRIMARY'
  | 'NOT'
  | 'NULL'
  | 'UNIQUE'
  | 'CHECK'
  | 'DEFAULT'
  | 'COLLATE'
  | 'REFERENCES'
  | 'FOREIGN'
  | 'GENERATED';

export interface ColumnSql extends Span {
  readonly name: string;
  /** Empty where the column has no type. */
  readonly type: Span;
  readonly constraints: readonly ConstraintSql[];
}

/** A `CREATE TABLE` as it is written, and what stands where in it. */
export interface TableSql {
  readonly sql: string;
  readonly tokens: readonly Token[];
  readonly name: string;
  /** The token of the name. */
  readonly nameAt: number;
  readonly columns: readonly ColumnSql[];
  readonly constraints: readonly ConstraintSql[];
  /** The parenthesis that closes the list of columns. STRICT and WITHOUT ROWID come after it. */
  readonly closeAt: number;
}

/** Reads a `CREATE TABLE` with a list of columns; undefined for any other text, and for one that goes on after it. */
export function readTable(sql: string): TableSql | undefined {
  const all = tokensOf(sql);
  const tokens = all.slice(0, all.findLastIndex(({ text }) => text !== ';') + 1);
  const read = new Cursor(tokens);
  const nameAt = findName(read);
  const name = nameOf(tokens[nameAt]);
  if (name === undefined || tokens[nameAt + 1]?.text !== '(') return undefined;
  read.to(nameAt + 1);
  const { columns, constraints } = readItems(read);
  if (read.text !== ')' || columns.length === 0 || !isAllOptions(tokens.slice(read.at + 1))) return undefined;
  return { sql, tokens, name, nameAt, columns, constraints, closeAt: read.at };
}

// No semicolon, so that there is no second statement.
function isAllOptions(tokens: readonly Token[]): boolean {
  return tokens.every((token) => token.text === ',' || isWord(token, 'STRICT', 'WITHOUT', 'ROWID'));
}

// CREATE [TEMP] TABLE [IF NOT EXISTS] [schema.]name; -1 where it is something else.
function findName(read: Cursor): number {
  read.skip('CREATE');
  read.skip('TEMP', 'TEMPORARY');
  if (!read.skip('TABLE')) return -1;
  if (read.skip('IF')) read.to(read.at + 2);
  return read.tokens[read.at + 1]?.text === '.' ? read.at + 2 : read.at;
}

function readItems(read: Cursor): Pick<TableSql, 'columns' | 'constraints'> {
  const columns: ColumnSql[] = [];
  const constraints: ConstraintSql[] = [];
  do {
    read.to(read.at + 1);
    if (!startsTableConstraint(read)) columns.push(readColumn(read));
    // SQLite lets the commas between constraints be left out.
    while (startsTableConstraint(read)) constraints.push(readConstraint(read));
  } while (read.text === ',');
  return { columns, constraints };
}

/** The column of this name. */
export function columnOf(table: TableSql, name: string): ColumnSql | undefined {
  return table.columns.find((column) => foldName(column.name) === foldName(name));
}

/** The text of some tokens, as it is written. */
export function textOf({ sql, tokens }: TableSql, { from, to }: Span): string {
  return from < to ? sql.slice(tokens[from]?.start, tokens[to - 1]?.end) : '';
}

/** The names in the first list in parentheses at or after a token, as in `UNIQUE (a, b COLLATE c)`. */
export function listedNames({ tokens }: TableSql, { at, to }: ConstraintSql): readonly string[] {
  const list = tokens.slice(at, to);
  const open = list.findIndex(({ text }) => text === '(');
  const close = list.findIndex(({ text }) => text === ')');
  return list
    .slice(open, close)
    .flatMap(({ text }, index) =>
      text === '(' || text === ',' ? [nameOf(list[open + index + 1]) ?? ''] : [],
    );
}

/** Whether an expression of these tokens may refer to the column: functions and collations of its name do not. */
export function mentions(tokens: readonly Token[], column: string): boolean {
  return tokens.some((token, index) => {
    const name = nameOf(token);
    if (name === undefined || token.text.startsWith("'") || foldName(name) !== foldName(column)) return false;
    if (isWord(token, ...RESERVED)) return false;
    return tokens[index + 1]?.text !== '(' && !isWord(tokens[index - 1], 'COLLATE');
  });
}

// Some of the words that are names only in quotes. https://sqlite.org/lang_keywords.html
const RESERVED = 'AND OR NOT NULL IS IN BETWEEN CASE WHEN THEN ELSE SELECT FROM WHERE'.split(' ');

function startsTableConstraint(read: Cursor): boolean {
  return read.is('CONSTRAINT', 'PRIMARY', 'UNIQUE', 'CHECK', 'FOREIGN');
}

function readColumn(read: Cursor): ColumnSql {
  const from = read.at;
  const name = nameOf(read.token) ?? '';
  read.to(from + 1);
  const type = { from: read.at, to: read.at };
  while (!read.isEnd && !read.is(...COLUMN_WORDS)) read.skipGroup();
  type.to = read.at;
  const constraints: ConstraintSql[] = [];
  while (read.is(...COLUMN_WORDS)) constraints.push(readConstraint(read));
  return { name, from, to: read.at, type, constraints };
}

const COLUMN_WORDS = [
  'CONSTRAINT',
  'DEFAULT',
  'NULL',
  'NOT',
  'PRIMARY',
  'UNIQUE',
  'CHECK',
  'REFERENCES',
  'COLLATE',
  'GENERATED',
  'AS',
];

function readConstraint(read: Cursor): ConstraintSql {
  const from = read.at;
  const name = readConstraintName(read);
  const at = read.at;
  const word = read.text?.toUpperCase() ?? '';
  const kind = (word === 'AS' ? 'GENERATED' : word) as ConstraintKind;
  if (Object.hasOwn(REST, kind)) {
    read.to(word === 'AS' ? at : at + 1);
    REST[kind](read);
    if (read.skip('ON')) read.to(read.at + 2); // ON CONFLICT REPLACE
    if (kind === 'PRIMARY') read.skip('AUTOINCREMENT');
  }
  return { kind, from, to: read.at, at, name };
}

// The last of several names counts.
function readConstraintName(read: Cursor): string | undefined {
  let name: string | undefined;
  while (read.skip('CONSTRAINT')) {
    name = nameOf(read.token);
    read.to(read.at + 1);
  }
  return name;
}

// What follows the first word. https://sqlite.org/syntax/column-constraint.html
const REST: Readonly<Record<ConstraintKind, (read: Cursor) => void>> = {
  PRIMARY: (read) => {
    read.skip('KEY');
    if (read.text === '(') read.skipGroup();
    read.skip('ASC', 'DESC');
  },
  NOT: (read) => void read.skip('NULL'),
  NULL: () => undefined,
  UNIQUE: (read) => {
    if (read.text === '(') read.skipGroup();
  },
  CHECK: (read) => read.skipGroup(),
  DEFAULT: (read) => {
    if (read.text === '+' || read.text === '-') read.to(read.at + 1);
    read.skipGroup();
  },
  COLLATE: (read) => read.to(read.at + 1),
  REFERENCES: (read) => readReference(read),
  FOREIGN: (read) => {
    read.skip('KEY');
    read.skipGroup();
    read.skip('REFERENCES');
    readReference(read);
  },
  GENERATED: (read) => {
    read.skip('ALWAYS');
    read.skip('AS');
    read.skipGroup();
    read.skip('STORED', 'VIRTUAL');
  },
};

function readReference(read: Cursor): void {
  read.to(read.at + 1);
  if (read.text === '(') read.skipGroup();
  for (;;) {
    if (read.is('ON')) {
      const action = read.tokens[read.at + 2];
      read.to(read.at + (isWord(action, 'SET', 'NO') ? 4 : 3));
    } else if (read.skip('MATCH')) read.to(read.at + 1);
    else if (!skipDeferrable(read)) return;
  }
}

function skipDeferrable(read: Cursor): boolean {
  if (read.is('NOT') && isWord(read.tokens[read.at + 1], 'DEFERRABLE')) read.to(read.at + 1);
  if (!read.skip('DEFERRABLE')) return false;
  if (read.skip('INITIALLY')) read.to(read.at + 1);
  return true;
}
