import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import 'reflect-metadata';
import { MigrationService, registerDecant } from 'decant';
import { container } from 'tsyringe';
import { decant, type End, type Running } from './processes.js';
import { differences, stateOf, type State } from './state.js';

/** Something that Decant does to a database, and in which it is disturbed. */
export interface Act {
  readonly name: string;
  /** The command, and what it needs but the database. */
  readonly words: readonly string[];
  /** The folder of migrations that the next `up` applies. */
  readonly directory: string;
  /** Takes a new database to where the act begins. */
  readonly begin: (folder: string) => Promise<unknown>;
  /** Does the same as the act, step by step, each of them whole. */
  readonly walk: (folder: string, done: () => Promise<void>) => Promise<void>;
  /** Of which state there must be a backup, whatever happens. */
  readonly keeps?: number;
}

const MIGRATIONS = fileURLToPath(new URL('migrations', import.meta.url));
const REBUILDS = fileURLToPath(new URL('rebuilds', import.meta.url));

export const UP = migrating('up', 'up', MIGRATIONS);
const DOWN = migrating('down', 'down', MIGRATIONS);
const REBUILD_UP = migrating('rebuilds', 'up', REBUILDS);
const REBUILD_DOWN = migrating('rebuilds back', 'down', REBUILDS);
export const BACKUP: Act = {
  name: 'backup',
  words: ['migrate:backup'],
  directory: MIGRATIONS,
  begin: () => Promise.resolve(),
  walk: () => Promise.resolve(),
};
export const RESTORE: Act = {
  name: 'restore',
  words: ['migrate:restore', 'latest', '--yes'],
  directory: MIGRATIONS,
  // What is restored was before all migrations, and what is replaced is after them.
  begin: async (folder) => {
    await finish(BACKUP, folder);
    await migrate(folder, (service) => service.up(), MIGRATIONS);
  },
  walk: async (folder, done) => {
    await finish(RESTORE, folder);
    await done();
  },
  keeps: 1,
};

/** Those that run migrations: the database's own, and those that alter tables. */
export const RUNS: readonly Act[] = [UP, DOWN, REBUILD_UP, REBUILD_DOWN];

export const ACTS: readonly Act[] = [...RUNS, BACKUP, RESTORE];

function migrating(name: string, direction: 'up' | 'down', directory: string): Act {
  return {
    name,
    words: [...(direction === 'up' ? ['migrate:up'] : ['migrate:reset', '--yes']), '--dir', directory],
    directory,
    begin: async (folder) => {
      if (direction === 'down') await migrate(folder, (service) => service.up(), directory);
    },
    walk: async (folder, done) => {
      for (let left = readdirSync(directory).length; left > 0; left -= 1) {
        await migrate(folder, (service) => service[direction]({ steps: 1 }), directory);
        await done();
      }
    },
  };
}

export const databaseIn = (folder: string): string => join(folder, 'app.db');

/** Starts the CLI on the database of a folder. */
export function start({ words }: Act, folder: string, env?: Readonly<Record<string, string>>): Running {
  return decant([...words, '--database', databaseIn(folder), '--lock-timeout', '60000'], folder, env);
}

/** Has the CLI act undisturbed. */
export async function finish(act: Act, folder: string, env?: Readonly<Record<string, string>>): Promise<End> {
  const end = await start(act, folder, env).finished;
  if (end.code !== 0) throw new Error(`${act.name}, undisturbed, ended with ${end.code}:\n${end.output}`);
  return end;
}

/** Runs the engine in this process, on a connection of its own. */
export async function migrate(
  folder: string,
  work: (service: MigrationService, db: Database.Database) => Promise<unknown>,
  directory: string,
): Promise<void> {
  const db = new Database(databaseIn(folder), { timeout: 10_000 });
  try {
    await work(serviceFor(db, directory), db);
  } finally {
    db.close();
  }
}

/** One that makes no backups. */
export function serviceFor(database: Database.Database, directory: string): MigrationService {
  const own = container.createChildContainer();
  registerDecant(own, { database, directory, backup: 'never' });
  return own.resolve(MigrationService);
}

/**
 * Looks at all that has the name of a finished backup.
 * @param wholes what may be in one
 * @returns which of these there is a backup of
 * @throws Error when one is not whole
 */
export function backupsIn(folder: string, wholes: readonly State[]): ReadonlySet<number> {
  const backups = `${databaseIn(folder)}.backups`;
  const files = existsSync(backups) ? readdirSync(backups).filter((name) => name.endsWith('.db')) : [];
  const found = files.map((file) => {
    const state = stateOf(join(backups, file));
    const index = wholes.findIndex((whole) => isSameContent(whole, state));
    if (index < 0) throw new Error(`the backup ${file} is not whole`);
    return index;
  });
  return new Set(found);
}

/** Apart from the journal of migrations and SQLite's journal mode. */
export function isSameContent(one: State, other: State): boolean {
  return differences(one, other).every((part) => part.startsWith('journal'));
}
