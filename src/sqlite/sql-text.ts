import { AlterTableError } from '../errors.js';
import type { TableSql } from './table-sql.js';
import { foldName, tokensOf } from './tokens.js';

/** An expression in parentheses. @throws AlterTableError when it ends before its end, as `0) CHECK (1` does */
export function inBrackets(table: TableSql, expression: string): string {
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
