import { DatabaseError, DatabaseLockedError, type DecantError } from '../errors.js';

/** What better-sqlite3 throws; `code` is SQLite's extended result code. */
export interface SqliteError extends Error {
  readonly code: string;
}

// Not instanceof: with two copies of better-sqlite3, or in jest's second sandbox, the class is another one.
export function isSqliteError(error: unknown): error is SqliteError {
  return (
    typeof error === 'object' &&
    error !== null &&
    'name' in error &&
    error.name === 'SqliteError' &&
    'code' in error &&
    typeof error.code === 'string'
  );
}

/** True when another connection held a lock for longer than the busy timeout. */
export function isLocked(error: unknown): boolean {
  return isSqliteError(error) && /^SQLITE_(?:BUSY|LOCKED)/.test(error.code);
}

/**
 * True for what SQLite may answer by rolling back the whole transaction.
 * https://sqlite.org/lang_transaction.html#response_to_errors_within_a_transaction
 */
export function rollsBack(error: unknown): boolean {
  return isSqliteError(error) && /^SQLITE_(?:FULL|IOERR|NOMEM|BUSY|INTERRUPT)/.test(error.code);
}

/** True where the file is not, or no more, what a SQLite database looks like. */
export function isDamaged(error: unknown): error is SqliteError {
  return isSqliteError(error) && /^SQLITE_(?:CORRUPT|NOTADB)/.test(error.code);
}

/** How SQLite says that a schema needs what the application gives its connections. */
export const LACKS_CONFIGURATION = /(?:no such|unknown) (?:function|collation sequence|module|tokenizer)/;

/** Runs `work` on the engine's own behalf; an error of SQLite becomes one that says what to do. */
export function explainingSqliteErrors<T>(database: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw isSqliteError(error) ? explain(error, database) : error;
  }
}

function explain(error: SqliteError, database: string): DecantError {
  if (isLocked(error)) {
    return new DatabaseLockedError(
      `${database} is locked by another process.`,
      'Wait until that process has finished and run again, or wait longer with --lock-timeout. Nothing was half done.',
      { cause: error },
    );
  }
  return new DatabaseError(`Cannot use ${database}: ${error.message}.`, hintFor(error.code), {
    cause: error,
  });
}

const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /^SQLITE_NOTADB/,
    'The file is no SQLite database, or it is encrypted; check --database and DATABASE_PATH.',
  ],
  [/^SQLITE_CORRUPT/, 'The database is damaged: restore a backup, or try `sqlite3 FILE .recover`.'],
  [
    /^SQLITE_READONLY/,
    'The file, its folder, or the -wal and -shm files beside it are not writable by this user; check their permissions.',
  ],
  [
    /^SQLITE_(?:CANTOPEN|PERM|AUTH)/,
    'Check that the path is right, that it is a file, and that this user may read and write it.',
  ],
  [/^SQLITE_FULL/, 'The disk is full: free some space and run again. Nothing was half done.'],
  [/^SQLITE_IOERR/, 'The disk reported an error: check free space and the device, then run again.'],
];

/** What to do about one of SQLite's result codes. */
export function hintFor(code: string): string {
  return (
    HINTS.find(([pattern]) => pattern.test(code))?.[1] ??
    'See https://sqlite.org/rescode.html for what it means.'
  );
}

/** What cannot be set for a run. */
export function foreignKeysError(database: string, wanted: string): DatabaseError {
  return new DatabaseError(
    `Foreign keys of ${database} cannot be set to ${wanted}.`,
    'This SQLite was built without them, or a transaction is open; use the better-sqlite3 that npm installs.',
  );
}

/** @see https://sqlite.org/pragma.html#pragma_journal_mode */
export function journalError(database: string): DatabaseError {
  return new DatabaseError(
    `${database} is in journal mode OFF, in which SQLite cannot roll back.`,
    'Take PRAGMA journal_mode = OFF out of what opens or configures the connection.',
  );
}

/** Of a connection that is in use. */
export function nestedError(): DatabaseError {
  return new DatabaseError(
    'A transaction is already open on this connection, so migrations cannot run in one of their own.',
    'Commit or roll it back first, or give Decant a connection of its own.',
  );
}
