import type { Statement } from 'better-sqlite3';
import type { Database } from '../domain/migration.js';
import { DatabaseError } from '../errors.js';
import { GuardedDatabase } from './guarded-database.js';
import { explainingSqliteErrors } from './sqlite-errors.js';
import { BodyError, TransactionManager } from './transaction-manager.js';

/** Transactions on one better-sqlite3 connection, which nobody else may be using within one. */
export class SqliteTransactionManager extends TransactionManager {
  readonly #db: Database;
  readonly #statements = new Map<string, Statement>();

  constructor(db: Database) {
    super();
    this.#db = db;
  }

  override run<T>(work: () => T): T {
    if (this.#db.inTransaction) throw nestedError();
    return explainingSqliteErrors(this.#db.name, () => {
      // IMMEDIATE: the write lock is taken here, where waiting for it is safe, and not in mid-migration.
      // https://sqlite.org/lang_transaction.html
      this.#execute('BEGIN IMMEDIATE');
      try {
        const result = work();
        this.#execute('COMMIT');
        return result;
      } catch (error) {
        this.#rollback();
        throw error;
      }
    });
  }

  override runBody(body: (db: Database) => unknown): void {
    const inside = this.#db.inTransaction;
    const ended = (): boolean => this.#db.inTransaction !== inside;
    const guarded = new GuardedDatabase(this.#db, (sql) => {
      // A body that has committed would go on outside of any transaction: stop it at that very statement.
      if (inside && ended()) throw new BodyError('ended the transaction', sql);
    });
    if (inside) this.#execute('SAVEPOINT decant_guard');
    try {
      refusePromise(body(guarded.handle));
    } catch (error) {
      throw error instanceof BodyError ? error : this.#failure(error, guarded.sqlOf(error), inside);
    } finally {
      guarded.kill();
    }
    if (inside) this.#releaseGuard();
    else if (ended()) this.#refuseOpenTransaction();
  }

  // After `COMMIT; BEGIN` in one exec() there is a transaction, but not the one that holds the savepoint.
  #releaseGuard(): void {
    try {
      this.#execute('RELEASE decant_guard');
    } catch (error) {
      throw new BodyError('ended the transaction', undefined, error);
    }
  }

  #refuseOpenTransaction(): never {
    this.#rollback();
    throw new BodyError('threw', undefined, new Error('it began a transaction and did not end it'));
  }

  // Without a transaction after an error, either SQLite rolled it back (a full disk, RAISE(ROLLBACK)), or the
  // body had ended it before the statement that failed.
  #failure(error: unknown, sql: string | undefined, inside: boolean): BodyError {
    const lost = inside && !this.#db.inTransaction;
    const ended = lost && /\b(?:COMMIT|END|ROLLBACK)\b/i.test(sql ?? '');
    return new BodyError(ended ? 'ended the transaction' : 'threw', sql, error);
  }

  // Never hides the error that made it necessary; some of those have ended the transaction already.
  #rollback(): void {
    if (this.#db.inTransaction) this.#execute('ROLLBACK');
  }

  #execute(sql: string): void {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    statement.run();
  }
}

function refusePromise(result: unknown): void {
  if (typeof (result as PromiseLike<unknown> | undefined)?.then !== 'function') return;
  // Its handle is dead from here on, so it will fail; that failure is told once, by the error below.
  Promise.resolve(result).catch(() => undefined);
  throw new BodyError('returned a promise', undefined);
}

function nestedError(): DatabaseError {
  return new DatabaseError(
    'A transaction is already open on this connection, so migrations cannot run in one of their own.',
    'Commit or roll it back first, or give Decant a connection of its own.',
  );
}
