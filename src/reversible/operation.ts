import type { Database } from '../domain/migration.js';
import type { Conflict } from '../domain/conflict.js';
import type { MigrationScope } from '../sqlite/scope.js';

/** Whether a rollback leaves alone what was changed later, or puts back what was parked all the same. */
export interface ConflictOptions {
  readonly onConflict?: 'keep' | 'restore';
}

/** What an operation works with while its migration runs. */
export interface Work {
  /** The migration's own handle, which the engine watches: for what the migration says. */
  readonly db: Database;
  /** The connection itself: for what Decant needs besides. */
  readonly connection: Database;
  readonly scope: MigrationScope;
  /** Whether VACUUM has run since `up`. */
  readonly isVacuumed: boolean;
  /** The name of one of the operation's archive tables. */
  readonly archive: (part?: string) => string;
  /** Creates an archive table. @param key how many of its columns, from the first, tell its rows apart; 0 for none */
  readonly park: (columns: readonly string[], key: number, part?: string) => string;
  /** Notes rows that had changed since, if there are any. */
  readonly meet: (table: string, kind: Conflict['kind'], count: number) => void;
}

/** One change that a `ReversibleMigration` has noted. */
export interface Operation {
  readonly kind: string;
  /** The table, or other object, that it is about. */
  readonly table: string;
  /** All that was said, as plain values: what tells it from another operation. */
  readonly said: unknown;
  /** Does it. @returns what `down` must know, but for rows: plain values */
  up(work: Work): unknown;
  /** Undoes it. @param detail what `up` returned */
  down(work: Work, detail: unknown): void;
}

/** An operation whose `down` gets what its `up` returned. */
export function operation<Detail>(
  facts: Pick<Operation, 'kind' | 'table' | 'said'>,
  up: (work: Work) => Detail,
  down: (work: Work, detail: Detail) => void,
): Operation {
  // Between the two it is JSON.
  return { ...facts, up, down: (work, detail) => down(work, detail as Detail) };
}
