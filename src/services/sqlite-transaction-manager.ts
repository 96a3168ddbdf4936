import { randomBytes } from 'node:crypto';
import type { Database } from '../domain/migration.js';
import { endsTransaction } from '../sqlite/ends-transaction.js';
import { BodyWatch } from './body-watch.js';
import { withDeepStacks } from './error-facts.js';
import { GuardedDatabase, type Watch } from './guarded-database.js';
import { lookOnly } from './look-only.js';
import {
  explainingSqliteErrors,
  foreignKeysError,
  journalError,
  nestedError,
  rollsBack,
} from './sqlite-errors.js';
import type { StatementRecorder } from './statement-recorder.js';
import { Statements } from './statements.js';
import {
  BodyError,
  refusePromise,
  STRICT_RULES,
  TransactionManager,
  type BodyRules,
} from './transaction-manager.js';

type Body = (db: Database) => unknown;

/** Transactions on one better-sqlite3 connection, which nobody else may be using within one. */
export class SqliteTransactionManager extends TransactionManager {
  readonly #db: Database;
  readonly #statements: Statements;
  // A name that no migration can know.
  readonly #guard = guardNamed(`decant_${randomBytes(6).toString('hex')}`);
  /** Within a session: how foreign keys are set now. */
  #foreignKeys: BodyRules['foreignKeys'] | undefined;

  readonly #inside: 'transaction' | 'dry run';

  /** @param kind `'dry run'`: bodies share a transaction, which began before the first of them */
  constructor(db: Database, kind: 'for real' | 'dry run' = 'for real') {
    super();
    this.#db = db;
    this.#statements = new Statements(db);
    this.#inside = kind === 'dry run' ? kind : 'transaction';
  }

