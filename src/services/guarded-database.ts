import type { Database } from '../domain/migration.js';
import { DeadHandleError } from '../errors.js';
import { SCOPE_KEY, type MigrationScope } from '../sqlite/scope.js';
import type { RecordedCall, StatementRecorder } from './statement-recorder.js';
import { BodyError } from './transaction-manager.js';

/** Who is told of what a body does. */
export interface Watch {
  /** Undefined where there is no migration, whose tables could be changed on its behalf. */
  readonly scope: MigrationScope | undefined;
  /** Called before a text of SQL runs. */
  before(sql: string): void;
}

/**
 * A connection as a migration's body sees it. It, and every statement, iterator and transaction made from it, can
 * be cut off: code that goes on after its migration has ended (behind an await, in a timer) must not write.
 */
export class GuardedDatabase {
  readonly #db: Database;
  readonly #watch: Watch;
  readonly #isOver: () => boolean;
  readonly #recorder: StatementRecorder | undefined;
  readonly #iterators = new Set<Iterator<unknown>>();
  #alive = true;
  #failed: { readonly error: unknown; readonly sql: string | undefined } | undefined;
  #endedBy: { readonly sql: string | undefined } | undefined;
  /** What the body is given. */
  readonly handle: Database;

  /**
   * @param watch is told of each statement before it runs
   * @param isOver asked around each call: whether the transaction that the body belongs to is no more
   * @param recorder records each call
   */
  constructor(db: Database, watch: Watch, isOver: () => boolean, recorder?: StatementRecorder) {
    this.#db = db;
    this.#watch = watch;
    this.#recorder = recorder;
    this.#isOver = isOver;
    recorder?.begin(db);
    this.handle = this.#wrap(db, { sqlOf: sqlOfCall, after: 'look' });
  }

  /** The statement that threw `error`, if it was run by this handle. */
  sqlOf(error: unknown): string | undefined {
    return this.#failed?.error === error ? this.#failed?.sql : undefined;
  }

  /** The statement after which the transaction was no more, whether or not it threw. */
  get endedBy(): string | undefined {
    return this.#endedBy?.sql;
  }

  /** Ends open iterators, which would block the engine's own statements, and makes every later call throw. */
  kill(): void {
    this.#alive = false;
    this.endIterators();
    this.#recorder?.end();
  }

  /** Ends those that were left open. */
  endIterators(): void {
    for (const iterator of this.#iterators) iterator.return?.();
    this.#iterators.clear();
  }

  // The target is a dummy: a proxy may not hide the real one's read-only properties, `database` among them.
  #wrap<T extends object>(real: T, origin: Origin): T {
    const methods = new Map<PropertyKey, Method>();
    const proxy: T = new Proxy(Object.create(Object.getPrototypeOf(real) as object) as T, {
      get: (_target, key) => {
        const known = methods.get(key); // of a hundred thousand calls of run(), all but the first
        if (known !== undefined) return known;
        if (key === SCOPE_KEY) return real === this.#db && this.#alive ? this.#watch.scope : undefined;
        const value: unknown = Reflect.get(real, key, real);
        if (value === this.#db) return this.handle;
        if (typeof value !== 'function' || key === 'constructor') return value;
        const method = this.#guard({ target: real, method: key, run: value as Method, origin }, () => proxy);
        methods.set(key, method);
        return method;
      },
    });
    return proxy;
  }

  #guard(guarded: Guarded, self: () => object): Method {
    const { target, method, origin } = guarded;
    const givesRows = ROWS.has(method);
    return (...args) => {
      const sql = origin.sqlOf(method, args);
      const result = this.#call(guarded, sql, args);
      if (givesRows) return result;
      return result === target ? self() : this.#adopt(result, sql);
    };
  }

