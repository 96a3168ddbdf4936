import type { Database } from '../domain/migration.js';

/**
 * What the `db` of a migration knows of the transaction that it belongs to. Functions that change tables on a
 * migration's behalf (alterTable) work by this, behind the loss guard's back: they prove by themselves that they lose
 * nothing, and tell it what they did.
 */
export interface MigrationScope {
  /** The connection itself. */
  readonly connection: Database;
  /** Whether SQLite enforces foreign keys now: then dropping a table deletes the rows of its children. */
  readonly foreignKeys: 'off' | 'enforced';
  /** A table's definition has changed, so that rows of it, or of its children, may violate a foreign key. */
  redefined(table: string): void;
  /** A table has another name now. */
  renamed(from: string, to: string): void;
}

// Symbol.for, so that a migration that imports another copy of Decant is understood all the same.
const SCOPE = Symbol.for('decant.scope');

/** The scope of a migration's `db`; undefined for any other connection. */
export function scopeOf(db: Database): MigrationScope | undefined {
  return (db as { [SCOPE]?: MigrationScope })[SCOPE];
}

/** Where a handle keeps its scope. */
export const scopeKey: symbol = SCOPE;
