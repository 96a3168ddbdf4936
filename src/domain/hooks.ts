import type { Database } from './migration.js';
import type { Plan, PlanStep } from './plan.js';
import type { RunReport } from './report.js';

/** The plan that is about to be carried out, and what names the run in the journal. */
export interface RunningPlan extends Plan {
  readonly runId: string;
}

/** The step that runs. */
export interface RunningStep extends PlanStep {
  readonly runId: string;
}

/** A step whose `up()` or `down()` has returned, and which is neither recorded nor committed yet. */
export interface FinishedStep extends RunningStep {
  /** Milliseconds since before the first `beforeEach`. */
  readonly durationMs: number;
}

/**
 * What an application wants to have done around its migrations. Extend it, and write the methods that you need.
 *
 * `beforeEach` and `afterEach` are part of the migration: they run in its transaction, by its `db`, under the same
 * guards, and must be synchronous; what they throw rolls the migration back. The others run outside any transaction, and
 * are awaited.
 *
 * @example
 * class Audit extends MigrationHooks {
 *   override afterEach(step: FinishedStep, db: Database): void {
 *     db.prepare('INSERT INTO audit (what) VALUES (?)').run(`${step.direction} ${step.name}`);
 *   }
 * }
 */
export abstract class MigrationHooks {
  /** Before anything runs or is backed up, when there is something to run. What it throws ends the run there. */
  beforeRun?(plan: RunningPlan): Promise<void> | void;

  /** In the transaction of each migration, before `up()` or `down()`. */
  beforeEach?(step: RunningStep, db: Database): void;

  /** In the transaction of each migration, after `up()` or `down()`. */
  afterEach?(step: FinishedStep, db: Database): void;

  /** After a run that succeeded. All is committed: what it throws undoes nothing. */
  afterRun?(report: RunReport): Promise<void> | void;

  /** After any failure since `beforeRun`; what it throws is added to that failure as a warning. */
  onError?(error: unknown, report: RunReport): Promise<void> | void;
}

/** A hook as errors name it. */
export interface HookCall {
  /** Of its class, or else of its file. */
  readonly name: string;
  /** Absolute path. */
  readonly file?: string | undefined;
  readonly event: 'beforeEach' | 'afterEach';
}

/** Who runs statements in the transaction of a migration. */
export type Actor = HookCall | 'migration';

/** A class that the container can build hooks from. */
export type HooksClass = new (...args: never[]) => MigrationHooks;
