import {
  olderThan,
  totalOf,
  type MigrationArchive,
  type PruneOptions,
  type PruneReport,
} from '../domain/archive.js';
import type { TransactionManager } from './transaction-manager.js';

/** What reversible migrations have parked in the database. */
export abstract class Archives {
  /** What is parked, by migration, oldest first. Those that have parked nothing, or no longer, are left out. */
  abstract list(): readonly MigrationArchive[];

  /** When the archives of migrations were pruned: ISO 8601, UTC, by name. Creates nothing. */
  abstract pruned(): ReadonlyMap<string, string>;

  /** Drops the archives of migrations, which cannot be rolled back any more. Called within a transaction. */
  abstract prune(names: readonly string[]): void;
}

/** Drops what is older than an age, under the write lock. @throws UsageError, DatabaseLockedError */
export function prune(
  archives: Archives | undefined,
  transactions: TransactionManager,
  { olderThan: age, now = new Date() }: PruneOptions,
): PruneReport {
  return transactions.run(() => {
    const { before, archives: old } = olderThan(archives?.list() ?? [], age, now);
    const migrations = old.map(({ name }) => name);
    archives?.prune(migrations);
    return { before, migrations, ...totalOf(old) };
  });
}
