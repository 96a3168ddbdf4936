import { refuseOtherWay, refuseUnfinished, withBegun } from '../domain/batches.js';
import { neededFor } from '../domain/needed.js';
import { planFor, type Command, type DownOptions, type Plan, type UpOptions } from '../domain/plan.js';
import type { HistoryPolicy } from '../domain/policy.js';
import type { Archives } from './archives.js';
import { readHistory } from './history-reader.js';
import { makeReady, type LoadedMigrations } from './loaded-migration.js';
import { Loader } from './loader.js';
import type { MigrationFactory } from './migration-factory.js';
import type { MigrationRepository } from './migration-repository.js';
import type { MigrationSource } from './migration-source.js';
import { refuseUnmet } from './prerequisites.js';
import type { TransactionManager } from './transaction-manager.js';

/** A plan, and its migrations, of which nothing has run yet. */
export interface Ready {
  readonly plan: Plan;
  readonly loaded: LoadedMigrations;
}

/** What it takes to get ready. */
export interface Parts {
  readonly source: MigrationSource;
  readonly repository: MigrationRepository;
  readonly transactions: TransactionManager;
  readonly factory: MigrationFactory;
  readonly policy: HistoryPolicy;
  readonly archives: Archives | undefined;
}

/**
 * Makes the plan of a command, loads and builds its migrations, and refuses what can be refused before anything runs.
 * Only what is planned is imported, or decides what may be.
 */
export async function getReady(
  command: Command,
  options: UpOptions & DownOptions,
  { source, repository, transactions, factory, policy, archives }: Parts,
): Promise<Ready> {
  const read = readHistory(source, repository, command);
  refuseOtherWay(read, command);
  const loader = new Loader(source, read.discovered);
  const dependencies = await loader.dependenciesAsNeeded((known) =>
    neededFor(command, { ...read, dependencies: known }, options, policy),
  );
  const plan = withBegun(planFor(command, { ...read, dependencies }, options, policy), read);
  refuseUnfinished(read, plan.steps);
  await loader.load(plan.steps.map(({ name }) => name));
  const loaded = makeReady(plan, loader.loadings, factory, archives);
  refuseUnmet(plan, loaded, transactions);
  return { plan, loaded };
}
