import { randomBytes } from 'node:crypto';
import type { Actor } from '../domain/hooks.js';
import type { Database } from '../domain/migration.js';
import type { Amounts } from './damage.js';

/** Who did something, where hooks have acted beside the migration. */
export interface Blame {
  readonly actors: readonly Actor[];
  /** `'each'` of them did a part of it, or `'any'` of them may have done it. */
  readonly share: 'each' | 'any';
}

/** What is done between one who has acted and the next. */
export interface Parting {
  /** @throws BodyError for what the one has left that nobody may leave */
  end(): void;
  /** Sets what can be gone back to; undefined where there is no transaction. */
  readonly mark?: (name: string) => void;
}

/** What one of them did; more than one, where there was nothing to go back to in between. */
interface Act {
  readonly actors: Actor[];
  /** The savepoint that it began with. */
  readonly mark: string;
  /** What damage there was then; to be asked when all is as it was. */
  readonly amounts: () => Amounts;
}

/**
 * Hooks and the migration that they are called for, one after the other. Between two of them lies a savepoint. So what
 * they did can be taken back act by act to see whose it was, when there is damage; else nothing is looked at.
 */
export class Acts {
  readonly #db: Database;
  readonly #parting: Parting;
  // A name that no migration can know.
  readonly #prefix = `decant_${randomBytes(6).toString('hex')}`;
  readonly #acts: Act[] = [];

  constructor(db: Database, parting: Parting) {
    this.#db = db;
    this.#parting = parting;
  }

  /** To be called before one of them acts. @throws BodyError for what the one before it has left */
  begin(actor: Actor, amounts: () => Amounts): void {
    const last = this.#acts.at(-1);
    const mark = `${this.#prefix}_${this.#acts.length}`;
    if (last !== undefined) {
      this.#parting.end();
      if (this.#parting.mark === undefined) return void last.actors.push(actor);
      this.#parting.mark(mark);
    }
    this.#acts.push({ actors: [actor], mark, amounts });
  }

  /** Who acts, or was the last to. */
  now(): Blame | undefined {
    const actor = this.#acts.at(-1)?.actors.at(-1);
    return actor && { actors: [actor], share: 'each' };
  }

  /** Who did damage. It takes back, act by act, what was done. */
  whoDid(damage: Amounts): Blame | undefined {
    const guilty: (readonly Actor[])[] = [];
    let after = damage;
    for (const [index, act] of [...this.#acts.entries()].toReversed()) {
      const before = index === 0 ? NONE : this.#goBackTo(act);
      if ([...after].some(([part, amount]) => amount > (before.get(part) ?? 0))) guilty.unshift(act.actors);
      after = new Map([...before].filter(([part]) => after.has(part)));
    }
    if (guilty.length === 0) return undefined;
    return { actors: guilty.flat(), share: guilty.some(({ length }) => length > 1) ? 'any' : 'each' };
  }

  #goBackTo({ mark, amounts }: Act): Amounts {
    this.#db.exec(`ROLLBACK TO ${mark}`);
    return amounts();
  }
}

const NONE: Amounts = new Map();
