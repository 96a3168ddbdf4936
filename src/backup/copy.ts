import { closeSync, fsyncSync, openSync, statSync } from 'node:fs';
import type { OnCopied } from '../domain/backup.js';
import type { Database } from '../domain/migration.js';
import { BackupError } from '../errors.js';
import { isDamaged } from '../services/sqlite-errors.js';

/** How many pages are copied at a time: about 16 MB, after which others get their turn. */
export const PAGES = 4096;

/**
 * Copies a database, page by page, into the empty file `target`, as it is at one instant.
 *
 * The backup API begins anew whenever another connection has written, which with a writer that never stops is for
 * ever. A read transaction on the source keeps what it reads as it is: in WAL mode beside all writers; with a rollback
 * journal they wait until the copy is made. https://sqlite.org/backup.html
 * @param source a connection that nobody else uses
 */
export async function copyDatabase(source: Database, target: string, onCopied?: OnCopied): Promise<void> {
  const pageSize = Number(source.pragma('page_size', { simple: true }));
  source.exec('BEGIN');
  try {
    const pages = Number(source.pragma('page_count', { simple: true })); // the first read: here it waits for a lock
    const progress = ({ totalPages, remainingPages }: Progress): number => {
      onCopied?.((totalPages - remainingPages) * pageSize, totalPages * pageSize);
      return PAGES;
    };
    refuseIncomplete(await source.backup(target, { progress }), pages, target);
    onCopied?.(pages * pageSize, pages * pageSize);
  } finally {
    source.exec('COMMIT');
  }
}

interface Progress {
  readonly totalPages: number;
  readonly remainingPages: number;
}

// better-sqlite3 says "done" also where SQLite was busy and nothing at all has been copied: totalPages is 0 then.
function refuseIncomplete({ totalPages, remainingPages }: Progress, pages: number, target: string): void {
  if (totalPages === pages && remainingPages === 0) return;
  throw new BackupError(
    `The copy ${target} is not complete: ${totalPages - remainingPages} of ${pages} pages.`,
    'Another process holds a lock on it; see that nothing else writes to that folder, and run again.',
  );
}

/**
 * What is wrong with the structure of a database, in SQLite's words; undefined when nothing is. Rows that break their
 * own table's rules are not counted: they are the user's, and a faithful copy has them too.
 */
export function damageOf(db: Database): string | undefined {
  try {
    db.pragma('ignore_check_constraints = ON');
    const rows = db.pragma('quick_check') as readonly { readonly quick_check: string }[];
    return rows.map((row) => row.quick_check).find((line) => line !== 'ok' && !ABOUT_VALUES.test(line));
  } catch (error) {
    if (isDamaged(error)) return error.message;
    throw error;
  }
}

const ABOUT_VALUES = /^(?:NULL|NUMERIC|TEXT|NON-\w+|non-\w+) value in /;

/** Makes what was written to a file, or a folder's list of files, last through a loss of power. */
export function syncToDisk(path: string): void {
  const isFolder = statSync(path).isDirectory();
  if (isFolder && process.platform === 'win32') return; // which opens no folder, and keeps its list by itself
  const descriptor = openSync(path, isFolder ? 'r' : 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
