import {
  LaterMigrationsError,
  MissingMigrationError,
  NotAppliedError,
  UnknownMigrationError,
  UsageError,
} from '../errors.js';
import { missingOf, pendingOf, samePrefixOf, samePrefixText, type History } from './history.js';
import type { Direction } from './migration.js';
import { compareNames, inOrder } from './name.js';
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
  /** The one to roll back; refused while later ones are applied. */
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
  refuseForeign(command, options);
  const plans: Record<Command, () => Plan> = {
    up: () => planUp(history, options, policy),
    down: () => planDown(history, options),
    reset: () => planReset(history),
    redo: () => planRedo(history),
  };
  return plans[command]();
}

const TAKES: Record<Command, readonly (keyof DownOptions)[]> = {
  up: ['to', 'steps'],
  down: ['name', 'to', 'steps'],
  reset: [],
  redo: [],
};

function refuseForeign(command: Command, options: DownOptions): void {
  const foreign = (['name', 'to', 'steps'] as const).find(
    (option) => options[option] !== undefined && !TAKES[command].includes(option),
  );
  if (foreign === undefined) return;
  throw new UsageError(
    `${command} takes no ${foreign === 'name' ? 'name of a migration' : `--${foreign}`}.`,
    TAKES[command].length === 0
      ? 'Leave it out.'
      : `Say how far by ${TAKES[command].map((each) => `--${each}`).join(' or ')}.`,
  );
}

/**
 * Which pending migrations to apply.
 * @throws UsageError, UnknownMigrationError, OutOfOrderError, MissingMigrationError, ChangedMigrationError
 */
export function planUp(history: History, options: UpOptions = {}, policy: HistoryPolicy = STRICT): Plan {
  atMostOne(options);
  const pending = pendingOf(history);
  const warnings = [...judge(history, policy), ...warnOfSamePrefix(history)];
  const count = options.to === undefined ? (options.steps ?? pending.length) : countUpTo(history, options.to);
  return {
    command: 'up',
    steps: upSteps(history, pending.slice(0, count), 'pending'),
    held: pending.slice(count).map(({ name }) => ({
      name,
      reason: options.to === undefined ? `beyond ${stepsText(options.steps)}` : `after ${options.to}`,
    })),
    warnings,
  };
}

/**
 * Which applied migrations to roll back, newest first.
 * @throws UsageError, UnknownMigrationError, NotAppliedError, LaterMigrationsError, MissingMigrationError
 */
export function planDown(history: History, options: DownOptions = {}): Plan {
  atMostOne(options);
  const newestFirst = history.records.toReversed().map(({ name }) => name);
  const count = countDown(history, newestFirst, options);
  const reason = options.to === undefined ? 'the last applied' : `after ${options.to}`;
  const steps = newestFirst.slice(0, count);
  return {
    command: 'down',
    steps: rollBack(history, steps, options.name === undefined ? reason : 'named'),
    held: newestFirst.slice(count).map((name) => ({ name, reason: 'stays applied' })),
    warnings: warnOfChanged(history, steps),
  };
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

/** The last applied migration, down and up again. @throws MissingMigrationError */
export function planRedo(history: History): Plan {
  const down = planDown(history);
  const up = upSteps(history, down.steps, 'applied again');
  return { ...down, command: 'redo', steps: [...down.steps, ...up] };
}

function upSteps(
  { records }: History,
  migrations: readonly { readonly name: string }[],
  reason: string,
): readonly PlanStep[] {
  const names = [...new Set([...records, ...migrations].map(({ name }) => name))];
  const before = new Map<string, string>();
  let last: string | undefined;
  for (const { name } of inOrder(names.map((each) => ({ name: each })))) {
    if (last !== undefined) before.set(name, last);
    last = name;
  }
  return migrations.map(({ name }) => {
    const after = before.get(name);
    const step = { name, direction: 'up', reason } as const;
    return after === undefined ? step : { ...step, after };
  });
}

function stepsText(count: number | undefined): string {
  return count === 1 ? '1 step' : `${count} steps`;
}

function countUpTo(history: History, to: string): number {
  if (!history.discovered.some(({ name }) => name === to)) throw unknown(to);
  return pendingOf(history).filter(({ name }) => compareNames(name, to) <= 0).length;
}

function countDown(history: History, newestFirst: readonly string[], options: DownOptions): number {
  const named = options.name ?? options.to;
  if (named === undefined) return options.steps ?? 1;
  const index = newestFirst.indexOf(named);
  if (index === -1) throw notRecorded(history, named);
  if (options.to !== undefined) return index;
  if (index > 0) throw new LaterMigrationsError(named, newestFirst.slice(0, index).toReversed());
  return 1;
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

function rollBack(history: History, names: readonly string[], reason: string): readonly PlanStep[] {
  const missing = new Set(missingOf(history).map(({ name }) => name));
  const lost = names.filter((name) => missing.has(name));
  if (lost.length > 0) {
    throw new MissingMigrationError(lost, 'Put the file back: its down() is needed to roll it back.');
  }
  return names.map((name) => ({ name, direction: 'down', reason }));
}

function warnOfChanged(history: History, names: readonly string[]): readonly string[] {
  return history.changed
    .filter((name) => names.includes(name))
    .map((name) => `${name} was edited after it had been applied; its present down() is used.`);
}

// Told as long as there is something to decide, not at every run for ever.
function warnOfSamePrefix(history: History): readonly string[] {
  return samePrefixOf(history)
    .filter(({ pending }) => pending.length > 0)
    .map((same) => `${samePrefixText(same)}.`);
}

function atMostOne(options: DownOptions): void {
  const given = [options.name, options.to, options.steps].filter((value) => value !== undefined);
  if (given.length > 1) {
    throw new UsageError('More than one of a name, --to and --steps was given.', 'Give at most one of them.');
  }
  if (options.steps !== undefined && (!Number.isInteger(options.steps) || options.steps < 1)) {
    throw new UsageError(`steps must be a whole number from 1, not ${options.steps}.`, 'Example: --steps 2');
  }
}
