import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import 'reflect-metadata';
import { MigrationService, registerDecant } from 'decant';
import { container } from 'tsyringe';
import { LIBRARY } from './processes.js';
import type { State } from './state.js';

/** Something that Decant does to a database, and in which it is disturbed. */
export interface Act {
  readonly name: string;
  /** The command line, without what says on which database. */
  readonly words: readonly string[];
  /** A folder of migrations. */
  readonly directory: string;
  /** Why it cannot be tried. */
  readonly impossible?: string | undefined;
  /** Takes a new database to where the act begins. */
  readonly begin: (folder: string) => Promise<unknown>;
  /** Does the same as the act, step by step, each of them whole. */
  readonly walk: (folder: string, done: () => Promise<void>) => Promise<void>;
  /** Looks at what else it may have left in the folder. @throws Error when that is not as it should be */
  readonly check?: (folder: string, reference: { readonly states: readonly State[] }) => void;
}

export const MIGRATIONS = fileURLToPath(new URL('migrations', import.meta.url));
const REBUILDS = fileURLToPath(new URL('rebuilds', import.meta.url));

const needs = (command: string): string | undefined =>
  existsSync(join(LIBRARY, 'commands', 'migrate', `${command}.js`))
    ? undefined
    : `there is no migrate:${command}`;

export const UP = migrating('up', 'up', MIGRATIONS);
export const DOWN = migrating('down', 'down', MIGRATIONS);

/** The database's five migrations, those that alter tables, and what else changes a database or copies it. */
export const ACTS: readonly Act[] = [UP, DOWN];

function migrating(name: string, direction: 'up' | 'down', directory: string): Act {
  return {
    name,
    words: direction === 'up' ? ['migrate:up'] : ['migrate:reset', '--yes'],
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

export function serviceFor(database: Database.Database, directory: string): MigrationService {
  const own = container.createChildContainer();
  registerDecant(own, { database, directory });
  return own.resolve(MigrationService);
}
