import {
  DependencyError,
  LaterMigrationsError,
  MissingMigrationError,
  NotAppliedError,
  UnknownMigrationError,
} from '../errors.js';
import { appliedAfter, dependentsOf, refuseBadDependencies } from './dependencies.js';
import { samePrefixOf, samePrefixText, type History } from './history.js';
import type { Direction, DiscoveredMigration } from './migration.js';
import { compareNames, inOrder } from './name.js';
import { atMostOne, refuseOptions } from './plan-options.js';
import { judge, STRICT, type HistoryPolicy } from './policy.js';

/** What a command would do: which migrations, in which order and direction, and why. */
export interface Plan {
  readonly command: Command;
  readonly steps: readonly PlanStep[];
  /** Pending (up) or applied (down) migrations that this plan leaves as they are. */
  readonly held: readonly HeldMigration[];
  readonly warnings: readonly string[];
}

export type Command = 'up' | 'down' | 'reset' | 'redo';

export interface PlanStep {
  readonly name: string;
  readonly direction: Direction;
  readonly reason: string;
  /** For up: the migration that it comes after, which must be applied by then. */
  readonly after?: string;
  /** For up: instead of `after`, what it declares to depend on, all of which must be applied by then. */
  readonly dependsOn?: readonly string[];
  /** For down: later ones that stay applied, since they do not depend on it. */
  readonly keeps?: readonly string[];
}

export interface HeldMigration {
  readonly name: string;
  readonly reason: string;
}

/** How far up: at most one of the two; without either, all that is pending. */
export interface UpOptions {
  /** The last one to apply. */
  readonly to?: string | undefined;
  /** How many to apply, from 1. */
  readonly steps?: number | undefined;
}

/** How far down: at most one of the three; without any, the last applied one. */
export interface DownOptions {
  /** The one to roll back; refused while later ones that depend on it are applied. */
  readonly name?: string | undefined;
  /** The one to roll back to: it stays, all after it are rolled back. */
  readonly to?: string | undefined;
  /** How many to roll back, from 1. */
  readonly steps?: number | undefined;
}

/** The plan of any command. @throws UsageError for an option that the command does not take, and as the others */
export function planFor(
  command: Command,
  history: History,
  options: UpOptions & DownOptions,
  policy: HistoryPolicy,
): Plan {
  refuseOptions(command, options);
  const plans: Record<Command, () => Plan> = {
    up: () => planUp(history, options, policy),
    down: () => planDown(history, options),
    reset: () => planReset(history),
    redo: () => planRedo(history),
  };
  return plans[command]();
}

/**
 * Which pending migrations to apply.
 * @throws UsageError, UnknownMigrationError, OutOfOrderError, MissingMigrationError, ChangedMigrationError,
 * DependencyError
 */
export function planUp(history: History, options: UpOptions = {}, policy: HistoryPolicy = STRICT): Plan {
  atMostOne(options);
  refuseBadDependencies(history);
  const warnings = [...judge(history, policy), ...warnOfSamePrefix(history)];
  if (options.to !== undefined && !history.discovered.some(({ name }) => name === options.to))
    throw unknown(options.to);
  const steps = pendingUpTo(history, options);
  return {
    command: 'up',
    steps: upSteps(history, steps, 'pending'),
    held: history.pending.slice(steps.length).map(({ name }) => ({
      name,
      reason: options.to === undefined ? `beyond ${stepsText(options.steps)}` : `after ${options.to}`,
    })),
    warnings,
  };
}

/** The first of those that are pending, as far as the options say. */
export function pendingUpTo({ pending }: History, { to, steps }: UpOptions): readonly DiscoveredMigration[] {
  return to === undefined
    ? pending.slice(0, steps)
    : pending.filter(({ name }) => compareNames(name, to) <= 0);
}

/**
 * Which applied migrations to roll back, newest first.
 * @throws UsageError, UnknownMigrationError, NotAppliedError, LaterMigrationsError, MissingMigrationError,
 * DependencyError
 */
export function planDown(history: History, options: DownOptions = {}): Plan {
  atMostOne(options);
  if (options.name !== undefined) return planDownOne(history, options.name);
  const newestFirst = history.records.toReversed().map(({ name }) => name);
  const count = countDown(history, newestFirst, options);
  const reason = options.to === undefined ? 'the last applied' : `after ${options.to}`;
  const steps = newestFirst.slice(0, count);
  return {
    command: 'down',
    steps: rollBack(history, steps, reason),
    held: newestFirst.slice(count).map(stays),
    warnings: warnOfChanged(history, steps),
  };
}

