import { statfsSync } from 'node:fs';
import { sizeText } from '../domain/size.js';
import { DiskSpaceError } from '../errors.js';

/** Bytes that this user may still write to the file system of `folder`; Infinity where it does not tell. */
export function freeSpace(folder: string): number {
  const { blocks, bavail, bsize } = statfsSync(folder);
  return blocks === 0 ? Infinity : bavail * bsize;
}

/**
 * Refuses to begin what could not be finished.
 * @param bytes what will be written at the least
 * @param purpose what it is for, as the subject of a sentence
 * @throws DiskSpaceError
 */
export function requireSpace(folder: string, bytes: number, purpose: string, hint: string): void {
  const needed = Math.ceil(bytes * MARGIN);
  const free = freeSpace(folder);
  if (free >= needed) return;
  const message = `${purpose} needs ${sizeText(needed)} in ${folder}, where ${sizeText(free)} are free.`;
  throw new DiskSpaceError(message, hint, needed, free);
}

// For journals, and for what others write meanwhile.
const MARGIN = 1.05;
