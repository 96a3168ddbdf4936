import 'reflect-metadata'; // before any decorated class is defined: it is what keeps the constructor's types
import { InvalidMigrationError } from '../errors.js';
import { declareOptions, nameIt } from './declared.js';
import { isDefinition, type MigrationClass } from './migration.js';
import { JOURNAL_MODES, type Requirements } from './requirements.js';

/** What `@migration({...})` may say. */
export interface MigrationOptions {
  /** Needed only where there is no file to take it from. */
  readonly name?: string;
  /** One line for `migrate:plan`. */
  readonly description?: string;
  /**
   * `false` for what SQLite refuses inside a transaction (VACUUM, journal_mode). Such a migration is not rolled
   * back when it fails, and must bear to be run again. `'batches'`: each batch of `batch()` is committed by itself; a
   * run that ends early goes on there the next time.
   */
  readonly transaction?: boolean | 'batches';
  /**
   * `'enforced'` for a data migration that wants its cascades. Without it foreign keys are off while a migration
   * runs, and checked before it is committed.
   */
  readonly foreignKeys?: 'enforced';
  /**
   * Which foreign keys are checked before it is committed: `'all'` (the default), `'changed'` (those of the tables
   * that it changed, and of their children), or `'none'`.
   */
  readonly foreignKeyCheck?: 'all' | 'changed' | 'none';
  /** Tables that may lose rows, and indexes, triggers and views that may go, although no statement says so. */
  readonly expectLoss?: readonly string[];
  /**
   * What it builds on, by name or class: all of it sorts before. It is then held back from rollback only by those that
   * depend on it, and may be applied late. Without it, it depends on all before it; `[]`: on nothing.
   */
  readonly dependsOn?: readonly (string | MigrationClass)[];
  /** What it needs of SQLite, the connection and the disk. Checked before anything of a run begins, for all of it. */
  readonly requires?: Requirements;
  /** Why it cannot be rolled back. A rollback that would need it is refused before anything runs. */
  readonly irreversible?: string;
}

/**
 * Marks a class as a migration and lets the container fill its constructor, by type or by `@inject(TOKEN)`.
 *
 * @example
 * \@migration({ name: '003_backfill', irreversible: 'the old values are gone' })
 * class Backfill extends Migration { … }
 */
export function migration(options: MigrationOptions = {}) {
  checkOptions(options);
  return (target: MigrationClass): void => {
    declareOptions(target, options);
    if (options.name !== undefined) nameIt(target.prototype as object, options.name);
  };
}

interface Rule {
  readonly expected: string;
  test(value: unknown): boolean;
}

const is = (type: 'string'): Rule => ({
  expected: `a ${type}`,
  test: (value) => typeof value === type,
});
const oneOf = (...values: readonly string[]): Rule => ({
  expected: values.map((value) => `'${value}'`).join(' or '),
  test: (value) => values.includes(value as string),
});

const RULES: Record<keyof MigrationOptions, Rule> = {
  name: is('string'),
  description: is('string'),
  transaction: {
    expected: "a boolean or 'batches'",
    test: (value) => typeof value === 'boolean' || value === 'batches',
  },
  foreignKeys: oneOf('enforced'),
  foreignKeyCheck: oneOf('all', 'changed', 'none'),
  expectLoss: {
    expected: 'a list of names',
    test: (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
  },
  dependsOn: {
    expected: 'a list of names and classes of migrations',
    test: (value) =>
      Array.isArray(value) &&
      value.every((each) => typeof each === 'string' || (typeof each === 'function' && isDefinition(each))),
  },
  requires: {
    expected: 'an object',
    test: (value) => typeof value === 'object' && value !== null,
  },
  irreversible: is('string'),
};

const REQUIREMENTS: Record<keyof Requirements, Rule> = {
  sqlite: is('string'),
  foreignKeys: oneOf('on', 'clean'),
  journalMode: oneOf(...JOURNAL_MODES),
  freeSpace: {
    expected: "a number of bytes, or, as '2x', so many times the database's size",
    test: (value) => (typeof value === 'number' ? value >= 0 : /^\d+(?:\.\d+)?x$/.test(String(value))),
  },
};

function checkOptions(options: MigrationOptions): void {
  if (typeof options === 'function') {
    throw new InvalidMigrationError('@migration is written without its parentheses.', 'Write @migration().');
  }
  refuseUnruly(options, RULES, '');
  refuseUnruly(options.requires ?? {}, REQUIREMENTS, 'requires.');
}

// Nothing checks the types of a .ts migration before it runs, and a misspelt `irreversible` would be no guard.
function refuseUnruly(options: object, rules: Readonly<Record<string, Rule>>, path: string): void {
  for (const [key, value] of Object.entries(options) as [string, unknown][]) {
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
    if (rule !== undefined && (value === undefined || rule.test(value))) continue;
    throw new InvalidMigrationError(
      rule === undefined
        ? `@migration() knows no option ${path}${key}.`
        : `@migration({ ${path}${key} }) must be ${rule.expected}.`,
      `The options are ${Object.keys(rules).join(', ')}.`,
    );
  }
}
