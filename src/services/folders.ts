import { existsSync, mkdirSync, mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseError } from '../errors.js';

/**
 * Creates a folder, and those that it is in. Not by mkdir's own `recursive`, which never returns where a parent can
 * be neither made nor found, as in /proc.
 */
export function makeFolders(folder: string): void {
  if (isFolder(folder)) return;
  if (!existsSync(dirname(folder))) makeFolders(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    if (!isFolder(folder)) throw error; // or else another process was first
  }
}

/** Creates a folder of one's own for a copy. @throws DatabaseError where it cannot be made */
export function makeTemporaryFolder(prefix: string, place = tmpdir()): string {
  try {
    return mkdtempSync(join(place, prefix));
  } catch (error) {
    throw new DatabaseError(
      `Cannot make a folder for temporary files in ${place}: ${(error as Error).message}.`,
      'Set TMPDIR to a folder that this user may write to.',
      { cause: error },
    );
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
