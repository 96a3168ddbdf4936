import type { RowProgress } from './batches.js';
import type { Conflict } from './conflict.js';
import type { Direction } from './migration.js';
import type { Command, HeldMigration, PlanStep } from './plan.js';

/** What became of one step. `'skipped'`: another process had done it by the time the lock was ours. */
export type Outcome = 'applied' | 'rolled-back' | 'skipped';

export interface StepResult {
  readonly name: string;
  readonly direction: Direction;
  readonly outcome: Outcome;
  /** Milliseconds from the wait for the lock to COMMIT. */
  readonly durationMs: number;
  /** What a rollback of a `ReversibleMigration` met that had changed since; absent where it met nothing. */
  readonly conflicts?: readonly Conflict[];
}

export const HOOK_EVENTS = ['beforeRun', 'beforeEach', 'afterEach', 'afterRun', 'onError'] as const;
export type HookEvent = (typeof HOOK_EVENTS)[number];

/** The hooks of one class, and how often a run has called each. */
export interface HookReport {
  readonly name: string;
  readonly calls: Readonly<Partial<Record<HookEvent, number>>>;
}

/** What a run did, in the order in which it did it. */
export interface RunReport {
  readonly runId: string;
  readonly command: Command;
  readonly steps: readonly StepResult[];
  /** Pending (up) or applied (down) migrations that were left as they are, as the options asked. */
  readonly held: readonly HeldMigration[];
  readonly warnings: readonly string[];
  /** Absolute path of the backup that was made before it; null when there is none. */
  readonly backup: string | null;
  /** Which hooks ran, in the order in which they are registered. */
  readonly hooks: readonly HookReport[];
}

/** What a run tells while it goes on; each is sent synchronously. */
export type Progress =
  /** Of the backup: how many bytes of how many have been copied. */
  | { readonly type: 'backup'; readonly copied: number; readonly total: number }
  /**
   * Of batch(): how many rows of the table are done. `stay`: they are committed, and a run that ends here goes on from
   * here the next time; `go`: they are part of one transaction.
   */
  | ({ readonly type: 'batch'; readonly step: PlanStep; readonly ifEnded: 'stay' | 'go' } & RowProgress)
  | { readonly type: 'start'; readonly step: PlanStep; readonly index: number; readonly total: number }
  | { readonly type: 'done'; readonly result: StepResult; readonly index: number; readonly total: number };

export type OnProgress = (progress: Progress) => void;

/** Names of one outcome, in the order in which it came about. */
export function namesOf(report: RunReport, outcome: Outcome): string[] {
  return report.steps.filter((step) => step.outcome === outcome).map(({ name }) => name);
}

/** The names of all outcomes. */
export function namesByOutcome(
  report: RunReport,
): Readonly<Record<'applied' | 'rolledBack' | 'skipped', string[]>> {
  return {
    applied: namesOf(report, 'applied'),
    rolledBack: namesOf(report, 'rolled-back'),
    skipped: namesOf(report, 'skipped'),
  };
}

/** Freezes a plain value (a tree, no cycles) through and through, and returns it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value);
    for (const each of Object.values(value)) deepFreeze(each);
  }
  return value;
}
