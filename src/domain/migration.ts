import type { Database as BetterSqlite3Database } from 'better-sqlite3';

/** A better-sqlite3 connection. */
export type Database = BetterSqlite3Database;

/** `up` applies a migration, `down` rolls it back. */
export type Direction = 'up' | 'down';

/**
 * One change to a database. Extend it and decorate the class with `@migration()`; a plain `{ name, up, down }`
 * object satisfies the type as well.
 *
 * `up` and `down` are synchronous: they run inside a transaction that holds SQLite's only write lock. What must
 * be awaited goes into `prepare`. The `db` they are given works until they return, and not after.
 *
 * @example
 * \@migration()
 * export default class AddUsers extends Migration {
 *   up(db: Database): void {
 *     db.exec('CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE)');
 *   }
 *   override down(db: Database): void {
 *     db.exec('DROP TABLE users');
 *   }
 * }
 */
export abstract class Migration {
  /**
   * Its identity: the file's stem, as in `001_initial_schema`, or the decorator's `name`. The engine sets it
   * before it calls anything but the constructor.
   */
  declare readonly name: string;

  /** Applies the change. */
  abstract up(db: Database): void;

  /** Undoes what `up` did. A class that leaves it out is irreversible. */
  down(_db: Database): void {
    throw new Error(`${this.name} has no down()`);
  }

  /** Awaited before the transaction begins: fetch, read and compute here. */
  prepare?(direction: Direction): Promise<void> | void;

  /**
   * Called before anything of an `up` runs, with a `db` that cannot write: what is not as it must be, if anything. It
   * sees the database as it is before the whole run.
   */
  check?(db: Database): string | void;
}

/** A class that the container can build a migration from. */
export type MigrationClass = new (...args: never[]) => Migration;

/** What a source holds for one name: a class that is yet to be built, or an object that is ready. */
export type MigrationDefinition = MigrationClass | MigrationObject;

/** The least that runs: a plain object of another runner, which may lack a name or a way back. */
export interface MigrationObject {
  readonly name?: string;
  up(db: Database): unknown;
  down?(db: Database): unknown;
  prepare?(direction: Direction): unknown;
  check?(db: Database): unknown;
}

/** A migration that is known by name and not loaded. */
export interface DiscoveredMigration {
  readonly name: string;
  /** Absolute path; absent when it came from a list. */
  readonly file?: string;
}

/** A row of `_migrations`, as SQLite gives it. `applied_at` is UTC, `YYYY-MM-DD HH:MM:SS`. */
export interface MigrationRecord {
  readonly id: number;
  readonly name: string;
  readonly applied_at: string;
}

/** True for a class, or an object, that has an `up()`. */
export function isDefinition(value: unknown): value is MigrationDefinition {
  if (typeof value === 'function') return typeof value.prototype?.up === 'function';
  return typeof value === 'object' && value !== null && 'up' in value && typeof value.up === 'function';
}
