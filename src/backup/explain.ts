import type { Backup } from '../domain/backup.js';
import { BackupError, DatabaseLockedError, DecantError } from '../errors.js';
import { isLocked, isSqliteError } from '../services/sqlite-errors.js';

/**
 * Runs `work`; an error of SQLite's or of the file system's becomes one that says what to do.
 * @param what could not be done, as in `Cannot back up app.db`
 * @param hint what to do about it, and where the disk failed in the middle of writing, if that is something else
 */
export async function explaining<T>(
  what: string,
  hint: string | { readonly hint: string; readonly diskFailed: string },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isForeseen(error)) throw error;
    const { hint: usual, diskFailed } = typeof hint === 'string' ? { hint, diskFailed: hint } : hint;
    throw explained(error, what, error.code.startsWith('SQLITE_IOERR') ? diskFailed : usual);
  }
}

/** Runs `work`; where the database cannot even be opened, nothing can be written into it under its lock. */
export function explainingDamage<T>(file: string, backup: Backup, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const cause = error instanceof DecantError ? error.cause : error;
    if (!isSqliteError(cause) || !/^SQLITE_(?:CORRUPT|NOTADB)/.test(cause.code)) throw error;
    throw new BackupError(
      `${file} is so damaged that SQLite cannot open it: ${cause.message}.`,
      `Stop what uses it, move it away, and ${file}-wal, -shm and -journal too where they are there; then decant migrate:restore ${backup.name} makes it anew.`,
      { cause },
    );
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
