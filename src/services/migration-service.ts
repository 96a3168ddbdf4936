import type { MigrationArchive, PruneOptions, PruneReport } from '../domain/archive.js';
import { graphOf, type MigrationGraph } from '../domain/graph.js';
import { refuseLimit, type HistoryEntry, type HistoryOptions } from '../domain/journal.js';
import type { Command, DownOptions, Plan, UpOptions } from '../domain/plan.js';
import type { HistoryPolicy } from '../domain/policy.js';
import { deepFreeze, type OnProgress, type RunReport } from '../domain/report.js';
import { refusePlace, type DryRunOptions, type DryRunReport } from '../domain/dry-run.js';
import { statusOf, type StatusReport } from '../domain/status.js';
import { prune, type Archives } from './archives.js';
import type { Backups } from './backups.js';
import { carryOut, type Equipment } from './carry-out.js';
import { noDryRuns, type DryRuns } from './dry-runs.js';
import { HookCalls, type NamedHooks } from './hook-calls.js';
import { readHistoryForStatus, readWholeHistory } from './history-reader.js';
import type { LoadedMigrations } from './loaded-migration.js';
import type { MigrationFactory } from './migration-factory.js';
import type { MigrationRepository } from './migration-repository.js';
import type { MigrationSource } from './migration-source.js';
import { prepare } from './prepare.js';
import { getReady, type Ready } from './ready.js';
import { profiled } from './profiler.js';
import { Run } from './run.js';
import { runBackedUp } from './run-backed-up.js';
import type { RunOptions } from './run-options.js';
import { reportOf } from './run-report.js';
import { partsOf, SafetyNet } from './safety-net.js';
import type { TransactionManager } from './transaction-manager.js';
import { inOneGo } from './turns.js';

/** Builds the hooks of one run, in order. Called when there is something to run. @throws HookError, InjectionError */
export type BuildHooks = () => Promise<readonly NamedHooks[]>;

/**
 * The one class that knows the order of events: look, plan, load, prepare, and then, migration by migration,
 * change and record in one transaction. Every report is frozen.
 */
export class MigrationService {
  readonly #source: MigrationSource;
  readonly #repository: MigrationRepository;
  readonly #transactions: TransactionManager;
  readonly #factory: MigrationFactory;
  readonly #policy: HistoryPolicy;
  readonly #backups: Backups | undefined;
  readonly #buildHooks: BuildHooks;
  readonly #archives: Archives | undefined;
  readonly #dryRuns: DryRuns | undefined;

  /**
   * @param backups without it, none are made
   * @param archives without it, there are none
   * @param dryRuns without it, there are none
   */
  constructor(
    source: MigrationSource,
    repository: MigrationRepository,
    transactions: TransactionManager,
    factory: MigrationFactory,
    policy: HistoryPolicy,
    backups?: Backups,
    buildHooks: BuildHooks = async () => [],
    archives?: Archives,
    dryRuns?: DryRuns,
  ) {
    this.#source = source;
    this.#repository = repository;
    this.#transactions = transactions;
    this.#factory = factory;
    this.#policy = policy;
    this.#backups = backups;
    this.#buildHooks = buildHooks;
    this.#archives = archives;
    this.#dryRuns = dryRuns;
  }

  /**
   * Applies what is pending, in order.
   * @throws MigrationFailedError for the first that fails; those before it stay applied
   */
  async up(options: UpOptions & RunOptions = {}): Promise<RunReport> {
    return this.#run('up', options);
  }

  /** Rolls back the last applied migration, or those that the options name, newest first. */
  async down(options: DownOptions & RunOptions = {}): Promise<RunReport> {
    return this.#run('down', options);
  }

  /** Rolls back all, newest first. */
  async reset(options: RunOptions = {}): Promise<RunReport> {
    return this.#run('reset', options);
  }

  /** Rolls back the last applied migration and applies it again. */
  async redo(options: RunOptions = {}): Promise<RunReport> {
    return this.#run('redo', options);
  }

