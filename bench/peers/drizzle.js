// It has only files, no status and no way back.
import Database from 'better-sqlite3';
import { drizzle } from 'drizzle-orm/better-sqlite3';
import { migrate } from 'drizzle-orm/better-sqlite3/migrator';
import { configure, writeMigrations } from '../workload.js';

export const name = 'drizzle-orm';
export const packages = ['drizzle-orm'];
export const transaction = 'one for all';

export function files(migrations) {
  const entries = migrations.map(({ name: tag }, idx) => ({
    idx,
    version: '6',
    when: 1_700_000_000_000 + idx,
    tag,
    breakpoints: true,
  }));
  return [
    ...migrations.map(({ name: tag, up }) => [`${tag}.sql`, up.join('\n--> statement-breakpoint\n')]),
    ['meta/_journal.json', JSON.stringify({ version: '7', dialect: 'sqlite', entries })],
  ];
}

/** Called before the clock runs: what the others get as a list, as files in the folder of the run. */
export function prepare({ file, migrations }) {
  const directory = `${file}-files`;
  writeMigrations(directory, { files }, migrations);
  return { directory };
}

export function open({ file, directory }) {
  const connection = configure(new Database(file));
  const db = drizzle(connection);
  return {
    up: () => migrate(db, { migrationsFolder: directory }),
    close: () => connection.close(),
  };
}
