import type { Database } from '../domain/migration.js';

/** A file that is not opened as it will be for writing: it is not there yet, or has to be recovered first. */
export interface StandIn {
  readonly file: string;
  /** What it will be. */
  readonly journalMode: string;
}

const standIns = new WeakMap<Database, StandIn>();

/** Remembers what a connection in memory, or to an empty file, stands for, and returns the connection. */
export function standFor(db: Database, standIn: StandIn | undefined): Database {
  if (standIn !== undefined) standIns.set(db, standIn);
  return db;
}

/** What a connection stands for; undefined where it is to the file itself. */
export function standInOf(db: Database): StandIn | undefined {
  return standIns.get(db);
}
