import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect } from '@jest/globals';
import type { DecantOptions } from '../../src/container.js';
import type { Database as Connection } from '../../src/domain/migration.js';
import type { MigrationService } from '../../src/services/migration-service.js';
import { schemaOf } from '../../src/sqlite/schema-text.js';
import { userTables } from '../../src/sqlite/user-tables.js';
import { printOfRows } from '../chaos/state.js';
import { makeFolder, putFile } from '../helpers/files.js';
import { serviceFor } from '../helpers/migrations.js';
import { ROOT } from '../helpers/processes.js';
import { generate } from './generate.js';

/** How many nodes there are: a few, so that every change is tried in seconds; `npm run test:real` takes them all. */
export const { NODES = 2000 } = globalThis as { readonly NODES?: number };

/** The folder that the tests run, and the names in it. */
export const MIGRATIONS = join(ROOT, 'test', 'real', 'migrations');
const namesIn = (folder: string): readonly string[] =>
  readdirSync(folder)
    .map((file) => file.replace(/\.ts$/, ''))
    .toSorted();
export const NAMES = namesIn(MIGRATIONS);
export const PENDING = NAMES.slice(2);

/** One file of a database that others are copies of; Decant's own schema is applied in it. */
export function makeSeed(): string {
  const file = join(makeFolder(), 'seed.db');
  generate(file, NODES);
  return file;
}

/** A copy, with nobody at it. The original must not be open. */
export function copyOf(file: string): string {
  const copy = join(makeFolder(), 'knowledge.db');
  copyFileSync(file, copy);
  return copy;
}

/** Opens a database with a service on it, for as long as the work takes. */
export async function withService<T>(
  file: string,
  work: (service: MigrationService, db: Connection) => Promise<T> | T,
  options: Partial<DecantOptions> = {},
): Promise<T> {
  const db = new Database(file, { fileMustExist: true });
  db.pragma('synchronous = OFF'); // nobody pulls the plug here
  try {
    return await work(serviceFor({ database: db, directory: MIGRATIONS, backup: 'never', ...options }), db);
  } finally {
    db.close();
  }
}

/** The same migrations, and these of the wrong ones, in a folder of their own. */
export function folderWith(...wrong: readonly string[]): string {
  const folder = makeFolder({}, 'migrations');
  const files = NAMES.map((name) => join(MIGRATIONS, `${name}.ts`));
  for (const file of [...files, ...wrong.map((name) => join(ROOT, 'test', 'real', 'wrong', `${name}.ts`))]) {
    const text = readFileSync(file, 'utf8').replaceAll("'../../../src/", `'${ROOT}src/`);
    putFile(folder, file.slice(file.lastIndexOf('/') + 1), text);
  }
  return folder;
}

/** All that is a user's: the text of each object, and the rows of each table by types and bytes. */
export function contentOf(db: Connection): Readonly<Record<string, string>> {
  const tables = userTables(db).map((table): [string, string] => {
    const columns = (which: string): readonly string[] =>
      db.prepare(`SELECT name FROM pragma_table_info(?) WHERE ${which}`).pluck().all(table) as string[];
    const all = columns('true ORDER BY name');
    const key = columns('pk > 0 ORDER BY pk');
    return [`rows of ${table}`, printOfRows(db, table, all, (key.length > 0 ? key : all).join(', '))];
  });
  return Object.fromEntries([
    ...schemaOf(db).map(({ type, name, sql }) => [`${type} ${name}`, sql]),
    ...tables,
  ]);
}

/** What no migration may ever break. */
export function expectSound(db: Connection): void {
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
  // The one before looks at the index alone, this one at the table, too. https://sqlite.org/fts5.html#the_integrity_check_command
  db.exec(`INSERT INTO nodes_fts (nodes_fts, rank) VALUES ('integrity-check', 1)`);
  const orphans = db.prepare('SELECT count(*) FROM pragma_foreign_key_check').pluck().get();
  expect(orphans).toBe(25); // those that were there before
}
