import { Cursor } from './cursor.js';
import { isWord, nameOf, statementsOf, type Token } from './tokens.js';

/** What one statement does to the tables and objects of the main database, as far as its text tells. */
export type Effect =
  /** Rows of a table or view are inserted or changed; `removes`: it says itself that rows may go. */
  | { readonly kind: 'write'; readonly verb: Verb; readonly table: string; readonly removes: boolean }
  /** `copies`: it is a table made by AS SELECT, which has columns and no constraints. */
  | { readonly kind: 'create'; readonly type: ObjectType; readonly name: string; readonly copies: boolean }
  | { readonly kind: 'drop'; readonly type: ObjectType; readonly name: string }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  /** Another change of a table's definition. */
  | { readonly kind: 'alter'; readonly table: string }
  | { readonly kind: 'pragma'; readonly name: string; readonly sets: boolean };

type Verb = 'insert' | 'update' | 'delete';
export type ObjectType = 'table' | 'index' | 'trigger' | 'view';

/** What the statements of a text do, in order. Those that change nothing are left out. */
export function effectsOf(sql: string): readonly Effect[] {
  return Array.from(statementsOf(sql), effectOf).filter((effect) => effect !== undefined);
}

/** The same for statements that are tokens already, as those within a trigger. */
export function effectsIn(tokens: readonly Token[]): readonly Effect[] {
  return piecesOf(tokens)
    .map(effectOf)
    .filter((effect) => effect !== undefined);
}

function piecesOf(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const pieces: Token[][] = [[]];
  for (const token of tokens) {
    if (token.text === ';') pieces.push([]);
    else pieces.at(-1)?.push(token);
  }
  return pieces;
}

function effectOf(tokens: readonly Token[]): Effect | undefined {
  const read = new Cursor(tokens);
  if (read.is('WITH')) skipCommonTables(read);
  const verb = read.next()?.text.toUpperCase() ?? '';
  return Object.hasOwn(VERBS, verb) ? VERBS[verb]?.(read) : undefined;
}

const VERBS: Readonly<Record<string, (read: Cursor) => Effect | undefined>> = {
  INSERT: (read) => {
    const removes = skipConflict(read);
    read.skip('INTO');
    return writing(read, 'insert', removes);
  },
  REPLACE: (read) => {
    read.skip('INTO');
    return writing(read, 'insert', true);
  },
  UPDATE: (read) => writing(read, 'update', skipConflict(read)),
  DELETE: (read) => {
    read.skip('FROM');
    return writing(read, 'delete', true);
  },
  CREATE: (read) => {
    const isTemporary = read.skip('TEMP', 'TEMPORARY');
    read.skip('UNIQUE', 'VIRTUAL');
    const type = typeOf(read);
    for (const word of ['IF', 'NOT', 'EXISTS']) read.skip(word);
    const name = readName(read);
    // A temporary trigger may be on a table that is not.
    if (type === 'trigger') return { kind: 'create', type, name: name ?? '', copies: false };
    if (type === undefined || name === undefined || isTemporary) return undefined;
    return { kind: 'create', type, name, copies: type === 'table' && read.is('AS') };
  },
  DROP: (read) => {
    const type = typeOf(read);
    if (read.skip('IF')) read.skip('EXISTS');
    const name = readName(read);
    return type === undefined || name === undefined ? undefined : { kind: 'drop', type, name };
  },
  ALTER: (read) => {
    read.skip('TABLE');
    const table = readName(read);
    if (table === undefined) return undefined;
    const to = read.skip('RENAME') && read.skip('TO') ? nameOf(read.next()) : undefined;
    return to === undefined ? { kind: 'alter', table } : { kind: 'rename', from: table, to };
  },
  PRAGMA: (read) => {
    const name = readName(read);
    return name === undefined
      ? undefined
      : { kind: 'pragma', name: name.toLowerCase(), sets: read.token !== undefined };
  },
};

function writing(read: Cursor, verb: Verb, removes: boolean): Effect | undefined {
  const table = readName(read);
  return table === undefined ? undefined : { kind: 'write', verb, table, removes };
}

// INSERT OR REPLACE, UPDATE OR IGNORE, …; true when it replaces.
function skipConflict(read: Cursor): boolean {
  return read.skip('OR') && isWord(read.next(), 'REPLACE');
}

function typeOf(read: Cursor): ObjectType | undefined {
  const word = read.next()?.text.toLowerCase();
  return TYPES.find((type) => type === word);
}

const TYPES: readonly ObjectType[] = ['table', 'index', 'trigger', 'view'];

// What is in another database than main is not looked after; `temp` is gone with the connection anyway.
function readName(read: Cursor): string | undefined {
  const first = nameOf(read.next());
  if (read.text !== '.') return first;
  read.next();
  const second = nameOf(read.next());
  return first?.toLowerCase() === 'main' ? second : undefined;
}

// WITH [RECURSIVE] name [(columns)] AS [[NOT] MATERIALIZED] (select), … https://sqlite.org/lang_with.html
function skipCommonTables(read: Cursor): void {
  read.next();
  read.skip('RECURSIVE');
  do {
    read.next();
    if (read.text === '(') read.skipGroup();
    read.skip('AS');
    read.skip('NOT');
    read.skip('MATERIALIZED');
    if (read.text === '(') read.skipGroup();
  } while (read.skip(','));
}
