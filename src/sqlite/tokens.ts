import { tokenize } from 'sqlite3-parser';

/** One token of SQLite's lexical grammar. White space and comments are what lies between two of them. */
export interface Token {
  /** As it is written. */
  readonly text: string;
  /** Where it is in the text, in UTF-16 units; the end is exclusive. */
  readonly start: number;
  readonly end: number;
}

/** All tokens of a text, one statement or many. What SQLite would not read is a token, too. */
export function tokensOf(sql: string): readonly Token[] {
  return [...readTokens(sql)];
}

function* readTokens(sql: string): Generator<Token> {
  for (const { text, span } of tokenize(sql.replaceAll(ALSO_SPACE, (space) => ' '.repeat(space.length)))) {
    const end = span.offset + text.length;
    yield { text: sql.slice(span.offset, end), start: span.offset, end };
  }
}

// To SQLite these are white space as well, to the library they are not: a vertical tab, and a byte order mark where a
// token may begin, as at the start of a file.
const ALSO_SPACE = /\v|(?<![\w$\u0080-\uFEFE\uFF00-\uFFFF])\uFEFF+/g;

/** The statements of a text, one after the other, each as its tokens without the semicolon. */
export function* statementsOf(sql: string): Generator<readonly Token[]> {
  let current: Token[] = [];
  for (const token of readTokens(sql)) {
    if (token.text !== ';' || isInTrigger(current)) {
      current.push(token);
    } else if (current.length > 0) {
      yield current;
      current = [];
    }
  }
  if (current.length > 0) yield current;
}

// As sqlite3_complete() has it: CREATE TRIGGER ends with `; END ;` and not before.
// https://sqlite.org/c3ref/complete.html
function isInTrigger(tokens: readonly Token[]): boolean {
  const at = isWord(tokens[1], 'TEMP', 'TEMPORARY') ? 2 : 1;
  const isTrigger = isWord(tokens[0], 'CREATE') && isWord(tokens[at], 'TRIGGER');
  return isTrigger && !(isWord(tokens.at(-1), 'END') && tokens.at(-2)?.text === ';');
}

/** Whether a token is one of these keywords: unquoted, in whatever case. */
export function isWord(token: Token | undefined, ...words: readonly string[]): boolean {
  return token !== undefined && words.includes(token.text.toUpperCase());
}

/** Whether SQLite has a use of its own for a word, be it one that may be a name as well, as `key` may. */
export function isKeyword(text: string): boolean {
  const [token] = /^[A-Za-z_]+$/.test(text) ? tokenize(text) : [];
  return token !== undefined && token.type !== NAME_TYPE;
}

const [{ type: NAME_TYPE } = { type: undefined }] = tokenize('x');

/** The name that a token stands for, without its quotes; undefined when it cannot be a name. */
export function nameOf(token: Token | undefined): string | undefined {
  const text = token?.text ?? '';
  const quote = QUOTES[text.charAt(0)];
  if (quote !== undefined) return text.slice(1, -1).replaceAll(quote + quote, quote);
  if (text.startsWith('[')) return text.slice(1, -1);
  return /^[\p{L}_\u0080-\u{10FFFF}]/u.test(text) && !/^x'/i.test(text) ? text : undefined;
}

// SQLite takes a string for a name where only a name can stand. https://sqlite.org/quirks.html
const QUOTES: Readonly<Record<string, string>> = { '"': '"', '`': '`', "'": "'" };

/** A name as SQL: whatever it holds, it stays one name. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A name as SQLite compares names: letters of ASCII in lower case, all others as they are. */
export function foldName(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}
