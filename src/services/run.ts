import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import { halfDoneOf, refuseUnfinished, type RowProgress } from '../domain/batches.js';
import { conflictText, type Conflict } from '../domain/conflict.js';
import type { Database } from '../domain/migration.js';
import type { PlanStep } from '../domain/plan.js';
import { refuseOutOfTurn, type HistoryPolicy } from '../domain/policy.js';
import type { Outcome, StepResult } from '../domain/report.js';
import { DecantError, EXIT, NotRecordedError } from '../errors.js';
import { failureOf } from './failure.js';
import { HookCalls, type Edges } from './hook-calls.js';
import { rulesOf, type LoadedMigration } from './loaded-migration.js';
import type { JournalEntry, MigrationRepository } from './migration-repository.js';
import { StepLedger } from './step-ledger.js';
import type { BodyRules, OnBatch, TransactionManager } from './transaction-manager.js';
import type { Turns } from './turns.js';
import { unrecorded } from './unrecorded.js';

type Body = (db: Database) => unknown;

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
  /** Whether a record is being written, or could not be. */
  #isRecording = false;
  #halfDone: JournalEntry | undefined;
  /** How many rows the step has changed so far; undefined where nobody counts. */
  #rows: number | undefined;
  #hasCommitted = false;
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

  /** Whether it has left anything: completed a step, or committed a batch of one. */
  get hasDoneAnything(): boolean {
    const isDone = this.#results.some(({ outcome }) => outcome !== 'skipped');
    return isDone || this.#hasCommitted || this.#halfDone !== undefined;
  }

  /** What the steps had to warn of. */
  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /**
   * Carries out one step, and writes it down whatever comes of it. It takes several turns, with no transaction open in
   * between, only where it commits each batch.
   * @throws MigrationFailedError, DatabaseLockedError
   */
  *step(step: PlanStep, loaded: LoadedMigration, onBatch?: OnBatch): Turns<StepResult> {
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
      const rules = { ...rulesOf(loaded), conflicts, own: { rows: 0 }, onBatch };
      const outcome = yield* this.#perform(step, loaded, entry, rules);
      const durationMs = performance.now() - start;
      const met = conflicts.length > 0 ? { conflicts } : {};
      const result = { name: step.name, direction: step.direction, outcome, durationMs, ...met };
      this.#results.push(result);
      return result;
    } catch (error) {
      if (loaded.options.transaction !== 'batches') this.#rows = undefined; // none of them is left
      const failure = this.#failureOf(error, step, loaded);
      if (this.#isUnguarded) this.#halfDone = entry('failed', failure.message);
      // To write down that the database was locked would be to wait for the lock once more.
      if (!isLockedOut(failure)) this.#recordFailure(entry('failed', failure.message));
      throw failure;
    }
  }

  #failureOf(error: unknown, step: PlanStep, loaded: LoadedMigration): Error {
    const completed = this.#results.filter(({ outcome }) => outcome !== 'skipped').map(({ name }) => name);
    const left = { completed, progress: this.#progressOf(step, loaded) };
    const failure = failureOf(error, step, loaded, left, this.hooks.failed);
    return this.#isRecording ? unrecorded(failure, loaded.file, this.hooks.acting) : failure;
  }

  *#perform(
    step: PlanStep,
    loaded: LoadedMigration,
    entry: (outcome: JournalEntry['outcome']) => JournalEntry,
    rules: BodyRules,
  ): Turns<Outcome> {
    const body: Body = (db) => loaded.migration[step.direction]?.(db);
    const finish = (): Outcome => {
      const done = step.direction === 'up' ? 'applied' : 'rolled-back';
      this.#isRecording = true;
      this.#repository.record(entry(done));
      this.#isRecording = false;
      return done;
    };
    if (loaded.options.transaction === 'batches') return yield* this.#inBatches(step, body, rules, finish);
    if (loaded.options.transaction === false) return this.#unguarded(step, body, rules, finish);
    return this.#transactions.run(() => {
      if (this.#isDone(step)) return 'skipped';
      this.#runBody(step, body, rules);
      return finish();
    }, rules.foreignKeys);
  }

  #runBody(step: PlanStep, body: Body, rules: BodyRules, edges?: Edges): void {
    const running = { ...step, runId: this.id };
    const before = this.#transactions.changedRows();
    const warnings = this.#transactions.runBody(
      (db) => this.hooks.around(running, db, () => body(db), edges),
      rules,
    );
    const after = this.#transactions.changedRows();
    if (before !== undefined && after !== undefined)
      this.#rows = (this.#rows ?? 0) + after - before - ownRowsOf(rules);
    const told = [...(warnings ?? []), ...(rules.conflicts ?? []).map(conflictText)];
    this.#warnings.push(...told.map((warning) => `${step.name}: ${warning}`));
  }

  #unguarded(step: PlanStep, body: Body, rules: BodyRules, finish: () => Outcome): Outcome {
    if (this.#isDone(step)) return 'skipped';
    this.#isUnguarded = true;
    this.#runBody(step, body, rules);
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

  // One batch a transaction, together with how far that brings it; the record goes with the call that finds all done.
  *#inBatches(step: PlanStep, body: Body, rules: BodyRules, finish: () => Outcome): Turns<Outcome> {
    const ledger = new StepLedger(this.#repository, step, this.#policy.changed);
    const turn = (): Outcome | RowProgress => {
      this.#repository.ensureTables(); // in between, others may have written by this very connection
      if (this.#isDone(step)) return 'skipped';
      this.#runBody(step, ledger.wrap(body), { ...rules, ledger }, ledger);
      const progress = ledger.outcome();
      if (progress !== undefined) return progress;
      this.#repository.forgetBatches(step.name);
      return finish();
    };
    for (;;) {
      const result = this.#transactions.run(turn, rules.foreignKeys);
      if (typeof result === 'string') return result;
      this.#hasCommitted = true;
      yield result;
    }
  }

  #progressOf({ name }: PlanStep, { options }: LoadedMigration): RowProgress | undefined {
    if (options.transaction !== 'batches') return undefined;
    try {
      return halfDoneOf(this.#repository.batches()).find((each) => each.name === name);
    } catch {
      return undefined; // of a database that cannot be read there is an error already
    }
  }

  // Other processes may have migrated since the plan was made: it is done, or it is no longer next. Under the
  // write lock the answer is final.
  #isDone(step: PlanStep): boolean {
    const names = this.#repository.recordedNames();
    if (isDoneIn(names, step)) return true;
    if (names !== this.#names) {
      refuseUnfinished({ halfDone: halfDoneOf(this.#repository.batches()), discovered: [] }, [step]);
      refuseOutOfTurn(step, names, this.#policy);
    }
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

// What Decant has written besides, for batches and archives.
function ownRowsOf({ ledger, own }: BodyRules): number {
  return (ledger?.ownRows ?? 0) + (own?.rows ?? 0);
}