  override session<T>(work: () => T): T {
    if (this.#db.inTransaction) throw nestedError();
    if (this.#foreignKeys !== undefined) return work();
    if (this.#db.pragma('journal_mode', { simple: true }) === 'off') throw journalError(this.#db.name);
    const before = this.#readForeignKeys();
    this.#foreignKeys = before;
    let result: T;
    try {
      result = work();
    } catch (error) {
      this.#endSession(before, 'failed');
      throw error;
    }
    this.#endSession(before, 'done');
    return result;
  }

  override run<T>(work: () => T, foreignKeys?: BodyRules['foreignKeys']): T {
    if (this.#db.inTransaction) throw nestedError();
    if (foreignKeys !== undefined) {
      return this.session(() => {
        this.#setForeignKeys(foreignKeys);
        return this.run(work);
      });
    }
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

  // It names no table, so SQLite need not compile it anew after each migration.
  override changedRows(): number {
    return this.#statements.values('SELECT total_changes()').get() as number;
  }

  override runBody(body: Body, rules = STRICT_RULES, recorder?: StatementRecorder): readonly string[] {
    if (!this.#db.inTransaction) return this.session(() => this.#runOutside(body, rules, recorder));
    const parting = { end: () => this.#partInside(guarded), mark: (name: string) => this.#mark(name) };
    const watch = new BodyWatch(this.#db, rules, this.#inside, parting, recorder);
    const guarded = new GuardedDatabase(
      this.#db,
      this.watched(watch),
      () => !this.#db.inTransaction,
      recorder,
    );
    this.#execute(this.#guard.open);
    try {
      callAndKill(body, guarded);
    } catch (error) {
      throw watch.told(this.#failureInside(error, guarded, watch.sqlOf(error)));
    } finally {
      watch.restoreSettings();
    }
    const gone = this.#releaseGuard(guarded);
    if (gone !== undefined) throw watch.told(gone);
    watch.refuseDamage();
    return watch.warnings;
  }

  override look<T>(work: (db: Database) => T): T {
    if (this.#db.inTransaction) throw nestedError();
    return lookOnly(this.#db, work);
  }

  /** What looks at the statements of a body before they run. */
  protected watched(watch: Watch): Watch {
    return watch;
  }

  #runOutside(body: Body, rules: BodyRules, recorder?: StatementRecorder): readonly string[] {
    this.#setForeignKeys(rules.foreignKeys);
    const parting = { end: () => this.#partOutside(guarded) };
    const watch = new BodyWatch(this.#db, rules, 'none', parting, recorder);
    const guarded = new GuardedDatabase(this.#db, this.watched(watch), () => false, recorder);
    try {
      callAndKill(body, guarded);
      this.#partOutside(guarded);
    } catch (error) {
      throw watch.told(this.#failureOutside(error, guarded));
    } finally {
      watch.restoreSettings();
      this.#foreignKeys = this.#readForeignKeys(); // here the body may have set them itself
    }
    watch.refuseDamage();
    return watch.warnings;
  }

  // Never hides the error that ended the session.
  #endSession(before: BodyRules['foreignKeys'], outcome: 'done' | 'failed'): void {
    this.#foreignKeys = undefined; // a change that failed may have been made or not: it is set in any case
    try {
      this.#setForeignKeys(before);
    } catch (error) {
      if (outcome === 'done') throw error;
    } finally {
      this.#foreignKeys = undefined;
    }
  }

  // Inside a transaction the pragma does nothing and says nothing, so what it did is read back.
  // https://sqlite.org/pragma.html#pragma_foreign_keys
  #setForeignKeys(wanted: BodyRules['foreignKeys']): void {
    if (this.#foreignKeys === wanted) return;
    this.#foreignKeys = wanted;
    this.#db.pragma(`foreign_keys = ${wanted === 'enforced' ? 'ON' : 'OFF'}`);
    if (this.#readForeignKeys() !== wanted) throw foreignKeysError(this.#db.name, wanted);
  }

  #readForeignKeys(): BodyRules['foreignKeys'] {
    return Number(this.#db.pragma('foreign_keys', { simple: true })) === 1 ? 'enforced' : 'off';
  }

  // After `COMMIT; BEGIN` in one exec() there is a transaction, but not the one that holds the savepoint.
  #releaseGuard({ endedBy }: GuardedDatabase): BodyError | undefined {
    try {
      this.#execute(this.#guard.release);
    } catch (error) {
      // It is not gone where the disk failed: then all is rolled back.
      return rollsBack(error)
        ? new BodyError('threw', undefined, error)
        : new BodyError('ended the transaction', endedBy);
    }
  }

  // Each of those who share a body has a guard of its own. The mark lies outside of that, and so it stays.
  #mark(name: string): void {
    this.#db.exec(`SAVEPOINT ${name}; ${this.#guard.open}`);
  }

  #partInside(guarded: GuardedDatabase): void {
    guarded.endIterators();
    const gone = this.#releaseGuard(guarded);
    if (gone !== undefined) throw gone;
  }

  #partOutside(guarded: GuardedDatabase): void {
    guarded.endIterators();
    if (this.#db.inTransaction)
      throw new BodyError('left a transaction open', undefined, new Error(LEFT_OPEN));
  }

  #failureInside(error: unknown, guarded: GuardedDatabase, sql: string | undefined): BodyError {
    const failure = bodyErrorOf(error, guarded, sql);
    if (!this.#hasEnded(guarded, failure.cause)) return failure;
    return new BodyError('ended the transaction', guarded.endedBy ?? failure.sql, failure.cause);
  }

  #failureOutside(error: unknown, guarded: GuardedDatabase): BodyError {
    this.#rollback(); // what was begun and left open
    return bodyErrorOf(error, guarded);
  }

  // Without a transaction after an error, either SQLite rolled it back (a full disk, RAISE(ROLLBACK)), or the body
  // had ended it: by a statement that says so, or behind the handle's back. So does alterTable() what it does.
  #hasEnded(guarded: GuardedDatabase, cause: unknown): boolean {
    const { endedBy } = guarded;
    if (!this.#db.inTransaction) return endedBy === undefined ? !rollsBack(cause) : endsTransaction(endedBy);
    return this.#releaseGuard(guarded)?.kind === 'ended the transaction';
  }

  // Never hides the error that made it necessary; some of those have ended the transaction already.
  #rollback(): void {
    if (this.#db.inTransaction) this.#execute('ROLLBACK');
  }

  #execute(sql: string): void {
    this.#statements.rows(sql).run();
  }
}

const LEFT_OPEN = 'it began a transaction (BEGIN or SAVEPOINT) and did not end it';

function guardNamed(name: string): { readonly open: string; readonly release: string } {
  return { open: `SAVEPOINT ${name}`, release: `RELEASE ${name}` };
}

// The handle dies first of all: an iterator that it left open would block the engine's own statements.
function callAndKill(body: Body, guarded: GuardedDatabase): void {
  try {
    refusePromise(withDeepStacks(() => body(guarded.handle)));
  } finally {
    guarded.kill();
  }
}

function bodyErrorOf(error: unknown, guarded: GuardedDatabase, sql?: string): BodyError {
  return error instanceof BodyError ? error : new BodyError('threw', sql ?? guarded.sqlOf(error), error);
}
