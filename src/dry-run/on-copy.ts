import { join } from 'node:path';
import { copyDatabase } from '../backup/copy.js';
import { bytesOf } from '../backup/live.js';
import type { Database } from '../domain/migration.js';
import type { ConfigureConnection } from '../services/configure-connection.js';
import { makeCopyFolder } from '../services/copy-folder.js';
import { fileOf, openDatabase, openForReading } from '../services/database.js';

/** How databases are opened. */
export interface CopySettings {
  /** Milliseconds. */
  readonly lockTimeout?: number | undefined;
  readonly configureConnection?: ConfigureConnection | undefined;
}

/**
 * Does something with a copy of a database, as it is at one instant, and removes the copy.
 * @param db what has the database open; one in memory, it is copied from itself
 * @throws DiskSpaceError, BackupError
 */
export async function onCopy<T>(
  db: Database,
  { lockTimeout, configureConnection }: CopySettings,
  work: (copy: Database) => T,
): Promise<T> {
  const file = fileOf(db);
  const folder = makeCopyFolder('dry-run', file, { ...ROOM, bytes: bytesOf(db) });
  try {
    const path = join(folder.path, 'copy.db');
    const source = file === '' ? db : openForReading(file, lockTimeout, configureConnection);
    try {
      await copyDatabase(source, path);
    } finally {
      if (source !== db) source.close();
    }
    const copy = openDatabase(path, lockTimeout, configureConnection);
    try {
      return work(copy);
    } finally {
      copy.close();
    }
  } finally {
    folder.remove();
  }
}

const ROOM = {
  where: 'or beside it',
  purpose: 'A copy to try it on',
  hint: 'Free some space there, or leave out --on-copy.',
} as const;
