import { AlterTableError } from '../errors.js';
import type { TableSql } from './table-sql.js';
import { foldName, tokensOf } from './tokens.js';

/**
 * A text of a user's, to be put before others: a comment in it ends with it.
 * @throws AlterTableError when it is more than one statement has, or takes in what comes after it
 */
export function inOnePiece(table: Pick<TableSql, 'name'>, text: string): string {
  const tokens = tokensOf(`${text}\n;`);
  if (tokens.findIndex((token) => token.text === ';') !== tokens.length - 1)
    throw new AlterTableError(
      table.name,
      `this does not end where it has to: ${text}`,
      'Take out the semicolon, or close the comment or the quotation.',
    );
  return text.slice(tokens.at(-2)?.end ?? 0).includes('--') ? `${text}\n` : text;
}

/** An expression in parentheses. @throws AlterTableError when it ends before its end, as `0) CHECK (1` does */
export function inBrackets(table: Pick<TableSql, 'name'>, given: string): string {
  const expression = inOnePiece(table, given);
  let depth = 0;
  for (const { text } of tokensOf(expression)) {
    if (text === '(') depth++;
    if (text === ')') depth--;
    if (depth < 0) break;
  }
  if (depth === 0) return `(${expression})`;
  throw new AlterTableError(
    table.name,
    `this is not one expression: ${expression}`,
    'Look at its parentheses.',
  );
}

/** Whether two texts are the same but for white space, comments and the case of keywords. */
export function sameSql(one: string, other: string): boolean {
  return foldSql(one) === foldSql(other);
}

function foldSql(sql: string): string {
  return JSON.stringify(tokensOf(sql).map(({ text }) => (/^['"`[]/.test(text) ? text : foldName(text))));
}

/** Whether there is a comment: between the tokens there is nothing else but white space. */
export function hasComment({ sql, tokens }: TableSql): boolean {
  let end = 0;
  for (const token of tokens) {
    if (sql.slice(end, token.start).trim() !== '') return true;
    end = token.end;
  }
  return sql.slice(end).trim() !== '';
}
