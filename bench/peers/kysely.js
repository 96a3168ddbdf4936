import { promises as fs } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { Kysely, SqliteDialect, sql } from 'kysely';
import { FileMigrationProvider, Migrator, NO_MIGRATIONS } from 'kysely/migration';
import { configure, filesOf } from '../workload.js';

export const name = 'kysely';
export const packages = ['kysely', 'kysely-ctl'];
export const transaction = 'one for all';
export const files = filesOf(
  'mjs',
  (_title, up, down) => `import { sql } from ${JSON.stringify(import.meta.resolve('kysely'))};
export const up = async (db) => {
  for (const text of ${up}) await sql.raw(text).execute(db);
};
export const down = async (db) => {
  for (const text of ${down}) await sql.raw(text).execute(db);
};\n`,
);

export const cli = {
  config: ({ file, directory }) => [
    'kysely.config.mjs',
    `import Database from 'better-sqlite3';
export default { dialect: 'better-sqlite3', dialectConfig: { database: new Database(${JSON.stringify(file)}) },
  migrations: { migrationFolder: ${JSON.stringify(directory)} } };\n`,
  ],
  run: ['node_modules/kysely-ctl/dist/bin.mjs', 'migrate:list'],
};

export function open({ file, migrations, directory }) {
  const db = new Kysely({ dialect: new SqliteDialect({ database: configure(new Database(file)) }) });
  const list = { getMigrations: async () => Object.fromEntries(migrations.map(entryOf)) };
  const provider =
    directory === undefined ? list : new FileMigrationProvider({ fs, path, migrationFolder: directory });
  const migrator = new Migrator({ db, provider });
  return {
    up: async () => refuse(await migrator.migrateToLatest()),
    down: async () => refuse(await migrator.migrateTo(NO_MIGRATIONS)),
    status: () => migrator.getMigrations(),
    close: () => db.destroy(),
  };
}

function entryOf({ name: title, up, down }) {
  return [title, { up: running(up), down: running(down) }];
}

function running(statements) {
  return async (db) => {
    for (const text of statements) await sql.raw(text).execute(db);
  };
}

function refuse({ error }) {
  if (error !== undefined) throw error;
}
