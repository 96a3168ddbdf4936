import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { Database, MigrationObject } from '../domain/migration.js';
import type { Plan } from '../domain/plan.js';
import { unmetOf, type Surroundings } from '../domain/requirements.js';
import { PrerequisiteError, type Unmet } from '../errors.js';
import { foreignKeyState, troubleText } from '../sqlite/foreign-keys.js';
import { freeSpace } from '../sqlite/free-space.js';
import { fileOf } from './database.js';
import { messageOf } from './error-facts.js';
import type { LoadedMigration, LoadedMigrations } from './loaded-migration.js';
import { isLocked } from './sqlite-errors.js';
import { standInOf } from './stand-in.js';
import { BodyError, refusePromise, type TransactionManager } from './transaction-manager.js';

/**
 * Checks, for the whole of a plan and before anything runs, what its migrations require, and, when they are to be
 * applied for the first time, what their check() says.
 * @throws PrerequisiteError with all that is not met; DatabaseLockedError
 */
export function refuseUnmet(plan: Plan, loaded: LoadedMigrations, transactions: TransactionManager): void {
  const names = new Set(plan.steps.map(({ name }) => name)); // a redo has each twice
  const checked = [...names].flatMap((name) => {
    const migration = loaded.get(name);
    return migration !== undefined && hasPrerequisites(migration) ? migration : [];
  });
  if (checked.length === 0) return;
  const unmet = transactions.look((db) => {
    const now = surroundingsOf(db);
    return checked.flatMap(({ name, migration, options }) =>
      unmetOf(name, options.requires ?? {}, now).concat(
        plan.command === 'up' ? unmetCheck(name, migration, db) : [],
      ),
    );
  });
  if (unmet !== undefined && unmet.length > 0) throw new PrerequisiteError(unmet);
}

function hasPrerequisites({ migration, options }: LoadedMigration): boolean {
  return options.requires !== undefined || typeof migration.check === 'function';
}

function unmetCheck(name: string, migration: MigrationObject, db: Database): readonly Unmet[] {
  const message = typeof migration.check === 'function' ? answerOf(migration, db) : undefined;
  return message === undefined || message === '' ? [] : [{ migration: name, what: 'check', message }];
}

function answerOf(migration: MigrationObject, db: Database): string | undefined {
  try {
    const answer = migration.check?.(db);
    refusePromise(answer);
    return typeof answer === 'string' ? answer : undefined;
  } catch (error) {
    if (isLocked(error)) throw error;
    if (!(error instanceof BodyError)) return `check() failed: ${messageOf(error)}`;
    return `check() ${error.kind}${error.kind === 'returned a promise' ? SYNCHRONOUS : ''}`;
  }
}

const SYNCHRONOUS = ': take `async` off it, and say by a text what is not so';

function surroundingsOf(db: Database): Surroundings {
  const pragma = (name: string): string => String(db.pragma(name, { simple: true }));
  const standIn = standInOf(db);
  return {
    sqlite: once(() => String(db.prepare('SELECT sqlite_version()').pluck().get())),
    isInRange,
    enforcesForeignKeys: () => pragma('foreign_keys') === '1',
    violations: once(() => troubleText(foreignKeyState(db))),
    journalMode: () => standIn?.journalMode ?? pragma('journal_mode'),
    space: once(() => {
      const file = standIn?.file ?? fileOf(db);
      if (file === '') return undefined;
      const size = Number(pragma('page_count')) * Number(pragma('page_size'));
      return { size, free: freeSpace(nearestFolder(file)) };
    }),
  };
}

function nearestFolder(file: string): string {
  let folder = dirname(file);
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
}

function isInRange(version: string, range: string): boolean | undefined {
  // Loaded when there is a range to judge, and at once: the synchronous functions cannot await it.
  const semver = require('semver') as Semver;
  return semver.validRange(range) === null ? undefined : semver.satisfies(version, range);
}

const require = createRequire(import.meta.url);

interface Semver {
  satisfies(version: string, range: string): boolean;
  validRange(range: string): string | null;
}

function once<T>(read: () => T): () => T {
  let known: { readonly value: T } | undefined;
  return () => (known ??= { value: read() }).value;
}
