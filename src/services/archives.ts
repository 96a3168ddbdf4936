import type { MigrationArchive } from '../domain/archive.js';

/** What reversible migrations have parked in the database. */
export abstract class Archives {
  /** What is parked, by migration, oldest first. Those that have parked nothing, or no longer, are left out. */
  abstract list(): readonly MigrationArchive[];

  /** When the archives of migrations were pruned: ISO 8601, UTC, by name. Creates nothing. */
  abstract pruned(): ReadonlyMap<string, string>;

  /** Drops the archives of migrations, which cannot be rolled back any more. Called within a transaction. */
  abstract prune(names: readonly string[]): void;
}
