import { closeSync, existsSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Backup } from '../domain/backup.js';
import type { Database } from '../domain/migration.js';
import { BackupError } from '../errors.js';
import type { ConfigureConnection } from '../services/configure-connection.js';
import { openFile, openForReading } from '../services/database.js';
import { makeFolders } from '../services/folders.js';
import { requireSpace } from '../sqlite/free-space.js';

/** What must be known of a database before its content is replaced. */
export interface Live {
  readonly file: string;
  readonly journal: 'wal' | 'rollback';
  readonly pageSize: number;
  /** Bytes, of what is not yet moved from the WAL into the file too; 0 where there was no database. */
  readonly size: number;
}

/** Looks at the database, and makes an empty one where there is none. */
export function lookAt(file: string, backup: Backup, timeout: number, configure?: ConfigureConnection): Live {
  if (!existsSync(file)) {
    makeFolders(dirname(file));
    closeSync(openSync(file, 'wx', statSync(backup.file).mode & 0o777));
  }
  const size = [file, `${file}-wal`].reduce((sum, each) => sum + sizeOf(each), 0);
  const db = openForReading(file, timeout, configure);
  try {
    const isWal = db.pragma('journal_mode', { simple: true }) === 'wal';
    return { file, journal: isWal ? 'wal' : 'rollback', pageSize: pageSizeOf(db), size };
  } finally {
    db.close();
  }
}

/** Room for what is to be replaced, for the copy that is restored from, and for SQLite's journal or WAL. */
export function requireRoom(live: Live, backup: Backup, folder: string): void {
  const hint = 'Free some space there, and restore again.';
  const purpose = `To restore ${backup.name}`;
  const copies = live.size + backup.size;
  const journal = Math.max(live.size, backup.size);
  makeFolders(folder);
  const isOneDisk = statSync(folder).dev === statSync(dirname(live.file)).dev;
  requireSpace(folder, isOneDisk ? copies + journal : copies, purpose, hint);
  if (!isOneDisk) requireSpace(dirname(live.file), journal, purpose, hint);
}

/** @throws BackupError where SQLite could not copy the one into the other */
export function refuseOtherPages(live: Live, source: Database): void {
  const pageSize = pageSizeOf(source);
  if (live.journal !== 'wal' || live.pageSize === pageSize) return;
  throw new BackupError(
    `${live.file} is in WAL mode and has pages of ${live.pageSize} bytes; the backup's have ${pageSize}, and SQLite cannot change that in WAL mode.`,
    'Close it everywhere, set PRAGMA journal_mode = DELETE on it, restore, and set it back to WAL.',
  );
}

/** A database that was not there before gets the journal mode that new ones get. */
export function settleNew(live: Live): void {
  const db = openFile(live.file, 'write');
  try {
    db.pragma('journal_mode = WAL');
  } finally {
    db.close();
  }
}

/** Bytes of a database as a connection sees it. */
export function bytesOf(db: Database): number {
  return Number(db.pragma('page_count', { simple: true })) * pageSizeOf(db);
}

function pageSizeOf(db: Database): number {
  return Number(db.pragma('page_size', { simple: true }));
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
