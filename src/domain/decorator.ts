import 'reflect-metadata'; // before any decorated class is defined: it is what keeps the constructor's types
import { InvalidMigrationError } from '../errors.js';
import type { MigrationClass } from './migration.js';

/** What `@migration({...})` may say. */
export interface MigrationOptions {
  /** Needed only where there is no file to take it from. */
  readonly name?: string;
  /** One line for `migrate:plan`. */
  readonly description?: string;
  /**
   * `false` for what SQLite refuses inside a transaction (VACUUM, journal_mode). Such a migration is not rolled
   * back when it fails, and must bear to be run again.
   */
  readonly transaction?: boolean;
  /** Why it cannot be rolled back. A rollback that would need it is refused before anything runs. */
  readonly irreversible?: string;
}

// Symbol.for, so that a migration that imports another copy of Decant is understood all the same.
const OPTIONS = Symbol.for('decant.migration');

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
    Object.defineProperty(target, OPTIONS, { value: Object.freeze({ ...options }) });
    if (options.name !== undefined) nameIt(target.prototype as object, options.name);
  };
}

const TYPES: Record<keyof MigrationOptions, 'string' | 'boolean'> = {
  name: 'string',
  description: 'string',
  transaction: 'boolean',
  irreversible: 'string',
};

// Nothing checks the types of a .ts migration before it runs, and a misspelt `irreversible` would be no guard.
function checkOptions(options: MigrationOptions): void {
  if (typeof options === 'function') {
    throw new InvalidMigrationError('@migration is written without its parentheses.', 'Write @migration().');
  }
  for (const [key, value] of Object.entries(options)) {
    const type = Object.hasOwn(TYPES, key) ? TYPES[key as keyof MigrationOptions] : undefined;
    if (type !== undefined && (value === undefined || typeof value === type)) continue;
    throw new InvalidMigrationError(
      type === undefined
        ? `@migration() knows no option ${key}.`
        : `@migration({ ${key} }) must be a ${type}.`,
      `The options are ${Object.keys(TYPES).join(', ')}.`,
    );
  }
}

/** The options of a class, or of an instance; none for a plain object. */
export function optionsOf(subject: object): MigrationOptions {
  const owner: object | undefined = typeof subject === 'function' ? subject : subject.constructor;
  return owner !== undefined && Object.hasOwn(owner, OPTIONS)
    ? (owner as { [OPTIONS]: MigrationOptions })[OPTIONS]
    : {};
}

/** Gives an instance, or all of a class, its name; not enumerable, so that it does not show as state. */
export function nameIt(target: object, name: string): void {
  Object.defineProperty(target, 'name', { value: name, configurable: true, writable: true });
}
