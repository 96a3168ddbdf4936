import { UsageError, type DecantError } from '../errors.js';
import type { MigrationOptions } from './decorator.js';
import type { Direction } from './migration.js';
import type { Command, DownOptions, HeldMigration, PlanStep, UpOptions } from './plan.js';
import type { HookReport, StepResult } from './report.js';
import type { StatementRecord, TableRows } from './statement.js';

/**
 * Where a dry run tries the migrations. `'transaction'` (the default): in the database itself, in one transaction that is
 * rolled back. `'copy'`: for real, on a temporary copy of it.
 */
export type TriedOn = 'transaction' | 'copy';

/** How far, as for the command itself, and where it is tried. */
export interface DryRunOptions extends UpOptions, DownOptions {
  readonly on?: TriedOn | undefined;
}

/** @throws UsageError for a place that is none */
export function refusePlace(on: TriedOn): void {
  if (on !== 'transaction' && on !== 'copy')
    throw new UsageError(`on must be 'transaction' or 'copy', not ${String(on)}.`, "Example: on: 'copy'");
}

/** What would become of one step. */
export type DryRunOutcome = 'would apply' | 'would roll back' | 'fails' | 'not tried';

/** What one step did in a dry run. */
export interface DryRunStep {
  readonly name: string;
  readonly direction: Direction;
  readonly outcome: DryRunOutcome;
  /** Why it was not tried; null where it was. */
  readonly reason: string | null;
  /** Milliseconds; 0 where it was not tried. */
  readonly durationMs: number;
  readonly statements: readonly StatementRecord[];
  /** How many rows of which tables they changed themselves; what triggers and foreign keys changed is in `statements`. */
  readonly rows: readonly TableRows[];
  /** A unified diff of the schema, a column a line; empty where it stays as it is. */
  readonly schema: string;
  /** What the loss guard says, as in `nothing lost`; null where it did not come to that. */
  readonly losses: string | null;
  /** What the check of the foreign keys says, as in `no new violation`; null where it did not come to that. */
  readonly foreignKeys: string | null;
  /** As in the report of a run. */
  readonly conflicts?: StepResult['conflicts'];
}

/** What a command would do, found out by doing it and taking it back. */
export interface DryRunReport {
  readonly command: Command;
  readonly on: TriedOn;
  readonly steps: readonly DryRunStep[];
  readonly held: readonly HeldMigration[];
  readonly warnings: readonly string[];
  /** Which hooks ran: of those, only `beforeEach` and `afterEach` do. */
  readonly hooks: readonly HookReport[];
  /** What the command would fail with; null where it would not. */
  readonly error: DecantError | null;
}

/**
 * Which steps cannot be tried in one transaction, by their place, and why. SQLite sets foreign keys outside of a
 * transaction only, so all that are tried have them as the first of them wants.
 */
export function untriable(
  steps: readonly PlanStep[],
  optionsOf: (step: PlanStep) => MigrationOptions,
): ReadonlyMap<number, string> {
  const reasons = new Map<number, string>();
  const enforced = foreignKeysOf(steps, optionsOf);
  for (const [index, step] of steps.entries()) {
    const { transaction, foreignKeys = 'off' } = optionsOf(step);
    if (transaction === false) reasons.set(index, 'it runs without a transaction');
    else if (foreignKeys !== enforced) {
      reasons.set(index, `it wants foreign keys ${foreignKeys}, and they are ${enforced} here`);
    }
  }
  return reasons;
}

/** How foreign keys are set while steps are tried in one transaction. */
export function foreignKeysOf(
  steps: readonly PlanStep[],
  optionsOf: (step: PlanStep) => MigrationOptions,
): 'off' | 'enforced' {
  const first = steps.map(optionsOf).find(({ transaction }) => transaction !== false);
  return first?.foreignKeys ?? 'off';
}
