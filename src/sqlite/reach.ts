import type { Database } from '../domain/migration.js';
import { effectsIn, type Effect } from './effects.js';
import { foldName, isWord, tokensOf, type Token } from './tokens.js';

/** Which tables a statement can remove rows from: those that it names, or any. */
export type Reach = 'named' | 'anywhere';

/** How far statements reach, and what they do besides what they say. */
export interface Reached {
  readonly reach: Reach;
  /** What the triggers that they fire do, where these only add and change rows. */
  readonly triggered: readonly Effect[];
}

/** Finds out how far the statements of a body reach. */
export class ReachFinder {
  readonly #db: Database;
  /** What writes to a table set off; undefined where rows may go anywhere. */
  readonly #known = new Map<string, readonly Effect[] | undefined>();
  #found: Reach = 'named';

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * How far the body has reached once these statements have run. A write may remove rows elsewhere by a trigger, by a
   * foreign key's action, or by ON CONFLICT REPLACE in the definition of a table.
   */
  after(effects: readonly Effect[], foreignKeys: 'off' | 'enforced'): Reached {
    if (effects.some(({ kind }) => kind !== 'write')) this.#known.clear();
    const triggered = new Set<Effect>();
    for (const effect of this.#found === 'named' ? effects : []) {
      const more = this.#followed(effect, effects, foreignKeys);
      if (more === undefined) this.#found = 'anywhere';
      for (const each of more ?? []) triggered.add(each);
    }
    return { reach: this.#found, triggered: [...triggered] };
  }

  #followed(
    effect: Effect,
    effects: readonly Effect[],
    foreignKeys: 'off' | 'enforced',
  ): readonly Effect[] | undefined {
    if (writesSchema(effect) || isFiredAtOnce(effect, effects)) return undefined;
    if (foreignKeys === 'enforced' && (effect.kind === 'write' || effect.kind === 'drop')) return undefined;
    return effect.kind === 'write' ? this.#triggeredBy(effect) : NOTHING;
  }

  #triggeredBy(write: Write): readonly Effect[] | undefined {
    const key = keyOf(write);
    if (!this.#known.has(key)) this.#known.set(key, triggeredBy(this.#db, write));
    const triggered = this.#known.get(key);
    // INSERT OR REPLACE deletes, and replaces in what its triggers write, too.
    // https://sqlite.org/lang_createtrigger.html
    const replaces = write.removes && write.verb !== 'delete';
    return replaces && hasTriggers(this.#db, write.table) ? undefined : triggered;
  }
}

type Write = Extract<Effect, { kind: 'write' }>;
const NOTHING: readonly Effect[] = [];

export function writesSchema(effect: Effect): boolean {
  return effect.kind === 'pragma' && effect.name === 'writable_schema';
}

/** All that is in the schema, temporary things too. */
export const SCHEMAS = '(SELECT * FROM main.sqlite_schema UNION ALL SELECT * FROM temp.sqlite_schema)';

// A trigger may be made by the very text that fires it.
function isFiredAtOnce(effect: Effect, effects: readonly Effect[]): boolean {
  return effect.kind === 'create' && effect.type === 'trigger' && effects.length > 1;
}

// What a write sets off, trigger by trigger; undefined when rows may go that nobody said.
function triggeredBy(db: Database, first: Write): readonly Write[] | undefined {
  const all: Write[] = [];
  const met = new Map([[keyOf(first), first]]); // grows while it is walked through
  for (const write of met.values()) {
    const writes = writesOn(db, write);
    if (writes === undefined) return undefined;
    all.push(...writes);
    for (const each of writes) if (!met.has(keyOf(each))) met.set(keyOf(each), each);
  }
  return all;
}

// Of an INSERT, triggers on UPDATE may be fired as well: by ON CONFLICT DO UPDATE.
function keyOf({ verb, table }: Write): string {
  return `${verb === 'delete' ? 'delete' : 'write'} ${foldName(table)}`;
}

function writesOn(db: Database, { table, verb }: Write): readonly Write[] | undefined {
  if (verb !== 'delete' && mayReplace(db, table)) return undefined;
  const writes = triggersOf(db, table)
    .map(tokensOf)
    .filter((tokens) => (eventOf(tokens) === 'DELETE') === (verb === 'delete'))
    .map(writesOf);
  return writes.every((each) => each !== undefined) ? writes.flat() : undefined;
}

function hasTriggers(db: Database, table: string): boolean {
  return triggersOf(db, table).length > 0;
}

function triggersOf(db: Database, table: string): readonly string[] {
  const sql = `SELECT sql FROM ${SCHEMAS} WHERE tbl_name = ? COLLATE NOCASE AND type = 'trigger'`;
  return db.prepare(sql).pluck().all(table) as string[];
}

function mayReplace(db: Database, table: string): boolean {
  const sql = `SELECT 1 FROM ${SCHEMAS}
    WHERE tbl_name = ? COLLATE NOCASE AND type = 'table' AND instr(upper(sql), 'REPLACE') > 0`;
  return db.prepare(sql).get(table) !== undefined;
}

// Unquoted, these are never names. https://sqlite.org/lang_keywords.html
function eventOf(tokens: readonly Token[]): string | undefined {
  return tokens.find((token) => isWord(token, 'DELETE', 'INSERT', 'UPDATE'))?.text.toUpperCase();
}

// What a trigger writes; undefined when it removes something, or cannot be followed.
function writesOf(tokens: readonly Token[]): readonly Write[] | undefined {
  const begin = tokens.findIndex((token) => isWord(token, 'BEGIN'));
  const end = tokens.findLastIndex((token) => isWord(token, 'END'));
  const body = tokens.slice(begin + 1, end);
  // A column may be called BEGIN: then the first piece is no statement.
  const starts = body.filter((_token, at) => at === 0 || body[at - 1]?.text === ';');
  if (begin === -1 || !starts.every((token) => isWord(token, 'INSERT', 'UPDATE', 'SELECT'))) return undefined;
  const effects = effectsIn(body);
  const writes = effects.filter((effect) => effect.kind === 'write' && !effect.removes);
  return writes.length === effects.length ? (writes as readonly Write[]) : undefined;
}
