import type { RowProgress } from '../domain/batches.js';
import type { Conflict } from '../domain/conflict.js';
import type { Database } from '../domain/migration.js';
import type { Loss, Mismatch, Violation } from '../errors.js';
import type { ForeignKeyCheck } from '../sqlite/foreign-key-guard.js';
import type { BatchLedger } from '../sqlite/scope.js';
import type { Blame } from './acts.js';
import type { StatementRecorder } from './statement-recorder.js';

/** What holds for the body of one migration; each is explained at `@migration()`. */
export interface BodyRules {
  readonly foreignKeys: 'off' | 'enforced';
  readonly foreignKeyCheck: ForeignKeyCheck;
  readonly expectLoss: readonly string[];
  /** Where what a rollback met that had changed since is put down. */
  readonly conflicts?: Conflict[];
  /** How many rows were written that are Decant's own. */
  readonly own?: { rows: number };
  /** Told how far batch() is. */
  readonly onBatch?: OnBatch | undefined;
  /** Where each batch is a transaction of its own. */
  readonly ledger?: BodyLedger | undefined;
}

export type OnBatch = (progress: RowProgress) => void;

/** What a body that commits each batch is run by. */
export interface BodyLedger extends BatchLedger {
  /** How many rows of Decant's own have been written for it since the body was called. */
  readonly ownRows: number;
  /** To be called before a text of SQL runs that is the body's own. @throws BatchError when it may not write now */
  before(sql: string): void;
}

/** What holds for a migration that declares nothing. */
export const STRICT_RULES: BodyRules = { foreignKeys: 'off', foreignKeyCheck: 'all', expectLoss: [] };

/** Opens and ends transactions, and runs the bodies of migrations. Synchronous throughout. */
export abstract class TransactionManager {
  /**
   * Brackets a run, in which the engine owns the connection's settings, foreign keys among them. They are put back
   * when `work` returns or throws.
   */
  session<T>(work: () => T): T {
    return work();
  }

  /**
   * Runs `work` in one write transaction: all that it did is committed when it returns, and rolled back when it
   * throws, in which case its error is thrown on.
   * @param foreignKeys whether SQLite enforces them meanwhile, which it must be told before the transaction; without
   * it, they stay as they are
   * @throws DatabaseLockedError when another process holds the lock for longer than the timeout
   */
  abstract run<T>(work: () => T, foreignKeys?: BodyRules['foreignKeys']): T;

  /** How many rows have been changed since the connection was opened; undefined where nobody counts. */
  changedRows(): number | undefined {
    return undefined;
  }

  /**
   * Runs what a user wrote, with a handle that works until it returns and not after: inside `run`, as part of its
   * transaction; outside, without one. Then checks what it has done.
   * @param recorder is to record what it runs
   * @returns what the user is to be warned of, if anything
   * @throws BodyError
   */
  abstract runBody(
    body: (db: Database) => unknown,
    rules?: BodyRules,
    recorder?: StatementRecorder,
  ): readonly string[] | void;

  /**
   * Lets `work` look at the database, outside any transaction of `run`: by a handle that cannot write, and that works
   * until it returns.
   * @returns undefined, and does not call it, where there is no database to look at
   */
  look<T>(_work: (db: Database) => T): T | undefined {
    return undefined;
  }
}

/** How a migration's body failed; the service turns it into the error that a user sees. */
export class BodyError extends Error {
  constructor(
    readonly kind:
      | 'threw'
      | 'returned a promise'
      | 'ended the transaction'
      | 'left a transaction open'
      | 'did damage',
    /** The statement that failed or ended the transaction, as far as the handle saw it. */
    readonly sql: string | undefined,
    cause?: unknown,
    /** Of one that did damage. */
    readonly damage?: Damage,
  ) {
    super(kind, { cause });
  }

  /** What the user was to be warned of, had it gone well. */
  warnings: readonly string[] = [];

  /** Of one that did damage, or ended or left open a transaction: who it was, where there are hooks. */
  blame: Blame | undefined;

  warning(warnings: readonly string[]): this {
    this.warnings = warnings;
    return this;
  }

  blaming(blame: Blame | undefined): this {
    this.blame = blame;
    return this;
  }
}

/** What a body has done that it did not ask to do. */
export interface Damage {
  readonly losses: readonly Loss[];
  readonly violations: readonly Violation[];
  readonly mismatches: readonly Mismatch[];
}

/** True for whatever can be awaited. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined | null)?.then === 'function';
}

/** Throws when what a body returned shows that it has not run to its end. @throws BodyError */
export function refusePromise(result: unknown): void {
  if (result === undefined) return; // as most bodies return
  // A generator has not even begun.
  if (Object.prototype.toString.call(result).endsWith('Generator]')) {
    throw new BodyError('returned a promise', undefined);
  }
  if (!isPromise(result)) return;
  // Its handle is dead from here on, so it will fail; that failure is told once, by the error below.
  Promise.resolve(result).catch(() => undefined);
  throw new BodyError('returned a promise', undefined);
}
