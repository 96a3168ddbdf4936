import { copyFileSync, existsSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import type { Database as Connection } from '../domain/migration.js';
import { DatabaseError } from '../errors.js';
import { callHook, callHookToLook, hookOf, type ConfigureConnection } from './configure-connection.js';
import { makeFolders, makeTemporaryFolder } from './folders.js';
import { DEFAULT_LOCK_TIMEOUT } from './lock-timeout.js';
import { explainingSqliteErrors, isLocked, isSqliteError } from './sqlite-errors.js';
import { standFor } from './stand-in.js';

/**
 * Opens a database for migrating, with foreign keys on and a busy timeout. A file that does not exist is created,
 * its folder too, and put into WAL mode; one that does keeps the journal mode that it has.
 * @param path a file's path, or `:memory:`
 * @param timeout milliseconds
 * @throws DatabaseError, DatabaseLockedError
 */
export function openDatabase(
  path: string,
  timeout = DEFAULT_LOCK_TIMEOUT,
  configureConnection?: ConfigureConnection,
): Connection {
  return open(path, timeout, (db) => {
    callHook(db, configureConnection);
    if (db.pragma('page_count', { simple: true }) === 0) setWal(db, timeout);
  });
}

/**
 * Opens a database to write to it what is rolled back: one that is there stays in the journal mode that it has, and one
 * that is not is not created, but taken for an empty one in memory.
 */
export function openForDryRun(
  path: string,
  timeout = DEFAULT_LOCK_TIMEOUT,
  configureConnection?: ConfigureConnection,
): Connection {
  const isThere = path !== path.trim() || existsSync(path);
  return open(isThere ? path : ':memory:', timeout, (db) => callHook(db, configureConnection));
}

/** Opens Decant's own database, which is in WAL mode whoever made it, and keeps its search index in step. */
export function openOwnDatabase(path: string): Connection {
  return open(path, DEFAULT_LOCK_TIMEOUT, (db) => {
    if (path !== ':memory:') setWal(db, DEFAULT_LOCK_TIMEOUT);
    // Without it, REPLACE deletes rows behind the back of the triggers that keep nodes_fts in step.
    // https://sqlite.org/lang_conflict.html
    db.pragma('recursive_triggers = ON');
  });
}

function open(path: string, timeout: number, configure: (db: Connection) => void): Connection {
  return explainingSqliteErrors(path, () => {
    if (path !== path.trim()) throw trimmed(path);
    makeFolder(path);
    return configured(new Database(path, { timeout }), (db) => {
      db.pragma('foreign_keys = ON');
      configure(db);
    });
  });
}

/**
 * Opens a database for looking, in a way that changes no byte of its file; a file that does not exist is not
 * created, but taken for an empty database.
 */
export function openForReading(
  path: string,
  timeout = DEFAULT_LOCK_TIMEOUT,
  configureConnection?: ConfigureConnection,
): Connection {
  return explainingSqliteErrors(path, () => {
    if (path !== path.trim()) throw trimmed(path);
    if (path === ':memory:') return look(new Database(path), configureConnection);
    const db = existsSync(path)
      ? openFileForReading(path, timeout, configureConnection)
      : look(new Database(':memory:'), configureConnection);
    if (Number(db.pragma('page_count', { simple: true })) === 0)
      standFor(db, { file: resolve(path), journalMode: 'wal' });
    return db;
  });
}

function openFileForReading(
  path: string,
  timeout: number,
  configureConnection: ConfigureConnection | undefined,
): Connection {
  const file = realpathSync(path); // SQLite keeps its journals beside the file itself, not beside a link to it
  // The last connection to close a WAL database moves the WAL into the file, unless it is read-only. Without a
  // WAL there is nothing to move, and a read-only connection would leave an empty one behind.
  const readonly = existsSync(`${file}-wal`) || existsSync(`${file}-journal`);
  try {
    return look(new Database(file, { readonly, timeout, fileMustExist: true }), configureConnection);
  } catch (error) {
    if (isSqliteError(error) && error.code === 'SQLITE_READONLY_ROLLBACK')
      return openRecovered(file, configureConnection);
    throw error;
  }
}

/** A second, read-only connection to the file of one that is open: it sees what is committed. */
export function openBeside(db: Connection): Connection {
  const path = fileOf(db);
  return explainingSqliteErrors(path, () =>
    configured(new Database(path, { readonly: true, fileMustExist: true }), (beside) =>
      callHookToLook(beside, hookOf(db)),
    ),
  );
}

/** Opens a file that is nobody else's, such as a copy, as it is. */
export function openFile(
  file: string,
  access: 'read' | 'write',
  configureConnection?: ConfigureConnection,
): Connection {
  return explainingSqliteErrors(file, () =>
    configured(new Database(file, { readonly: access === 'read', fileMustExist: true }), (db) =>
      callHookToLook(db, configureConnection),
    ),
  );
}

/** The absolute path of what a connection has open, wherever this process went since; empty for one in memory. */
export function fileOf(db: Connection): string {
  const files = db.pragma('database_list') as readonly { readonly name: string; readonly file: string }[];
  return files.find(({ name }) => name === 'main')?.file ?? '';
}

/** Whether a killed process may have left a journal that has to be played back before anything can be read. */
export function mayNeedRecovery(path: string): boolean {
  return existsSync(path) && existsSync(`${realpathSync(path)}-journal`);
}

function look(connection: Connection, hook: ConfigureConnection | undefined): Connection {
  return configured(connection, (db) => {
    db.pragma('query_only = ON');
    callHookToLook(db, hook);
    db.pragma('schema_version'); // the first read: here a file that is no database is found out
  });
}

// A journal that a killed process left must be played back before anything can be read, and that would write. So it
// is played back on a copy, which is read into memory. https://sqlite.org/lockingv3.html#hot_journals
function openRecovered(path: string, hook: ConfigureConnection | undefined): Connection {
  const folder = makeTemporaryFolder('decant-');
  try {
    const copy = join(folder, 'copy.db');
    copyFileSync(path, copy);
    copyFileSync(`${path}-journal`, `${copy}-journal`);
    const db = new Database(copy);
    try {
      const journalMode = String(db.pragma('journal_mode', { simple: true }));
      return standFor(look(new Database(db.serialize()), hook), { file: path, journalMode });
    } finally {
      db.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function configured(db: Connection, configure: (db: Connection) => void): Connection {
  try {
    configure(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

// Two processes that create one database meet here, where SQLite does not wait by itself.
// https://sqlite.org/wal.html#activating_and_configuring_wal_mode
function setWal(db: Connection, timeout: number): void {
  const end = Date.now() + timeout;
  for (;;) {
    try {
      db.pragma('journal_mode = WAL');
      return;
    } catch (error) {
      if (!isLocked(error) || Date.now() >= end) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

// better-sqlite3 would trim the name, and open another file than the one that was meant.
function trimmed(path: string): DatabaseError {
  return new DatabaseError(
    `The path "${path}" ends in white space.`,
    'Rename the file: better-sqlite3 cannot open it.',
  );
}

function makeFolder(path: string): void {
  if (path === ':memory:') return;
  try {
    makeFolders(dirname(path));
  } catch (cause) {
    throw new DatabaseError(
      `Cannot create the folder ${dirname(path)}: ${(cause as Error).message}.`,
      'Check --database and DATABASE_PATH, and that this user may write there.',
      { cause },
    );
  }
}
