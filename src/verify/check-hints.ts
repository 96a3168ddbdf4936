import { mentions, type ConstraintSql, type TableSql } from '../sqlite/table-sql.js';
import { foldName, type Token } from '../sqlite/tokens.js';
import { DATES, JSONS } from './seed-values.js';

/** A CHECK of a table. */
export interface Check {
  /** What SQLite calls it when it fails: its name, or its text. */
  readonly label: string;
  readonly tokens: readonly Token[];
}

/** All of a table, those of its columns included. */
export function checksOf(table: TableSql): readonly Check[] {
  return [...table.columns.flatMap(({ constraints }) => constraints), ...table.constraints]
    .filter(({ kind }) => kind === 'CHECK')
    .map((constraint) => checkOf(table, constraint));
}

function checkOf({ sql, tokens }: TableSql, { at, to, name }: ConstraintSql): Check {
  const inside = tokens.slice(at + 2, to - 1);
  const text = sql.slice(inside[0]?.start, inside.at(-1)?.end);
  return { label: name ?? text, tokens: inside };
}

/**
 * Values, as SQL, that what the checks say of a column may be about: what they compare it with, the numbers around those,
 * texts as long as a number says, and texts that are like a pattern. Whether they fit shows when they are inserted.
 */
export function hintsFor(column: string, checks: readonly Check[]): readonly string[] {
  const speaking = checks.filter(({ tokens }) => mentions(tokens, column)).map(({ tokens }) => tokens);
  const hints = speaking.flatMap((tokens) =>
    tokens.flatMap((token, at) => hintsIn(token, tokens.slice(0, at), tokens)),
  );
  const calls = (name: RegExp): boolean => speaking.flat().some(({ text }) => name.test(text));
  const texts = calls(/^json/i) ? JSONS : calls(/^(?:date|time|datetime|julianday|strftime)$/i) ? DATES : [];
  return [...new Set([...hints, ...texts])].slice(0, MOST);
}

const MOST = 24;

function hintsIn({ text }: Token, before: readonly Token[], all: readonly Token[]): readonly string[] {
  const word = before.at(-1)?.text.toUpperCase() ?? '';
  if (text.startsWith("'")) return /^(?:LIKE|GLOB)$/.test(word) ? [likeness(text), text] : [text];
  if (!/^\d/.test(text)) return [];
  const number = Number(text) * (word === '-' ? -1 : 1);
  const numbers = [number, number + 1, number - 1];
  const isLength = all.some((token) => foldName(token.text) === 'length');
  return isLength ? numbers.flatMap(textOfLength) : numbers.map(String);
}

function textOfLength(length: number): readonly string[] {
  return length >= 0 && length <= LONGEST ? [`'${'x'.repeat(length)}'`] : [];
}

const LONGEST = 10_000;

// A text that a pattern of GLOB or LIKE takes, for most of them.
function likeness(pattern: string): string {
  return pattern
    .replaceAll(/\[\^?(.)[^\]]*\]/g, '$1')
    .replaceAll(/[*%]/g, '')
    .replaceAll(/[?_]/g, 'a');
}
