import type { Database } from '../domain/migration.js';

/** Opens and ends transactions, and runs the bodies of migrations. Synchronous throughout. */
export abstract class TransactionManager {
  /**
   * Runs `work` in one write transaction: all that it did is committed when it returns, and rolled back when it
   * throws, in which case its error is thrown on.
   * @throws DatabaseLockedError when another process holds the lock for longer than the timeout
   */
  abstract run<T>(work: () => T): T;

  /**
   * Runs what a user wrote, with a handle that works until it returns and not after: inside `run`, as part of its
   * transaction; outside, without one.
   * @throws BodyError
   */
  abstract runBody(body: (db: Database) => unknown): void;
}

/** How a migration's body failed; the service turns it into the error that a user sees. */
export class BodyError extends Error {
  constructor(
    readonly kind: 'threw' | 'returned a promise' | 'ended the transaction',
    /** The statement that failed or ended the transaction, as far as the handle saw it. */
    readonly sql: string | undefined,
    cause?: unknown,
  ) {
    super(kind, { cause });
  }
}

/** True for whatever can be awaited. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined | null)?.then === 'function';
}

/** Throws when what a body returned shows that it has not run to its end. @throws BodyError */
export function refusePromise(result: unknown): void {
  // A generator has not even begun.
  if (Object.prototype.toString.call(result).endsWith('Generator]')) {
    throw new BodyError('returned a promise', undefined);
  }
  if (!isPromise(result)) return;
  // Its handle is dead from here on, so it will fail; that failure is told once, by the error below.
  Promise.resolve(result).catch(() => undefined);
  throw new BodyError('returned a promise', undefined);
}
