import type { Database } from '../domain/migration.js';
import { readTable, type TableSql } from './table-sql.js';
import { rows } from './table-state.js';
import { isKeyword, isWord, nameOf, quoteName, tokensOf, type Token } from './tokens.js';

/** One object of a schema. */
export interface SchemaObject {
  readonly type: 'table' | 'index' | 'trigger' | 'view';
  readonly name: string;
  /** The table, or view, that it is on; its own name, where it is one. */
  readonly table: string;
  /** Normalised: see `normalSql()`. */
  readonly sql: string;
}

/**
 * What a user has made in `main`, by kind and name: without what is SQLite's, Decant's or Litestream's own, and without
 * the tables that virtual tables keep their data in.
 */
export function schemaOf(db: Database): readonly SchemaObject[] {
  return rows<SchemaObject>(db, SCHEMA).map(({ type, name, table, sql }) => ({
    type,
    name,
    table,
    sql: normalSql(sql),
  }));
}

const isOurs = (name: string): string =>
  [String.raw`sqlite\_`, String.raw`\_litestream\_`, String.raw`\_decant\_`]
    .map((prefix) => String.raw`${name} LIKE '${prefix}%' ESCAPE '\'`)
    .concat(`${name} IN ('_migrations', '_migrations_journal')`)
    .join(' OR ');

const SCHEMA = `
  WITH shadows AS MATERIALIZED (
    SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow')
  SELECT type, name, tbl_name AS "table", sql FROM main.sqlite_schema
  WHERE sql IS NOT NULL AND NOT (${isOurs('name')} OR ${isOurs('tbl_name')}) AND tbl_name NOT IN shadows
  ORDER BY instr('table index trigger view', type), name`;

/** A whole schema as one text: a statement each, in the order in which they are given. */
export function schemaText(objects: readonly SchemaObject[]): string {
  return objects.map(({ sql }) => `${sql};\n`).join('\n');
}

/**
 * A stored statement in one form, whoever wrote it and however often it was altered: white space, comments, the case of
 * keywords and needless quotes make no difference. A column, a constraint and a statement of a trigger has a line of its own.
 */
export function normalSql(sql: string): string {
  const table = readTable(sql);
  if (table !== undefined) return tableText(table);
  const tokens = tokensOf(sql);
  if (isWord(tokens[1], 'TRIGGER')) return triggerText(tokens);
  return isWord(tokens[1], 'VIEW') ? viewText(tokens) : textOf(tokens);
}

function tableText(table: TableSql): string {
  const { tokens, columns, constraints, name, closeAt } = table;
  const items = [
    ...columns.map((column) => {
      const rest = textOf(tokens.slice(column.from + 1, column.to));
      return `  ${plainName(column.name)} ${rest}`.trimEnd();
    }),
    ...constraints.map(({ from, to }) => `  ${textOf(tokens.slice(from, to))}`),
  ];
  const options = textOf(tokens.slice(closeAt + 1));
  return `CREATE TABLE ${plainName(name)} (\n${items.join(',\n')}\n) ${options}`.trimEnd();
}

function triggerText(tokens: readonly Token[]): string {
  const begin = tokens.findIndex((token, at) => isWord(token, 'BEGIN') && tokens[at - 1]?.text !== '.');
  const [first = [], ...rest] = cut(tokens.slice(begin + 1, -1), ({ text }) => text === ';');
  const statements = [first, ...rest.map((each) => each.slice(1))].filter(({ length }) => length > 0);
  return [textOf(tokens.slice(0, begin + 1)), ...statements.map((each) => `  ${textOf(each)};`), 'END'].join(
    '\n',
  );
}

function viewText(tokens: readonly Token[]): string {
  let depth = 0;
  const clauses = cut(tokens, (token) => {
    depth += Number(token.text === '(') - Number(token.text === ')');
    return depth === 0 && isWord(token, ...CLAUSES);
  });
  return clauses.map(textOf).join('\n');
}

const CLAUSES = 'SELECT FROM WHERE GROUP HAVING WINDOW UNION EXCEPT INTERSECT ORDER LIMIT'.split(' ');

/** The tokens in pieces, of which all but the first begin with one that `begins` says does. */
function cut(tokens: readonly Token[], begins: (token: Token) => boolean): readonly (readonly Token[])[] {
  const pieces: Token[][] = [[]];
  for (const token of tokens) {
    if (begins(token)) pieces.push([]);
    pieces.at(-1)?.push(token);
  }
  return pieces;
}

function wordOf(token: Token): string {
  const { text } = token;
  if (isKeyword(text)) return text.toUpperCase();
  const name = /^["`[]/.test(text) ? nameOf(token) : undefined;
  return name === undefined ? text : plainName(name);
}

// Where a keyword can be a name, the text does not say which it is.
function plainName(name: string): string {
  return /^[A-Za-z_][A-Za-z_0-9]*$/.test(name) && !isKeyword(name) ? name : quoteName(name);
}

function textOf(tokens: readonly Token[]): string {
  const words = tokens.map(wordOf);
  let text = '';
  for (const [index, word] of words.entries()) {
    text += index === 0 || isTight(words[index - 2], words[index - 1] ?? '', word) ? word : ` ${word}`;
  }
  return text;
}

// Whether a word follows the one before it without a space.
function isTight(before: string | undefined, last: string, word: string): boolean {
  if (/^[,;).]$/.test(word) || /^[(.]$/.test(last)) return true;
  if (word === '(') return OPERAND.test(last) && !isKeyword(last);
  // A sign, not an operation.
  return /^[-+~]$/.test(last) && !(before !== undefined && OPERAND.test(before) && !isKeyword(before));
}

const OPERAND = /[\w"')\u0080-\uFFFF]$/;