function planDownOne(history: History, name: string): Plan {
  const applied = history.records.map((record) => record.name);
  if (!applied.includes(name)) throw notRecorded(history, name);
  refuseBadDependencies(history);
  const dependents = dependentsOf(history, name);
  if (dependents.length > 0) throw new LaterMigrationsError(name, dependents);
  const keeps = appliedAfter(history, name);
  return {
    command: 'down',
    steps: rollBack(history, [name], 'named', keeps),
    held: applied
      .filter((each) => each !== name)
      .toReversed()
      .map(stays),
    warnings: warnOfChanged(history, [name]),
  };
}

function stays(name: string): HeldMigration {
  return { name, reason: 'stays applied' };
}

/** All applied migrations, newest first. @throws MissingMigrationError */
export function planReset(history: History): Plan {
  const names = history.records.toReversed().map(({ name }) => name);
  return {
    command: 'reset',
    steps: rollBack(history, names, 'applied'),
    held: [],
    warnings: warnOfChanged(history, names),
  };
}

/** The last applied migration, down and up again. @throws MissingMigrationError, DependencyError */
export function planRedo(history: History): Plan {
  refuseBadDependencies(history);
  const down = planDown(history);
  const up = upSteps(history, down.steps, 'applied again');
  return { ...down, command: 'redo', steps: [...down.steps, ...up] };
}

function upSteps(
  { records, dependencies }: History,
  migrations: readonly { readonly name: string }[],
  reason: string,
): readonly PlanStep[] {
  if (migrations.length === 0) return [];
  const names = [...new Set([...records, ...migrations].map(({ name }) => name))];
  const before = new Map<string, string>();
  let last: string | undefined;
  for (const { name } of inOrder(names.map((each) => ({ name: each })))) {
    if (last !== undefined) before.set(name, last);
    last = name;
  }
  const there = new Set(records.map(({ name }) => name));
  return migrations.map(({ name }) => {
    const after = before.get(name);
    const dependsOn = dependencies?.get(name);
    const lacking = dependsOn?.find((each) => !there.has(each));
    if (lacking !== undefined) throw new DependencyError('not applied', [name, lacking]);
    there.add(name);
    const step = { name, direction: 'up', reason } as const;
    if (dependsOn !== undefined) return { ...step, dependsOn };
    return after === undefined ? step : { ...step, after };
  });
}

function stepsText(count: number | undefined): string {
  return count === 1 ? '1 step' : `${count} steps`;
}

function countDown(history: History, newestFirst: readonly string[], options: DownOptions): number {
  if (options.to === undefined) return options.steps ?? 1;
  const index = newestFirst.indexOf(options.to);
  if (index === -1) throw notRecorded(history, options.to);
  return index;
}

function notRecorded(history: History, name: string): Error {
  if (!history.discovered.some((each) => each.name === name)) return unknown(name);
  return new NotAppliedError(
    `${name} is not applied, so there is nothing to roll back.`,
    'migrate:status shows what is applied.',
  );
}

function unknown(name: string): UnknownMigrationError {
  return new UnknownMigrationError(
    `There is no migration named "${name}".`,
    'Give the whole name as migrate:status shows it, as in 001_initial_schema.',
  );
}

function rollBack(
  history: History,
  names: readonly string[],
  reason: string,
  keeps: readonly string[] = [],
): readonly PlanStep[] {
  const missing = new Set(history.missing.map(({ name }) => name));
  const lost = names.filter((name) => missing.has(name));
  if (lost.length > 0) {
    throw new MissingMigrationError(lost, 'Put the file back: its down() is needed to roll it back.');
  }
  const staying = keeps.length > 0 ? { keeps } : {};
  return names.map((name) => ({ name, direction: 'down', reason, ...staying }));
}

function warnOfChanged(history: History, names: readonly string[]): readonly string[] {
  return history.changed
    .filter((name) => names.includes(name))
    .map((name) => `${name} was edited after it had been applied; its present down() is used.`);
}

// Told as long as there is something to decide, not at every run for ever.
function warnOfSamePrefix(history: History): readonly string[] {
  return history.pending.length === 0
    ? []
    : samePrefixOf(history)
        .filter(({ pending }) => pending.length > 0)
        .map((same) => `${samePrefixText(same)}.`);
}
