import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nextPrefix, slugOf } from '../domain/name.js';
import { UsageError } from '../errors.js';
import { DirectorySource } from './directory-source.js';
import { makeFolders } from './folders.js';

export interface NewMigration {
  /** Absolute; undefined where nothing names a folder. */
  readonly directory: string | undefined;
  readonly words: string;
  readonly language: 'ts' | 'js';
  readonly numbering: 'sequence' | 'timestamp';
}

/** Writes a migration file with the next number. @throws UsageError, InvalidMigrationError, SourceError */
export function createMigration({ directory, words, language, numbering }: NewMigration): {
  name: string;
  file: string;
} {
  if (directory === undefined) {
    throw new UsageError(
      'There is no folder to write a migration to.',
      'Set up the project with decant migrate:init, or name a folder with --dir.',
    );
  }
  const slug = slugOf(words);
  makeFolder(directory);
  const names = new DirectorySource(directory).discover().map(({ name }) => name);
  const name = `${numbering === 'timestamp' ? timestamp(new Date()) : nextPrefix(names)}_${slug}`;
  const file = join(directory, `${name}.${language}`);
  const body = { up: '-- CREATE TABLE …', down: '-- DROP TABLE …' };
  write(file, language === 'ts' ? typescript(slug, body) : javascript(body));
  return { name, file };
}

export interface NewProject {
  /** The folder that the config file goes to. */
  readonly root: string;
  /** Both as the config file is to say them. */
  readonly database: string;
  readonly directory: string;
  /** `directory`, absolute. */
  readonly migrations: string;
  /** Files in `root` that would be, or compete with, the config file. */
  readonly configFiles: readonly string[];
}

/**
 * Writes a config file, and a first migration where the folder has none yet.
 * @throws UsageError when there is a config file already
 */
export function initProject({ root, database, directory, migrations, configFiles }: NewProject): string[] {
  const there = configFiles.map((name) => join(root, name)).find((file) => existsSync(file));
  if (there !== undefined) throw isThere(there);
  makeFolder(migrations);
  const files = [];
  if (new DirectorySource(migrations).discover().length === 0) {
    const first = join(migrations, '001_create_users.ts');
    const up = 'CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE)';
    write(first, typescript('create_users', { up, down: 'DROP TABLE users' }));
    files.push(first);
  }
  const config = join(root, 'decant.config.ts');
  write(config, configText(database, directory));
  return [config, ...files];
}

interface Body {
  readonly up: string;
  readonly down: string;
}

function typescript(slug: string, { up, down }: Body): string {
  return `import { Migration, migration, type Database } from 'decant';

@migration()
export default class ${className(slug)} extends Migration {
  up(db: Database): void {
    db.exec(\`${up}\`);
  }

  override down(db: Database): void {
    db.exec(\`${down}\`);
  }
}
`;
}

function javascript({ up, down }: Body): string {
  return `/** @param {import('better-sqlite3').Database} db */
export function up(db) {
  db.exec(\`${up}\`);
}

/** @param {import('better-sqlite3').Database} db */
export function down(db) {
  db.exec(\`${down}\`);
}
`;
}

function configText(database: string, directory: string): string {
  return `import { defineConfig } from 'decant';

export default defineConfig({
  database: ${JSON.stringify(database)},
  directory: ${JSON.stringify(directory)},
});
`;
}

// What the file imports, and what the compiled decorator needs (Object, Reflect) or a body may: all globals.
const isTaken = (name: string): boolean => ['Migration', 'Database'].includes(name) || name in globalThis;

/** `add_user_prefs` → `AddUserPrefs`; a class cannot begin with a digit. */
function className(slug: string): string {
  const words = slug.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  const name = words.join('').replaceAll(/\P{ID_Continue}/gu, '');
  return /^\p{ID_Start}/u.test(name) && !isTaken(name) ? name : `Migrate${name}`;
}

function timestamp(now: Date): string {
  return now.toISOString().replaceAll(/\D/g, '').slice(0, 14);
}

function makeFolder(directory: string): void {
  try {
    makeFolders(directory);
  } catch (cause) {
    throw new UsageError(
      `Cannot create the folder ${directory}: ${(cause as Error).message}.`,
      'Check the path.',
      { cause },
    );
  }
}

function write(file: string, text: string): void {
  makeFolder(dirname(file));
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') throw isThere(file, cause);
    if (existsSync(file)) rmSync(file); // a full disk leaves an empty one
    throw new UsageError(
      `Cannot write ${file}: ${(cause as Error).message}.`,
      'Check the path and its permissions.',
      { cause },
    );
  }
}

function isThere(file: string, cause?: unknown): UsageError {
  return new UsageError(
    `${file} is there already, and was left as it is.`,
    'Choose another name, or remove the file first.',
    { cause },
  );
}