  #call(guarded: Guarded, sql: string | undefined, args: unknown[]): unknown {
    if (!this.#alive) throw deadHandle();
    // Without its transaction a body would go on in autocommit, where nothing can be taken back: it is stopped at
    // the statement that ended it, and, should it swallow that error, at every later one. Before the call, too: it
    // may have ended it on a connection that it brought along.
    this.#noteIfOver(undefined);
    this.#refuseIfOver();
    try {
      const result = this.#perform(guarded, sql, args);
      if (guarded.origin.after === 'look') this.#noteIfOver(sql);
      this.#refuseIfOver();
      return result;
    } catch (error) {
      this.#noteIfOver(sql);
      // The innermost statement sees its error first; a transaction function around it must not take its place.
      if (this.#failed?.error !== error) this.#failed = { error, sql };
      throw error;
    }
  }

  #perform({ target, method, run }: Guarded, sql: string | undefined, args: unknown[]): unknown {
    if (sql === undefined) return Reflect.apply(run, target, args);
    if (RUNS.has(method)) this.#watch.before(sql);
    if (this.#recorder === undefined) return Reflect.apply(run, target, args);
    return this.#recorder.call({ sql, method, target, run, args });
  }

  #noteIfOver(sql: string | undefined): void {
    if (this.#isOver()) this.#endedBy ??= { sql };
  }

  #refuseIfOver(): void {
    if (this.#endedBy !== undefined) throw new BodyError('ended the transaction', this.#endedBy.sql);
  }

  // What a call gave back must be as mortal as the handle.
  #adopt(result: unknown, sql: string | undefined): unknown {
    if (isTransaction(result)) return this.#wrapTransaction(result);
    if (isStatement(result)) return this.#wrap(result, originOf(result.source));
    if (!isIterator(result)) return result;
    this.#iterators.add(result);
    return this.#wrap(result, originOf(sql));
  }

  #wrapTransaction(transaction: Transaction): Transaction {
    const { handle } = this;
    const call = this.#call.bind(this);
    const guard = (variant: Transaction) =>
      function inTransaction(this: unknown, ...args: unknown[]): unknown {
        const guarded = { target: this as object, method: 'transaction', run: variant, origin: UNKNOWN };
        return call(guarded, undefined, args);
      };
    return Object.assign(guard(transaction), {
      database: handle,
      default: guard(transaction.default),
      deferred: guard(transaction.deferred),
      immediate: guard(transaction.immediate),
      exclusive: guard(transaction.exclusive),
    }) as Transaction;
  }
}

/** The methods, of a connection and of its statements, that run SQL. */
const RUNS: ReadonlySet<PropertyKey> = new Set(['exec', 'pragma', 'run', 'get', 'all', 'iterate']);

/** Those whose results are no handles of anything. */
const ROWS: ReadonlySet<PropertyKey> = new Set(['run', 'get', 'all']);

/** A method of a real object. */
interface Guarded extends Pick<RecordedCall, 'target' | 'method' | 'run'> {
  readonly origin: Origin;
}

/** Where a wrapped object comes from. */
interface Origin {
  readonly sqlOf: (method: PropertyKey, args: readonly unknown[]) => string | undefined;
  /** Whether a call that goes well may have ended the transaction. To ask takes as long as a short statement. */
  readonly after: 'look' | 'nothing';
}

function originOf(sql: string | undefined): Origin {
  const isInnocent = sql !== undefined && !/\b(?:commit|end|rollback)\b/i.test(sql);
  return { sqlOf: () => sql, after: isInnocent ? 'nothing' : 'look' };
}

const UNKNOWN = originOf(undefined);

const sqlOfCall: Origin['sqlOf'] = (method, [first]) => {
  if (method === 'close') throw closed();
  if (method === 'pragma') return `PRAGMA ${String(first)}`;
  return method === 'exec' || method === 'prepare' ? String(first) : undefined;
};

type Method = RecordedCall['run'];

interface Transaction {
  (...args: unknown[]): unknown;
  readonly database: Database;
  readonly default: Transaction;
  readonly deferred: Transaction;
  readonly immediate: Transaction;
  readonly exclusive: Transaction;
}

function isTransaction(value: unknown): value is Transaction {
  return typeof value === 'function' && 'immediate' in value;
}

// By a method: a row may have columns of any name.
function isStatement(value: unknown): value is { readonly source: string } {
  return (
    typeof value === 'object' && value !== null && 'iterate' in value && typeof value.iterate === 'function'
  );
}

function isIterator(value: unknown): value is IterableIterator<unknown> {
  return typeof value === 'object' && value !== null && 'next' in value && typeof value.next === 'function';
}

function deadHandle(): DeadHandleError {
  return new DeadHandleError(
    'This database handle belonged to a migration that has ended; the statement was not run.',
    'Run every statement before up() or down() returns; what must be awaited goes into prepare().',
  );
}

function closed(): DeadHandleError {
  return new DeadHandleError(
    'A migration cannot close the database that it runs in.',
    'Remove the call to close(): the engine closes what it opened.',
  );
}
