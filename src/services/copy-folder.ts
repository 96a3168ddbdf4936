import { existsSync, lstatSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Database } from '../domain/migration.js';
import { freeSpace, requireSpace } from '../sqlite/free-space.js';
import { openFile } from './database.js';
import { makeTemporaryFolder } from './folders.js';

/** What is asked of the place for copies of a database. */
export interface Room {
  /** `'or beside it'`: beside the database, where there is too little room in the folder for temporary files. */
  readonly where: 'temporary' | 'or beside it';
  /** Bytes that the copies will have at the least. */
  readonly bytes: number;
  /** What they are for, as the subject of a sentence. */
  readonly purpose: string;
  /** What to do where there is too little room. */
  readonly hint: string;
}

/**
 * A folder for copies of a database, which hold what that holds. A lock in it lasts as long as its process: by that the
 * next one knows what was left behind, and nobody has to trust in numbers of processes, which are used again.
 */
export class CopyFolder {
  readonly path: string;
  readonly #lock: Database;

  /** @param path an empty folder */
  constructor(path: string) {
    this.path = path;
    writeFileSync(join(path, LOCK), '');
    this.#lock = hold(path);
  }

  remove(): void {
    removeFolder(this.path, this.#lock);
  }
}

/**
 * Makes a folder for copies, and removes those that killed processes have left, of either kind.
 * @param file the database's, beside which copies may lie; empty where it has none
 * @throws DiskSpaceError, DatabaseError
 */
export function makeCopyFolder(kind: 'verify' | 'dry-run', file: string, room: Room): CopyFolder {
  const beside = file === '' ? [] : [dirname(file)];
  const places = [tmpdir(), ...beside].filter((place) => existsSync(place));
  for (const place of new Set(places)) sweep(place);
  const place = room.where === 'temporary' ? tmpdir() : roomiest(places, room.bytes);
  const path = makeTemporaryFolder(`decant-${kind}-`, place);
  try {
    requireSpace(place, room.bytes, room.purpose, room.hint);
    return new CopyFolder(path);
  } catch (error) {
    rmSync(path, { recursive: true, force: true });
    throw error;
  }
}

// The folder for temporary files comes first, and may be a small one in memory.
function roomiest(places: readonly string[], bytes: number): string {
  const roomy = places.find((place) => freeSpace(place) > 2 * bytes);
  const first = places[0] ?? tmpdir();
  return roomy ?? places.reduce((best, each) => (freeSpace(each) > freeSpace(best) ? each : best), first);
}

// Whatever cannot be looked at or removed is let be: it is not what this process is for.
function sweep(place: string): void {
  for (const path of leftIn(place)) {
    try {
      if (existsSync(join(path, LOCK))) removeFolder(path, hold(path));
      else rmdirSync(path); // which takes only an empty one
    } catch {
      continue;
    }
  }
}

function leftIn(place: string): readonly string[] {
  try {
    const paths = readdirSync(place).flatMap((name) => (NAME.test(name) ? [join(place, name)] : []));
    return paths.filter(mayBeLeft);
  } catch {
    return [];
  }
}

// A young one may be about to be locked. What lies in another user's is not to be opened, nor what a link leads to.
function mayBeLeft(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isDirectory() || Date.now() - stat.mtimeMs < YOUNG_MS) return false;
  return process.getuid === undefined || stat.uid === process.getuid();
}

const NAME = /^decant-(?:verify|dry-run)-[A-Za-z\d]{6}$/;
const LOCK = 'in-use';
const YOUNG_MS = 60_000;

/** Takes the lock of a folder. @throws where a process has it */
function hold(folder: string): Database {
  const db = openFile(join(folder, LOCK), 'write');
  try {
    db.pragma('busy_timeout = 0');
    db.pragma('journal_mode = MEMORY'); // nothing is written, so there is nothing to take back
    db.exec('BEGIN EXCLUSIVE');
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

// The lock goes last: a folder without one can only be empty.
function removeFolder(path: string, lock: Database): void {
  try {
    for (const name of existsSync(path) ? readdirSync(path) : [])
      if (name !== LOCK) rmSync(join(path, name), { recursive: true, force: true });
  } finally {
    lock.close();
  }
  rmSync(path, { recursive: true, force: true });
}
