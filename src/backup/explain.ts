import type { Backup, Preceded } from '../domain/backup.js';
import { BackupError, DatabaseLockedError, DecantError } from '../errors.js';
import { isDamaged, isLocked, isSqliteError, LACKS_CONFIGURATION } from '../services/sqlite-errors.js';

/**
 * Runs `work`; an error of SQLite's or of the file system's becomes one that says what to do.
 * @param what could not be done, as in `Cannot back up app.db`
 * @param hint what to do about it, and where the disk failed in the middle of writing, if that is something else
 */
export async function explaining<T>(
  what: string,
  hint: string | { readonly hint: string; readonly diskFailed: string } | ((error: Coded) => string),
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isForeseen(error)) throw error;
    throw explained(error, what, hintOf(error, hint));
  }
}

type Coded = Error & { readonly code: string };

/** What to do where a backup cannot be made. @param error why; without it, for want of space */
export function waysOut(
  { command }: Pick<Preceded, 'command'>,
  error?: Pick<Coded, 'code' | 'message'>,
): string {
  const { code, message } = error ?? { code: 'ENOSPC', message: '' };
  const reasons = `${code}: ${message}`;
  const [, first, ...others] = REMEDIES.find(([reason]) => reason.test(reasons)) ?? [/./, 'Mend that'];
  const ways = [first, ...others];
  if (command !== 'backup' && command !== 'restore') ways.push('go on with --no-backup');
  return `${ways.join(', ').replace(/, ([^,]+)$/, ', or $1')}.`;
}

const CONFIGURE = 'Give each connection what the schema needs by configureConnection';
const ELSEWHERE = 'name another folder by backupDirectory';

const REMEDIES: readonly (readonly [reason: RegExp, ...ways: string[]])[] = [
  [LACKS_CONFIGURATION, CONFIGURE],
  [/^(?:SQLITE_FULL|ENOSPC|EDQUOT)/, 'Free some space there', ELSEWHERE],
  [
    /^(?:EACCES|EPERM|EROFS|SQLITE_(?:READONLY|CANTOPEN|PERM))/,
    'See that this user may write there',
    ELSEWHERE,
  ],
  [/^(?:EEXIST|ENOTDIR)/, 'Move away the file that is in the way', ELSEWHERE],
];

function hintOf(error: Coded, hint: Parameters<typeof explaining>[1]): string {
  if (typeof hint === 'function') return hint(error);
  if (LACKS_CONFIGURATION.test(error.message))
    return `${CONFIGURE}. ${typeof hint === 'string' ? hint : hint.hint}`;
  if (typeof hint === 'string') return hint;
  return error.code.startsWith('SQLITE_IOERR') ? hint.diskFailed : hint.hint;
}

/** Runs `work`; where the database cannot even be opened, nothing can be written into it under its lock. */
export function explainingDamage<T>(file: string, backup: Backup, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const cause = error instanceof DecantError ? error.cause : error;
    if (!isDamaged(cause)) throw error;
    throw new BackupError(
      `${file} is so damaged that SQLite cannot open it: ${cause.message}.`,
      `Stop what uses it, move it away, and ${file}-wal, -shm and -journal too where they are there; then decant migrate:restore ${backup.name} makes it anew.`,
      { cause },
    );
  }
}

function isForeseen(error: unknown): error is Coded {
  if (error instanceof DecantError) return false;
  return isSqliteError(error) || typeof (error as NodeJS.ErrnoException | undefined)?.errno === 'number';
}

function explained(error: Coded, what: string, hint: string): DecantError {
  const message = `${what}: ${error.message}.`;
  if (isLocked(error)) {
    const wait = 'Wait until the other process has finished, or wait longer with --lock-timeout.';
    return new DatabaseLockedError(message, wait, { cause: error });
  }
  const isFull = ['SQLITE_FULL', 'ENOSPC', 'EDQUOT'].includes(error.code);
  return new BackupError(message, isFull ? `The disk is full. ${hint}` : hint, { cause: error });
}
