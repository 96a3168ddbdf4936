import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import { conflictText, type Conflict } from '../domain/conflict.js';
import type { PlanStep } from '../domain/plan.js';
import { refuseOutOfTurn, type HistoryPolicy } from '../domain/policy.js';
import type { Outcome, StepResult } from '../domain/report.js';
import { DecantError, EXIT, NotRecordedError } from '../errors.js';
import { failureOf } from './failure.js';
import { HookCalls } from './hook-calls.js';
import { rulesOf, type LoadedMigration } from './loaded-migration.js';
import type { JournalEntry, MigrationRepository } from './migration-repository.js';
import type { BodyRules, TransactionManager } from './transaction-manager.js';

/** What names a run, or a restore. */
export function newRunId(): string {
  return randomBytes(6).toString('hex');
}

/** One execution of a plan: carries out its steps, each a change and its record in one transaction. */
export class Run {
  readonly id = newRunId();
  readonly #repository: MigrationRepository;
  readonly #transactions: TransactionManager;
  readonly #policy: HistoryPolicy;
  readonly hooks: HookCalls;
  readonly #results: StepResult[] = [];
  readonly #warnings: string[] = [];
  /** Whether a body runs, or has thrown, that no transaction rolls back. */
  #isUnguarded = false;
  #halfDone: JournalEntry | undefined;
  /** How many rows the body has changed that has run last, or runs. */
  #rows: number | undefined;
  /** The records, as of the last step that was in turn. */
  #names: ReadonlySet<string> | undefined;

  constructor(
    repository: MigrationRepository,
    transactions: TransactionManager,
    policy: HistoryPolicy,
    hooks = new HookCalls(),
  ) {
    this.#repository = repository;
    this.#transactions = transactions;
    this.#policy = policy;
    this.hooks = hooks;
  }

  /** What has been done so far, in order. */
  get results(): readonly StepResult[] {
    return this.#results;
  }

  /** What the journal says of a migration that failed outside a transaction, and may have left something. */
  get halfDone(): JournalEntry | undefined {
    return this.#halfDone;
  }

  /** What the steps had to warn of. */
  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /**
   * Carries out one step, and writes it down whatever comes of it.
   * @throws MigrationFailedError, DatabaseLockedError
   */
  step(step: PlanStep, loaded: LoadedMigration): StepResult {
    const startedAt = new Date().toISOString();
    const start = performance.now();
    const entry = (outcome: JournalEntry['outcome'], error?: string): JournalEntry => ({
      runId: this.id,
      name: step.name,
      direction: step.direction,
      outcome,
      startedAt,
      durationMs: performance.now() - start,
      file: loaded.file && basename(loaded.file),
      checksum: loaded.checksum,
      error,
      rows: this.#rows,
    });
    this.#rows = undefined;
    try {
      const conflicts: Conflict[] = [];
      const outcome = this.#perform(step, loaded, entry, conflicts);
      const durationMs = performance.now() - start;
      const met = conflicts.length > 0 ? { conflicts } : {};
      const result = { name: step.name, direction: step.direction, outcome, durationMs, ...met };
      this.#results.push(result);
      return result;
    } catch (error) {
      const completed = this.#results.filter(({ outcome }) => outcome !== 'skipped').map(({ name }) => name);
      const failure = failureOf(error, step, loaded, completed, this.hooks.failed);
      if (this.#isUnguarded) this.#halfDone = entry('failed', failure.message);
      // To write down that the database was locked would be to wait for the lock once more.
      if (!isLockedOut(failure)) this.#recordFailure(entry('failed', failure.message));
      throw failure;
    }
  }

  #perform(
    step: PlanStep,
    loaded: LoadedMigration,
    entry: (outcome: JournalEntry['outcome']) => JournalEntry,
    conflicts: Conflict[],
  ): Outcome {
    const rules = { ...rulesOf(loaded), conflicts };
    const body = (): void => this.#runBody(step, loaded, rules);
    const finish = (): Outcome => {
      const done = step.direction === 'up' ? 'applied' : 'rolled-back';
      this.#repository.record(entry(done));
      return done;
    };
    if (loaded.options.transaction !== false) {
      return this.#transactions.run(() => {
        if (this.#isDone(step)) return 'skipped';
        body();
        return finish();
      }, rules.foreignKeys);
    }
    if (this.#isDone(step)) return 'skipped';
    this.#isUnguarded = true;
    body();
    this.#isUnguarded = false;
    // It has run, and must be recorded even where another process has since applied a later one.
    try {
      return this.#transactions.run(() =>
        isDoneIn(this.#repository.recordedNames(), step) ? 'skipped' : finish(),
      );
    } catch (error) {
      throw new NotRecordedError(step.name, error as Error);
    }
  }

  #runBody(
    step: PlanStep,
    loaded: LoadedMigration,
    rules: BodyRules & { readonly conflicts: Conflict[] },
  ): void {
    const running = { ...step, runId: this.id };
    const before = this.#transactions.changedRows();
    const warnings = this.#transactions.runBody(
      (db) => this.hooks.around(running, db, () => loaded.migration[step.direction]?.(db)),
      rules,
    );
    const after = this.#transactions.changedRows();
    if (before !== undefined && after !== undefined) this.#rows = after - before;
    const told = [...(warnings ?? []), ...rules.conflicts.map(conflictText)];
    this.#warnings.push(...told.map((warning) => `${step.name}: ${warning}`));
  }

  // Other processes may have migrated since the plan was made: it is done, or it is no longer next. Under the
  // write lock the answer is final.
  #isDone(step: PlanStep): boolean {
    const names = this.#repository.recordedNames();
    if (isDoneIn(names, step)) return true;
    if (names !== this.#names) refuseOutOfTurn(step, names, this.#policy);
    this.#names = names;
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