  /** Every migration of the source and of the records, and what is wrong between them. Writes nothing. */
  async status(): Promise<StatusReport> {
    const history = await readHistoryForStatus(this.#source, this.#repository);
    return deepFreeze(statusOf(history, this.#archives?.list()));
  }

  /** What reversible migrations have parked, by migration, oldest first. Writes nothing. */
  async archives(): Promise<readonly MigrationArchive[]> {
    return deepFreeze(this.#archives?.list() ?? []);
  }

  /**
   * Drops what reversible migrations parked longer ago than an age, as in `30d`: hours (h), days (d) or weeks (w).
   * They cannot be rolled back any more. @throws UsageError, DatabaseLockedError
   */
  async prune(options: PruneOptions): Promise<PruneReport> {
    return deepFreeze(prune(this.#archives, this.#transactions, options));
  }

  /** Which migration depends on which. Loads all of them, and writes nothing. @throws DependencyError */
  async graph(): Promise<MigrationGraph> {
    return deepFreeze(graphOf(await readWholeHistory(this.#source, this.#repository)));
  }

  /** What has been done to the database, by whom and when: the journal, newest first. Writes nothing. */
  async history(options: HistoryOptions = {}): Promise<readonly HistoryEntry[]> {
    refuseLimit(options);
    return deepFreeze(this.#repository.history(options));
  }

  /** What a command would do. Writes nothing, and throws what the command would refuse with. */
  async plan(command: Command, options: UpOptions & DownOptions = {}): Promise<Plan> {
    const { plan } = await this.#ready(command, options);
    return deepFreeze(plan);
  }

  /**
   * What a command would do, found out by doing it and taking it back: in one transaction, or on a copy. What the
   * command would refuse with before it begins is thrown; what a migration would fail with is in the report.
   */
  async dryRun(
    command: Command,
    { on = 'transaction', ...options }: DryRunOptions = {},
  ): Promise<DryRunReport> {
    if (this.#dryRuns === undefined) throw noDryRuns();
    refusePlace(on);
    const { plan, loaded } = await this.#ready(command, options);
    const hooks = new HookCalls(plan.steps.length === 0 ? [] : await this.#buildHooks());
    await prepare(plan, loaded);
    const tried = await this.#dryRuns.perform(plan, loaded, on, (repository, transactions, onProgress) =>
      new MigrationService(this.#source, repository, transactions, this.#factory, this.#policy).execute(
        plan,
        loaded,
        onProgress,
        hooks,
      ),
    );
    const { error, ...report } = tried;
    return Object.freeze({ ...deepFreeze({ ...report, hooks: hooks.reports }), error });
  }

  /**
   * The synchronous heart: runs a plan whose migrations are loaded and prepared. All that may be awaited has been. Of
   * hooks, it calls those that are part of a migration.
   * @throws MigrationFailedError, DatabaseLockedError
   */
  execute(plan: Plan, loaded: LoadedMigrations, onProgress?: OnProgress, hooks?: HookCalls): RunReport {
    const run = this.#newRun(hooks);
    const equipment = this.#equip(run, plan, loaded, onProgress);
    for (const part of partsOf(plan.steps, loaded, 'as it is')) {
      inOneGo(carryOut(part, equipment));
    }
    return reportOf(run, plan);
  }

  #newRun(hooks?: HookCalls): Run {
    return new Run(this.#repository, this.#transactions, this.#policy, hooks);
  }

  #equip(run: Run, { steps }: Plan, loaded: LoadedMigrations, onProgress?: OnProgress): Equipment {
    const [repository, transactions] = [this.#repository, this.#transactions];
    return { repository, transactions, run, loaded, total: steps.length, onProgress };
  }

  async #run(command: Command, options: UpOptions & DownOptions & RunOptions): Promise<RunReport> {
    if (options.onProfile !== undefined)
      return profiled(this.#transactions, options, (profiler, others) =>
        this.#with(profiler).#run(command, others),
      );
    const { plan, loaded } = await this.#ready(command, options);
    if (options.onPlan !== undefined) await options.onPlan(deepFreeze(plan));
    if (plan.steps.length === 0) return reportOf(this.#newRun(), plan);
    const hooks = new HookCalls(await this.#buildHooks());
    await prepare(plan, loaded);
    return this.#runHooked(hooks, plan, loaded, options);
  }

  #with(transactions: TransactionManager): MigrationService {
    const [source, repository, factory, policy] = [
      this.#source,
      this.#repository,
      this.#factory,
      this.#policy,
    ];
    const [backups, buildHooks, archives] = [this.#backups, this.#buildHooks, this.#archives];
    return new MigrationService(
      source,
      repository,
      transactions,
      factory,
      policy,
      backups,
      buildHooks,
      archives,
    );
  }

  async #runHooked(
    hooks: HookCalls,
    plan: Plan,
    loaded: LoadedMigrations,
    options: RunOptions,
  ): Promise<RunReport> {
    const run = this.#newRun(hooks);
    let report: RunReport | undefined;
    try {
      await hooks.beforeRun({ ...plan, runId: run.id });
      const net = new SafetyNet(this.#backups, run, plan, loaded, options.onProgress);
      const equipment = this.#equip(run, plan, loaded, options.onProgress);
      report = await runBackedUp(plan, net, equipment, options.signal);
      await hooks.afterRun(report);
    } catch (error) {
      await hooks.onError(error, () => report ?? reportOf(run, plan));
      throw error;
    }
    return deepFreeze({ ...report, hooks: hooks.reports });
  }

  #ready(command: Command, options: UpOptions & DownOptions): Promise<Ready> {
    return getReady(command, options, {
      source: this.#source,
      repository: this.#repository,
      transactions: this.#transactions,
      factory: this.#factory,
      policy: this.#policy,
      archives: this.#archives,
    });
  }
}
