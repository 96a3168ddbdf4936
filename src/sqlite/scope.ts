import type { Statement } from 'better-sqlite3';
import type { RowProgress, WalkDefinition, WalkState } from '../domain/batches.js';
import type { Conflict } from '../domain/conflict.js';
import type { Actor } from '../domain/hooks.js';
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
  /** Runs a text of SQL by it, and records that where somebody wants to know. */
  exec(sql: string): void;
  /** To be called before a table's definition changes, after which rows of it or its children may violate a foreign key. */
  redefines(table: string): void;
  /** To be called before a table gets another name. */
  renames(from: string, to: string): void;
  /** Tells the report what a rollback met that had changed since. */
  meets(conflict: Conflict): void;
  /** Tells of rows that were written and are Decant's own: no report counts them. */
  parks(rows: number): void;
  /**
   * To be called before a hook acts, or the migration between hooks.
   * @throws BodyError when the one before it has ended the transaction, or left one open
   */
  begins(actor: Actor): void;
  /** Tells the user. */
  warns(message: string): void;
  /** Runs a statement by it, as `exec`, and returns how many rows that has changed. */
  run(statement: Statement, values: readonly unknown[]): number;
  /** To be called before these columns of a table's rows are set. */
  writes(table: string, columns: readonly string[]): void;
  /** Told how far batch() is. */
  progress(progress: RowProgress): void;
  /** Where each batch is committed by itself. */
  readonly ledger: BatchLedger | undefined;
}

/** What is known of the batches of a migration that commits them one by one. */
export interface BatchLedger {
  /**
   * To be called when a walk begins or goes on; returns what is known of it.
   * @throws BatchError when the body has written already, or the walk is another than it was
   */
  resume(definition: WalkDefinition): WalkState | undefined;
  /** Writes down how far the walk is, in the transaction of its batch. */
  keep(state: WalkState): void;
  /** Ends the body after a batch: throws what the engine waits for. */
  endBody(): never;
}

// Symbol.for, so that a migration that imports another copy of Decant is understood all the same.
const SCOPE = Symbol.for('decant.scope');

/** The scope of a migration's `db`; undefined for any other connection. */
export function scopeOf(db: Database): MigrationScope | undefined {
  return (db as { [SCOPE]?: MigrationScope })[SCOPE];
}

/** Gives a migration's `db` its scope: `get` of a proxy answers this key with it. */
export const SCOPE_KEY: symbol = SCOPE;
