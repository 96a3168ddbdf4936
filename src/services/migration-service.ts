import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import {
  planFor,
  type Command,
  type DownOptions,
  type Plan,
  type PlanStep,
  type UpOptions,
} from '../domain/plan.js';
import { refuseOutOfTurn, type HistoryPolicy } from '../domain/policy.js';
import {
  deepFreeze,
  type OnProgress,
  type Outcome,
  type RunReport,
  type StepResult,
} from '../domain/report.js';
import { statusOf, type StatusReport } from '../domain/status.js';
import { DecantError, EXIT, NotRecordedError } from '../errors.js';
import { failureOf, preparationError } from './failure.js';
import { readHistory } from './history-reader.js';
import {
  makeReady,
  plannedOf,
  type LoadedMigration,
  type LoadedMigrations,
  type Loading,
} from './loaded-migration.js';
import type { MigrationFactory } from './migration-factory.js';
import type { JournalEntry, MigrationRepository } from './migration-repository.js';
import type { MigrationSource } from './migration-source.js';
import type { TransactionManager } from './transaction-manager.js';

/** One execution of a plan, as far as it has come. */
interface Run {
  readonly id: string;
  readonly results: StepResult[];
  /** The records, as of the last step that was in turn. */
  names?: ReadonlySet<string>;
}

export interface RunOptions {
  /** Told of the plan that is about to be carried out. What it throws, or rejects with, ends the run before it began. */
  readonly onPlan?: ((plan: Plan) => void | Promise<void>) | undefined;
  /** Told of each step as it begins and ends. What it throws ends the run there; what was done stays done. */
  readonly onProgress?: OnProgress | undefined;
}

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

  constructor(
    source: MigrationSource,
    repository: MigrationRepository,
    transactions: TransactionManager,
    factory: MigrationFactory,
    policy: HistoryPolicy,
  ) {
    this.#source = source;
    this.#repository = repository;
    this.#transactions = transactions;
    this.#factory = factory;
    this.#policy = policy;
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
    return deepFreeze(statusOf(readHistory(this.#source, this.#repository)));
  }

  /** What a command would do. Writes nothing, and throws what the command would refuse with. */
  async plan(command: Command, options: UpOptions & DownOptions = {}): Promise<Plan> {
    const { plan } = await this.#ready(command, options);
    return deepFreeze(plan);
  }

  /**
   * The synchronous heart: runs a plan whose migrations are loaded and prepared. All that may be awaited has been.
   * @throws MigrationFailedError, DatabaseLockedError
   */
  execute(plan: Plan, loaded: LoadedMigrations, onProgress?: OnProgress): RunReport {
    const run: Run = { id: randomBytes(6).toString('hex'), results: [] };
    const total = plan.steps.length;
    if (total > 0) this.#transactions.run(() => this.#repository.ensureTables());
    for (const [index, step] of plan.steps.entries()) {
      onProgress?.({ type: 'start', step, index, total });
      const result = this.#step(run, step, loaded.get(step.name) as LoadedMigration);
      run.results.push(result);
      onProgress?.({ type: 'done', result, index, total });
    }
    return deepFreeze({ ...plan, runId: run.id, steps: run.results });
  }

  async #run(command: Command, options: UpOptions & DownOptions & RunOptions): Promise<RunReport> {
    const { plan, loaded } = await this.#ready(command, options);
    if (options.onPlan !== undefined) await options.onPlan(deepFreeze(plan));
    for (const step of plan.steps) {
      const migration = loaded.get(step.name) as LoadedMigration;
      if (migration.migration.prepare === undefined) continue;
      try {
        await migration.migration.prepare(step.direction);
      } catch (error) {
        throw preparationError(error, step, migration);
      }
    }
    return this.execute(plan, loaded, options.onProgress);
  }

  // Only what is planned is imported, and all of it before anything runs.
  async #ready(
    command: Command,
    options: UpOptions & DownOptions,
  ): Promise<{ plan: Plan; loaded: LoadedMigrations }> {
    const history = readHistory(this.#source, this.#repository);
    const plan = planFor(command, history, options, this.#policy);
    const loadings: Loading[] = [];
    for (const discovered of plannedOf(plan, history.discovered)) {
      // Before it is loaded: should it be edited meanwhile, the next status says so.
      const checksum = this.#source.checksum(discovered);
      const definition = await this.#source.load(discovered, checksum);
      loadings.push({ discovered, definition, checksum });
    }
    return { plan, loaded: makeReady(plan, loadings, this.#factory) };
  }

  #step(run: Run, step: PlanStep, loaded: LoadedMigration): StepResult {
    const startedAt = new Date().toISOString();
    const start = performance.now();
    const entry = (outcome: JournalEntry['outcome'], error?: string): JournalEntry => ({
      runId: run.id,
      name: step.name,
      direction: step.direction,
      outcome,
      startedAt,
      durationMs: performance.now() - start,
      file: loaded.file && basename(loaded.file),
      checksum: loaded.checksum,
      error,
    });
    try {
      const outcome = this.#perform(run, step, loaded, entry);
      return { name: step.name, direction: step.direction, outcome, durationMs: performance.now() - start };
    } catch (error) {
      const completed = run.results.filter(({ outcome }) => outcome !== 'skipped').map(({ name }) => name);
      const failure = failureOf(error, step, loaded, completed);
      // To write down that the database was locked would be to wait for the lock once more.
      if (!isLockedOut(failure)) this.#recordFailure(entry('failed', failure.message));
      throw failure;
    }
  }

  #perform(
    run: Run,
    step: PlanStep,
    loaded: LoadedMigration,
    entry: (outcome: JournalEntry['outcome']) => JournalEntry,
  ): Outcome {
    const isDone = (): boolean => this.#isDone(run, step);
    const body = (): void => this.#transactions.runBody((db) => loaded.migration[step.direction]?.(db));
    const finish = (): Outcome => {
      const done = step.direction === 'up' ? 'applied' : 'rolled-back';
      this.#repository.record(entry(done));
      return done;
    };
    if (loaded.options.transaction !== false) {
      return this.#transactions.run(() => {
        if (isDone()) return 'skipped';
        body();
        return finish();
      });
    }
    if (isDone()) return 'skipped';
    body();
    // It has run, and must be recorded even where another process has since applied a later one.
    try {
      return this.#transactions.run(() =>
        isDoneIn(this.#repository.recordedNames(), step) ? 'skipped' : finish(),
      );
    } catch (error) {
      throw new NotRecordedError(step.name, error as Error);
    }
  }

  // Other processes may have migrated since the plan was made: it is done, or it is no longer next. Under the
  // write lock the answer is final.
  #isDone(run: Run, step: PlanStep): boolean {
    const names = this.#repository.recordedNames();
    if (isDoneIn(names, step)) return true;
    if (names !== run.names) refuseOutOfTurn(step, names, this.#policy);
    run.names = names;
    return false;
  }

  // Best effort: where even this cannot be written (a full disk), the error itself is what counts.
  #recordFailure(entry: JournalEntry): void {
    try {
      this.#transactions.run(() => this.#repository.record(entry));
    } catch {
      return;
    }
  }
}

function isLockedOut(error: Error): boolean {
  return error instanceof DecantError && error.exitCode === EXIT.locked;
}

/** Whether the records are as the step would leave them. */
function isDoneIn(recorded: ReadonlySet<string>, { name, direction }: PlanStep): boolean {
  return recorded.has(name) === (direction === 'up');
}
