import { HalfDoneError } from '../errors.js';
import type { History } from './history.js';
import type { Direction } from './migration.js';
import type { Command, Plan, PlanStep } from './plan.js';

/** How many rows of how many are done. */
export interface RowProgress {
  readonly done: number;
  readonly total: number;
}

/** A migration of which some batches are committed, and not all. */
export interface HalfDone extends RowProgress {
  readonly name: string;
  readonly direction: Direction;
}

/** What is known of one walk of `batch()` over a table. */
export interface WalkState extends RowProgress {
  /** What must be the same when it goes on. */
  readonly definition: WalkDefinition;
  /** The keys, as SQL, of the last row that was visited, and of the last that is to be; null: of none. */
  readonly cursor: string | null;
  readonly last: string | null;
  readonly batches: number;
  readonly isFinished: boolean;
}

/** What a walk does, as far as it can be compared. */
export interface WalkDefinition {
  readonly table: string;
  readonly where: string | null;
  /** SQL by column; null for a function, which cannot be compared. */
  readonly set: Readonly<Record<string, string>> | null;
}

/** A walk whose batches are committed one by one: the row of `_decant_batches` that goes with each. */
export interface BatchEntry extends WalkState {
  readonly migration: string;
  readonly direction: Direction;
  /** Which call of `batch()` in the body it is, from 0. */
  readonly number: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
}

/** The migrations that these belong to, with all their rows. */
export function halfDoneOf(entries: readonly BatchEntry[]): readonly HalfDone[] {
  const last = new Map(entries.map((entry) => [entry.migration, entry.direction]));
  return Array.from(last, ([name, direction]) => ({
    name,
    direction,
    ...sumOf(entries.filter(({ migration }) => migration === name)),
  }));
}

/** All their rows together. */
export function sumOf(progresses: readonly RowProgress[]): RowProgress {
  return {
    done: progresses.reduce((sum, { done }) => sum + done, 0),
    total: progresses.reduce((sum, { total }) => sum + total, 0),
  };
}

/** The plan, in which the reason of each step that is half done says so. */
export function withBegun(plan: Plan, { halfDone = [] }: Pick<History, 'halfDone'>): Plan {
  if (halfDone.length === 0) return plan;
  const begun = (step: PlanStep): PlanStep => {
    const half = halfDone.find(({ name, direction }) => name === step.name && direction === step.direction);
    return half === undefined ? step : { ...step, reason: `${step.reason}, half done: ${rowsText(half)}` };
  };
  return { ...plan, steps: plan.steps.map(begun) };
}

/**
 * To be called before a command is planned: what is half applied cannot be rolled back, nor what is below it; and on
 * what is half rolled back nothing is built. @throws HalfDoneError
 */
export function refuseOtherWay({ halfDone = [] }: Pick<History, 'halfDone'>, command: Command): void {
  const way: Direction = command === 'up' ? 'up' : 'down';
  refuseIfLeft(halfDone.find(({ direction }) => direction !== way));
}

/**
 * To be called once a command is planned: steps, if there are any, have to finish what is half done. One that is not in
 * the source is in the way even of none.
 * @throws HalfDoneError
 */
export function refuseUnfinished(
  { halfDone = [], discovered }: Pick<History, 'halfDone' | 'discovered'>,
  steps: readonly Pick<PlanStep, 'name' | 'direction'>[],
): void {
  const isLeft = ({ name, direction }: HalfDone): boolean =>
    steps.length === 0
      ? !discovered.some((each) => each.name === name)
      : !steps.some((step) => step.name === name && step.direction === direction);
  refuseIfLeft(halfDone.find(isLeft));
}

/** Refuses whatever is half done, either way. @throws HalfDoneError */
export function refuseHalfDone(entries: readonly BatchEntry[]): void {
  refuseIfLeft(halfDoneOf(entries)[0]);
}

function refuseIfLeft(left: HalfDone | undefined): void {
  if (left !== undefined) throw new HalfDoneError(left.name, left.direction, rowsText(left));
}

/** As in `412,000 of 1,000,000 rows`. */
export function rowsText({ done, total }: RowProgress): string {
  return `${grouped(done)} of ${grouped(total)} ${total === 1 ? 'row' : 'rows'}`;
}

/**
 * How many seconds are left, at the pace since `since`; undefined where nothing was done by which to tell.
 * @param elapsedMs milliseconds from then to now
 */
function secondsLeft(now: RowProgress, since: RowProgress, elapsedMs: number): number | undefined {
  const done = now.done - since.done;
  if (done <= 0 || elapsedMs <= 0) return undefined;
  return Math.ceil((Math.max(0, now.total - now.done) * elapsedMs) / done / 1000);
}

/** As in `412,000 of 1,000,000 rows (41%), 12 s left`. */
export function leftText(now: RowProgress, since: RowProgress, elapsedMs: number): string {
  const share = now.total === 0 ? 100 : Math.floor((100 * Math.min(now.done, now.total)) / now.total);
  const seconds = secondsLeft(now, since, elapsedMs);
  const left = seconds === undefined || now.done >= now.total ? '' : `, ${timeText(seconds)} left`;
  return `${rowsText(now)} (${share}%)${left}`;
}

function timeText(seconds: number): string {
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

// Not by the locale of whoever runs it.
function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
}
