import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { copyDatabase } from '../backup/copy.js';
import { bytesOf } from '../backup/live.js';
import type { Database } from '../domain/migration.js';
import type { ConfigureConnection } from '../services/configure-connection.js';
import { fileOf, openDatabase, openForReading } from '../services/database.js';
import { makeTemporaryFolder } from '../services/folders.js';
import { freeSpace, requireSpace } from '../sqlite/free-space.js';

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
  const folder = makeTemporaryFolder('decant-dry-run-', placeFor(bytesOf(db), file));
  try {
    const path = join(folder, 'copy.db');
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
    rmSync(folder, { recursive: true, force: true });
  }
}

// The folder for temporary files may be a small one in memory. Beside the database there has to be room for backups.
function placeFor(bytes: number, file: string): string {
  const places = file === '' ? [tmpdir()] : [tmpdir(), dirname(file)].filter((place) => existsSync(place));
  const roomy = places.find((place) => freeSpace(place) > 2 * bytes);
  const place = roomy ?? places.reduce((best, each) => (freeSpace(each) > freeSpace(best) ? each : best));
  requireSpace(place, bytes, 'A copy to try it on', 'Free some space there, or leave out --on-copy.');
  return place;
}
