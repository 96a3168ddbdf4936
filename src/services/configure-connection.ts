import type { Database as Connection } from '../domain/migration.js';
import { ConfigError } from '../errors.js';
import { isSqliteError } from './sqlite-errors.js';
import { isPromise } from './transaction-manager.js';

/**
 * Gives a connection what the schema needs: functions, collations, extensions. Called for every connection that Decant
 * opens; a second one beside it included.
 */
export type ConfigureConnection = (db: Connection) => void;

/** Remembers the hook of a connection that somebody else has opened and configured: others beside it need it. */
export function adopt(db: Connection, configureConnection: ConfigureConnection | undefined): Connection {
  if (configureConnection !== undefined) hooks.set(db, configureConnection);
  return db;
}

/** The hook of a connection, if it has one. */
export function hookOf(db: Connection): ConfigureConnection | undefined {
  return hooks.get(db);
}

const hooks = new WeakMap<Connection, ConfigureConnection>();

/** Calls it for a connection that may write. @throws ConfigError */
export function callHook(db: Connection, hook: ConfigureConnection | undefined): void {
  if (hook === undefined) return;
  adopt(db, hook);
  let result: unknown;
  try {
    result = hook(db);
  } catch (cause) {
    throw hookError(`failed: ${(cause as Error | undefined)?.message ?? String(cause)}`, 'Mend it.', cause);
  }
  if (isPromise(result))
    throw hookError('returned a promise: it must be synchronous', 'Take `async` off it.');
}

/**
 * Calls it for a connection that only looks: what it sets in the file, as by PRAGMA journal_mode, is nothing to that, and
 * must not break off the hook, which may go on to what is needed.
 */
export function callHookToLook(db: Connection, hook: ConfigureConnection | undefined): void {
  const calls = { pragma: db.pragma.bind(db), exec: db.exec.bind(db) };
  db.pragma = (...args) =>
    unlessReadonly(() => calls.pragma(...args), args[1]?.simple === true ? undefined : []);
  db.exec = (...args) => unlessReadonly(() => calls.exec(...args), db);
  try {
    callHook(db, hook);
  } finally {
    for (const name of ['pragma', 'exec']) Reflect.deleteProperty(db, name); // the prototype's are back
  }
}

function unlessReadonly<T>(work: () => T, otherwise: T): T {
  try {
    return work();
  } catch (error) {
    if (isSqliteError(error) && error.code === 'SQLITE_READONLY') return otherwise;
    throw error;
  }
}

function hookError(what: string, hint: string, cause?: unknown): ConfigError {
  return new ConfigError(`configureConnection() ${what.replace(/\.$/, '')}.`, hint, { cause });
}
