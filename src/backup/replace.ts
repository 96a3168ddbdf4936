import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Backup, OnCopied } from '../domain/backup.js';
import type { Database } from '../domain/migration.js';
import { BackupError, DatabaseLockedError } from '../errors.js';
import type { ConfigureConnection } from '../services/configure-connection.js';
import { openFile } from '../services/database.js';
import type { JournalEntry } from '../services/migration-repository.js';
import { SqliteMigrationRepository } from '../services/sqlite-migration-repository.js';
import { removeDatabase } from './catalog.js';
import { copyDatabase, PAGES } from './copy.js';
import { refuseOtherPages, type Live } from './live.js';

/** Awaited under the lock, before a page is copied. What it throws leaves the database as it is. */
type UnderLock = () => Promise<void>;

export interface Replacement {
  /** Where to put the copy that is restored from. */
  readonly copy: string;
  /** What the journal shall say of it. */
  readonly entries: readonly JournalEntry[];
  readonly underLock: UnderLock;
  /** Milliseconds to wait for the lock. */
  readonly lockTimeout: number;
  readonly configureConnection?: ConfigureConnection | undefined;
  readonly onCopied?: OnCopied | undefined;
}

/**
 * Replaces the content of a database by that of a backup. Not from the backup itself, but from a copy that holds the
 * journal's new rows already: so they are part of the one transaction.
 */
export async function replaceBy(live: Live, backup: Backup, replacement: Replacement): Promise<void> {
  const { copy, entries, underLock, lockTimeout, configureConnection, onCopied } = replacement;
  try {
    await copyFinished(backup.file, copy, configureConnection);
    const source = openFile(copy, 'write', configureConnection);
    try {
      writeEntries(source, entries);
      refuseOtherPages(live, source);
      await replaceContent(source, live.file, { timeout: lockTimeout, underLock, onCopied });
    } finally {
      source.close();
    }
  } finally {
    removeIfPossible(copy);
  }
}

// What was restored is restored, also where this fails: sweep() removes it later.
function removeIfPossible(file: string): void {
  try {
    removeDatabase(file);
  } catch {
    return;
  }
}

async function copyFinished(from: string, to: string, configure?: ConfigureConnection): Promise<void> {
  closeSync(openSync(to, 'wx', 0o600));
  const stored = openFile(from, 'read', configure);
  try {
    await copyDatabase(stored, to);
  } finally {
    stored.close();
  }
}

function writeEntries(db: Database, entries: readonly JournalEntry[]): void {
  db.pragma('journal_mode = DELETE');
  const repository = new SqliteMigrationRepository(db);
  repository.records(); // refuses what a newer Decant has written
  repository.ensureTables();
  db.exec('BEGIN');
  for (const entry of entries) repository.record(entry);
  db.exec('COMMIT');
}

interface Replacing {
  readonly timeout: number;
  readonly underLock: UnderLock;
  readonly onCopied: OnCopied | undefined;
}

/**
 * Replaces the content of the database in the file `live` by that of `source`, in one transaction of SQLite's: who is
 * killed leaves the old content or the new, and who has the database open sees the new at the next query.
 * @throws DatabaseLockedError, BackupError
 */
async function replaceContent(source: Database, live: string, options: Replacing): Promise<void> {
  const pages = Number(source.pragma('page_count', { simple: true }));
  const end = Date.now() + options.timeout;
  for (;;) {
    const { totalPages, remainingPages } = await attempt(source, live, options);
    if (totalPages === pages && remainingPages === 0) {
      const bytes = pages * Number(source.pragma('page_size', { simple: true }));
      options.onCopied?.(bytes, bytes); // progress is told before each step, and so never of the last
      return;
    }
    // Zero is how better-sqlite3 says that the database was locked: it waits for no lock on what it copies to.
    if (totalPages !== 0) throw new BackupError(`${live} was not restored completely.`, 'Restore it again.');
    if (Date.now() >= end) throw lockedError(live);
    await sleep(RETRY_MS);
  }
}

const RETRY_MS = 10;

// The first step copies no page, but takes the lock, which is held until the end. Steps of no pages follow until what
// is to be done under it is done.
async function attempt(source: Database, live: string, { underLock, onCopied }: Replacing) {
  const lock: { state: 'new' | 'waiting' | 'ready' | { readonly failed: unknown } } = { state: 'new' };
  const begin = async (): Promise<void> => {
    lock.state = 'waiting';
    try {
      await underLock();
      lock.state = 'ready';
    } catch (failed) {
      lock.state = { failed };
    }
  };
  const pageSize = Number(source.pragma('page_size', { simple: true }));
  return source.backup(live, {
    progress({ totalPages, remainingPages }) {
      if (lock.state === 'new') void begin();
      if (typeof lock.state === 'object') throw lock.state.failed;
      if (lock.state !== 'ready') return 0;
      onCopied?.((totalPages - remainingPages) * pageSize, totalPages * pageSize);
      return PAGES;
    },
  });
}

function lockedError(live: string): DatabaseLockedError {
  return new DatabaseLockedError(
    `${live} is locked by another process.`,
    'Wait until that process has finished and run again, or wait longer with --lock-timeout. Nothing was changed.',
  );
}
