import {
  ChangedMigrationError,
  LaterMigrationsError,
  MissingMigrationError,
  OutOfOrderError,
  OvertakenError,
} from '../errors.js';
import { outOfOrderOf, type History } from './history.js';
import { compareNames, inOrder, prefixOf } from './name.js';
import type { PlanStep } from './plan.js';

/** What to do about a problem in the history. */
export type Policy = 'error' | 'warn' | 'allow';
export const POLICIES = ['error', 'warn', 'allow'] as const satisfies readonly Policy[];

export interface HistoryPolicy {
  /** A pending migration sorts before an applied one. */
  readonly outOfOrder: Policy;
  /** A recorded migration is not in the source. */
  readonly missing: Policy;
  /** A file was edited after it had been applied. */
  readonly changed: Policy;
}

export const STRICT: HistoryPolicy = { outOfOrder: 'error', missing: 'error', changed: 'error' };

/**
 * Judges a history before `up`, and returns what is only to be warned of. A missing migration matters only when
 * there is something to build on top of it.
 * @throws ChangedMigrationError, MissingMigrationError, OutOfOrderError
 */
export function judge(history: History, policy: HistoryPolicy): readonly string[] {
  const warnings: string[] = [];
  const act = (what: Policy, error: Error): void => {
    if (what === 'error') throw error;
    if (what === 'warn') warnings.push(error.message);
  };
  const pending = history.pending.length > 0;
  const missing = history.missing.map(({ name }) => name);
  const outOfOrder = outOfOrderOf(history);
  if (history.changed.length > 0) act(policy.changed, new ChangedMigrationError(history.changed));
  if (missing.length > 0) {
    const strictness = pending || policy.missing === 'allow' ? policy.missing : 'warn';
    act(strictness, new MissingMigrationError(missing, MISSING_HINT));
  }
  if (outOfOrder) act(policy.outOfOrder, new OutOfOrderError(outOfOrder.names, outOfOrder.lastApplied));
  return warnings;
}

/**
 * Judges one step by the records as they are now: a rollback comes before those of what is older, but for later ones
 * that were planned to stay, and `up` comes after what it was planned to come after. Unless it declares what it depends
 * on, or the policy allows it, it does not come after anything newer.
 * @throws LaterMigrationsError, OutOfOrderError, OvertakenError
 */
export function refuseOutOfTurn(step: PlanStep, recorded: ReadonlySet<string>, policy: HistoryPolicy): void {
  const later = inOrder(Array.from(recorded, (name) => ({ name })))
    .map(({ name }) => name)
    .filter((name) => compareNames(name, step.name) > 0);
  if (step.direction === 'down') {
    const dependents = later.filter((name) => step.keeps?.includes(name) !== true);
    if (dependents.length > 0) throw new LaterMigrationsError(step.name, dependents);
    return;
  }
  const gone = neededBy(step).find((name) => !recorded.has(name));
  if (gone !== undefined) throw new OvertakenError(step.name, gone);
  if (step.dependsOn !== undefined) return;
  const last = later.findLast((name) => prefixOf(name) !== undefined);
  if (policy.outOfOrder === 'error' && last !== undefined) throw new OutOfOrderError([step.name], last);
}

function neededBy({ dependsOn, after }: PlanStep): readonly string[] {
  return dependsOn ?? (after === undefined ? [] : [after]);
}

const MISSING_HINT =
  "Put the file back, or, if it is gone for good, run again with --missing=allow (config: missing: 'allow').";
