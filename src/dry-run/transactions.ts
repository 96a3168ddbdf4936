import type { Database } from '../domain/migration.js';
import { DatabaseError } from '../errors.js';
import { CopyTransactionManager } from '../services/copy-transaction-manager.js';
import { explainingSqliteErrors } from '../services/sqlite-errors.js';
import { SqliteTransactionManager } from '../services/sqlite-transaction-manager.js';
import { StatementRecorder } from '../services/statement-recorder.js';
import { TransactionManager, type BodyRules } from '../services/transaction-manager.js';
import { inSavepoint } from '../sqlite/savepoint.js';
import { quoteName } from '../sqlite/tokens.js';
import { UncommittedRecorder } from './statements.js';

/** Transactions that record what bodies run. */
export abstract class RecordingTransactions extends TransactionManager {
  readonly #recorders: StatementRecorder[] = [];

  /** What was recorded since it was taken last. */
  take(): readonly StatementRecorder[] {
    return this.#recorders.splice(0);
  }

  protected record<T extends StatementRecorder>(recorder: T): T {
    this.#recorders.push(recorder);
    return recorder;
  }
}

/** The ordinary ones, of a copy. */
export class RealTransactions extends RecordingTransactions {
  readonly #real: CopyTransactionManager;

  constructor(db: Database) {
    super();
    this.#real = new CopyTransactionManager(db);
  }

  override session<T>(work: () => T): T {
    return this.#real.session(work);
  }

  override run<T>(work: () => T, foreignKeys?: BodyRules['foreignKeys']): T {
    return this.#real.run(work, foreignKeys);
  }

  override runBody(body: (db: Database) => unknown, rules?: BodyRules): readonly string[] {
    return this.#real.runBody(body, rules, this.record(new StatementRecorder()));
  }
}

/**
 * Savepoints of one transaction, which is rolled back in the end. Bodies run as ever, but for statements that would end
 * that transaction: they are refused before they run.
 */
export class PassingTransactions extends RecordingTransactions {
  readonly #db: Database;
  readonly #real: SqliteTransactionManager;

  constructor(db: Database) {
    super();
    this.#db = db;
    this.#real = new SqliteTransactionManager(db, 'dry run');
  }

  /**
   * Runs `work`, in which all else may be called, and takes back all that it has done.
   * @throws DatabaseLockedError
   */
  perform<T>(work: () => T, foreignKeys: BodyRules['foreignKeys']): T {
    let result: { readonly of: T } | undefined;
    const attached = attachedTo(this.#db);
    try {
      this.#real.run(() => {
        result = { of: work() };
        throw UNDO;
      }, foreignKeys);
    } catch (error) {
      if (error !== UNDO) throw error;
    } finally {
      for (const name of attachedTo(this.#db))
        if (!attached.includes(name)) this.#db.exec(`DETACH ${quoteName(name)}`);
    }
    return (result as unknown as { readonly of: T }).of; // it has been thrown after that was set
  }

  override run<T>(work: () => T): T {
    // A savepoint without a transaction around it would be one, and RELEASE its COMMIT.
    if (!this.#db.inTransaction) throw goneError(this.#db.name);
    return explainingSqliteErrors(this.#db.name, () => inSavepoint(this.#db, 'keep', work));
  }

  override runBody(body: (db: Database) => unknown, rules?: BodyRules): readonly string[] {
    const recorder = this.record(new UncommittedRecorder());
    const watched = (db: Database): unknown => {
      const result = body(db);
      recorder.refuseEnd();
      return result;
    };
    return this.#real.runBody(watched, rules, recorder);
  }
}

// What a body attaches outlives the rollback, and would be in the way of the real run. 0 and 1 are main and temp.
function attachedTo(db: Database): readonly string[] {
  return db.prepare<[], string>('SELECT name FROM pragma_database_list WHERE seq > 1').pluck().all();
}

const UNDO = Symbol('rolled back on purpose');

function goneError(database: string): DatabaseError {
  return new DatabaseError(
    `The dry run's transaction on ${database} is no more: SQLite has rolled it back.`,
    'Look at what failed before; nothing was changed.',
  );
}
