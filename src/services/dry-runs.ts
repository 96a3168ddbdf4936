import type { DryRunReport, TriedOn } from '../domain/dry-run.js';
import type { Plan } from '../domain/plan.js';
import type { OnProgress, RunReport } from '../domain/report.js';
import { UsageError } from '../errors.js';
import type { LoadedMigrations } from './loaded-migration.js';
import type { MigrationRepository } from './migration-repository.js';
import type { TransactionManager } from './transaction-manager.js';

/** Has the engine carry out the plan, with other parts than its own. */
export type Execute = (
  repository: MigrationRepository,
  transactions: TransactionManager,
  onProgress: OnProgress,
) => RunReport;

/** Finds out what a plan would do by carrying it out, and leaves no trace. */
export abstract class DryRuns {
  /** @throws DatabaseLockedError, DatabaseError, DiskSpaceError where nothing can be tried at all */
  abstract perform(
    plan: Plan,
    loaded: LoadedMigrations,
    on: TriedOn,
    execute: Execute,
  ): Promise<Omit<DryRunReport, 'hooks'>>;
}

/** Where there is nothing to try it on. */
export function noDryRuns(): UsageError {
  return new UsageError(
    'There is no dry run without a database of SQLite.',
    'Give registerDecant() `database` or `path`.',
  );
}
