import { BackupError, DatabaseLockedError, DecantError } from '../errors.js';
import { isLocked, isSqliteError } from '../services/sqlite-errors.js';

/**
 * Runs `work`; an error of SQLite's or of the file system's becomes one that says what to do.
 * @param what could not be done, as in `Cannot back up app.db`
 */
export async function explaining<T>(what: string, hint: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isForeseen(error) ? explained(error, what, hint) : error;
  }
}

function isForeseen(error: unknown): error is Error & { readonly code: string } {
  if (error instanceof DecantError) return false;
  return isSqliteError(error) || typeof (error as NodeJS.ErrnoException | undefined)?.errno === 'number';
}

function explained(error: Error & { readonly code: string }, what: string, hint: string): DecantError {
  const message = `${what}: ${error.message}.`;
  if (isLocked(error)) {
    const wait = 'Wait until the other process has finished, or wait longer with --lock-timeout.';
    return new DatabaseLockedError(message, wait, { cause: error });
  }
  const isFull = ['SQLITE_FULL', 'ENOSPC', 'EDQUOT'].includes(error.code);
  return new BackupError(message, isFull ? `The disk is full. ${hint}` : hint, { cause: error });
}
