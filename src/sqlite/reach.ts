import type { Database } from '../domain/migration.js';
import { effectsIn, type Effect } from './effects.js';
import { foldName, isWord, tokensOf } from './tokens.js';
import { firesOn, type RowEvent } from './trigger-event.js';

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
  /** What writes set off; undefined where rows may go anywhere. */
  readonly #known = new Map<string, readonly Effect[] | undefined>();
  #found: Reach = 'named';

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * How far the body has reached once these statements have run. A write may remove rows elsewhere by a trigger, by a
   * foreign key's action, or by ON CONFLICT REPLACE in the definition of a table.
   * @param columns all that is set, where that is known
   */
  after(effects: readonly Effect[], foreignKeys: 'off' | 'enforced', columns?: readonly string[]): Reached {
    if (effects.some(({ kind }) => kind !== 'write')) this.#known.clear();
    const triggered: Effect[] = [];
    if (this.#found === 'anywhere') return { reach: 'anywhere', triggered };
    for (const effect of effects) {
      const isLost = writesSchema(effect) || isFiredAtOnce(effect, effects) || cascades(effect, foreignKeys);
      const more = isLost ? undefined : this.#triggeredBy(effect, columns);
      if (more === undefined) this.#found = 'anywhere';
      else triggered.push(...more);
    }
    return { reach: this.#found, triggered };
  }

  #triggeredBy(effect: Effect, columns: readonly string[] | undefined): readonly Effect[] | undefined {
    if (effect.kind !== 'write') return NOTHING;
    const key = JSON.stringify([effect, columns]);
    if (!this.#known.has(key)) this.#known.set(key, triggeredBy(this.#db, effect, columns));
    return this.#known.get(key);
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

function cascades({ kind }: Effect, foreignKeys: 'off' | 'enforced'): boolean {
  return foreignKeys === 'enforced' && (kind === 'write' || kind === 'drop');
}

// What a write sets off, trigger by trigger; undefined when rows may go that nobody said.
function triggeredBy(
  db: Database,
  first: Write,
  columns: readonly string[] | undefined,
): readonly Write[] | undefined {
  const direct = writesOn(db, first, columns && new Set(columns.map(foldName)));
  if (direct === undefined) return undefined;
  const all = new Map(direct.map((write) => [JSON.stringify(write), write])); // grows while it is walked through
  for (const write of all.values()) {
    const writes = writesOn(db, write);
    if (writes === undefined) return undefined;
    for (const each of writes) all.set(JSON.stringify(each), each);
  }
  // INSERT OR REPLACE replaces in what its triggers write, too. https://sqlite.org/lang_createtrigger.html
  return replaces(first) && all.size > 0 ? undefined : [...all.values()];
}

function replaces({ verb, removes }: Write): boolean {
  return removes && verb !== 'delete';
}

// What the triggers write that a write fires; undefined as above.
function writesOn(db: Database, write: Write, columns?: ReadonlySet<string>): readonly Write[] | undefined {
  const sql = `SELECT type, sql FROM ${SCHEMAS} WHERE tbl_name = ? COLLATE NOCASE AND type IN ('table', 'trigger')`;
  const found = db.prepare(sql).all(write.table) as { readonly type: string; readonly sql: string }[];
  const writes = found.map(({ type, sql: text }) => {
    if (type === 'table') return write.verb !== 'delete' && /replace/i.test(text) ? undefined : [];
    return firesOn(text, eventsOf(write), columns) ? writesOf(text) : [];
  });
  return writes.every((each) => each !== undefined) ? writes.flat() : undefined;
}

// An INSERT may do an UPDATE by ON CONFLICT, and what is replaced is deleted. https://sqlite.org/lang_upsert.html
function eventsOf(write: Write): readonly RowEvent[] {
  const own: Record<Write['verb'], readonly RowEvent[]> = {
    insert: ['INSERT', 'UPDATE'],
    update: ['UPDATE'],
    delete: ['DELETE'],
  };
  return replaces(write) ? [...own[write.verb], 'DELETE'] : own[write.verb];
}

// What a trigger writes; undefined when it removes something, or cannot be followed.
function writesOf(trigger: string): readonly Write[] | undefined {
  const tokens = tokensOf(trigger);
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
