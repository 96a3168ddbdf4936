import type { Database } from '../domain/migration.js';
import type { ChangeLog } from './change-log.js';
import type { Effect } from './effects.js';
import { childrenOf, foreignKeyState, newTrouble, type ForeignKeyState } from './foreign-keys.js';
import type { Reach } from './reach.js';
import { foldName } from './tokens.js';

/** Which foreign keys are checked after a migration: all, those of what it changed and of its children, or none. */
export type ForeignKeyCheck = 'all' | 'changed' | 'none';

/**
 * The database as it was before a transaction that is not yet committed. Where it cannot be seen any more, the guard
 * looks before the first statement that may violate a key, which costs the check once more.
 */
export interface Past {
  isOpen(): boolean;
  read<T>(look: (before: Database) => T): T;
}

const NONE: ForeignKeyState = { violations: [], mismatches: [] };

/** Tells which foreign keys a migration has left violated that were not before. */
export class ForeignKeyGuard {
  readonly #db: Database;
  readonly #check: ForeignKeyCheck;
  readonly #past: Past;
  #before: ForeignKeyState | undefined;
  #mayViolate = false;
  #reach: Reach = 'named';

  constructor(db: Database, check: ForeignKeyCheck, past: Past) {
    this.#db = db;
    this.#check = check;
    this.#past = past;
  }

  /** To be called before statements run. */
  before(effects: readonly Effect[], reach: Reach): void {
    if (this.#check === 'none') return;
    // An index may have been what made the columns of a parent a key; its name does not tell whose it is.
    const dropsIndex = effects.some((effect) => effect.kind === 'drop' && effect.type === 'index');
    if (reach === 'anywhere' || dropsIndex) this.#reach = 'anywhere';
    // What only makes new things violates nothing.
    if (!effects.some(({ kind }) => kind !== 'create' && kind !== 'pragma')) return;
    if (!this.#mayViolate && !this.#past.isOpen()) this.#before = foreignKeyState(this.#db);
    this.#mayViolate = true;
  }

  /** What is violated now and was not before. */
  newTrouble(log: ChangeLog): ForeignKeyState {
    if (!this.#mayViolate) return NONE;
    const after = foreignKeyState(this.#db, this.#tablesToCheck(log));
    if (after.violations.length === 0 && after.mismatches.length === 0) return NONE;
    const before = this.#before ?? this.#past.read(foreignKeyState);
    return newTrouble(before, after, (table) => log.originOf(table));
  }

  #tablesToCheck(log: ChangeLog): readonly string[] | undefined {
    if (this.#check === 'all' || this.#reach === 'anywhere') return undefined;
    const children = childrenOf(this.#db, log.touched);
    const own = childrenOf(this.#db).filter((table) => log.touched.has(foldName(table)));
    return [...new Set([...own, ...children])];
  }
}
