import { isDeepStrictEqual } from 'node:util';
import {
  sumOf,
  type BatchEntry,
  type RowProgress,
  type WalkDefinition,
  type WalkState,
} from '../domain/batches.js';
import type { Database } from '../domain/migration.js';
import type { PlanStep } from '../domain/plan.js';
import type { Policy } from '../domain/policy.js';
import { BatchError } from '../errors.js';
import { effectsOf } from '../sqlite/effects.js';
import type { Edges } from './hook-calls.js';
import type { MigrationRepository } from './migration-repository.js';
import { isPromise, type BodyLedger } from './transaction-manager.js';

type Body = (db: Database) => unknown;

/**
 * Runs a body whose batches are committed one by one: again and again, in a transaction each time. Each time the first
 * batch() that is not done does one batch and ends the body by what it throws. So all else in the body would be done
 * once for each batch: it may write only where no batch() follows, in the call that ends with the record.
 */
export class StepLedger implements BodyLedger, Edges {
  readonly #repository: MigrationRepository;
  readonly #step: PlanStep;
  readonly #changed: Policy;
  #entries: readonly BatchEntry[] = [];
  /** The calls of batch() so far, in this call of the body. */
  #calls = 0;
  #state: 'outside' | 'reading' | 'in a batch' | 'has written' | 'ended' = 'outside';
  #kept: BatchEntry | undefined;
  #ownRows = 0;
  #end: BodyEnd | undefined;
  /** Of the last batch(). */
  #table = '';

  /** @param changed what to do about a walk that goes on otherwise than it began */
  constructor(repository: MigrationRepository, step: PlanStep, changed: Policy) {
    this.#repository = repository;
    this.#step = step;
    this.#changed = changed;
  }

  /** The body, which returns when batch() has ended it, too. Nothing is known from one call to the next. */
  wrap(body: Body): Body {
    return (db) => {
      this.#entries = this.#own();
      this.#calls = 0;
      this.#state = 'reading';
      this.#kept = undefined;
      this.#ownRows = 0;
      this.#end = undefined;
      return this.#untilEnd(() => body(db));
    };
  }

  #untilEnd(body: () => unknown): unknown {
    let result: unknown;
    try {
      result = body();
    } catch (error) {
      if (error !== this.#end || error === undefined) throw error;
      this.#state = 'outside';
      return undefined;
    }
    const isSwallowed = this.#end !== undefined || this.#state === 'in a batch';
    if (isSwallowed && !isPromise(result)) throw swallowed(this.#table);
    this.#state = 'outside'; // from here on, hooks write
    return result;
  }

  /** Whether nothing of the migration is committed yet. */
  isFirst(): boolean {
    return this.#own().length === 0;
  }

  /** Whether the body has run to its end. */
  isLast(): boolean {
    return this.#end === undefined;
  }

  /**
   * To be called after the body, in the same transaction.
   * @returns how far it is, or undefined when it has run to its end
   * @throws BatchError when its batches are not what they were
   */
  outcome(): RowProgress | undefined {
    if (this.#kept !== undefined) this.#refuseUndone(this.#kept);
    if (this.#end !== undefined) return this.progress();
    const left = this.#entries.find(({ number }) => number >= this.#calls);
    if (left === undefined) return undefined;
    const reason = 'its batch() is no longer in the migration.';
    throw changedError(left.definition.table, reason, this.#step);
  }

  /** How far the migration is by what is committed, or about to be; undefined where nothing is. */
  progress(): RowProgress | undefined {
    const entries = this.#own();
    return entries.length === 0 ? undefined : sumOf(entries);
  }

  resume(definition: WalkDefinition): WalkState | undefined {
    if (this.#state !== 'reading') throw writtenBefore(definition.table);
    this.#state = 'in a batch';
    this.#table = definition.table;
    const known = this.#entries.find(({ number }) => number === this.#calls);
    if (known !== undefined) this.#refuseChanged(known.definition, definition);
    return known;
  }

  get ownRows(): number {
    return this.#ownRows;
  }

  keep(state: WalkState): void {
    const { migration, direction, startedAt } = this.#entries.find(
      ({ number }) => number === this.#calls,
    ) ?? {
      migration: this.#step.name,
      direction: this.#step.direction,
      startedAt: new Date().toISOString(),
    };
    this.#kept = { ...state, migration, direction, startedAt, number: this.#calls };
    this.#repository.keepBatch(this.#kept);
    this.#ownRows += 1;
    this.#calls += 1;
    this.#state = 'reading';
  }

  endBody(): never {
    this.#state = 'ended';
    this.#end = new BodyEnd(this.#table);
    throw this.#end;
  }

  before(sql: string): void {
    if (!WATCHED.has(this.#state)) return;
    if (!effectsOf(sql).some(({ kind }) => kind !== 'pragma')) return;
    if (this.#state === 'ended') throw swallowed(this.#table);
    this.#state = 'has written';
  }

  #own(): readonly BatchEntry[] {
    return this.#repository.batches().filter(({ migration }) => migration === this.#step.name);
  }

  // A transaction of the body's own around batch() is rolled back by what ends the body, and the batch with it.
  #refuseUndone(kept: BatchEntry): void {
    const now = this.#own().find(({ number }) => number === kept.number);
    if (now !== undefined && now.batches === kept.batches && now.cursor === kept.cursor) return;
    throw new BatchError(
      kept.definition.table,
      'the migration undid its batch by a transaction or savepoint of its own.',
      'Call batch() outside of db.transaction() and of savepoints.',
    );
  }

  #refuseChanged(before: WalkDefinition, now: WalkDefinition): void {
    if (isDeepStrictEqual(before, now)) return;
    const what = (['table', 'where', 'set'] as const).find(
      (key) => !isDeepStrictEqual(before[key], now[key]),
    );
    if (what !== 'table' && this.#changed !== 'error') return;
    throw changedError(
      before.table,
      `its ${what ?? ''} has been changed since its first batches were committed.`,
      this.#step,
    );
  }
}

const WATCHED: ReadonlySet<string> = new Set(['reading', 'ended']);

/** What ends a body after a batch, and is no error. */
class BodyEnd extends Error {
  constructor(table: string) {
    super(`batch() on ${table} has done one batch, and ends the call: let what it throws pass.`);
    this.name = 'BodyEnd';
  }
}

function writtenBefore(table: string): BatchError {
  return new BatchError(
    table,
    "the migration has written something before it, which with transaction: 'batches' would be done once for each batch.",
    'Put that into a migration of its own before this one, or after the last batch().',
  );
}

function swallowed(table: string): BatchError {
  return new BatchError(
    table,
    "with transaction: 'batches' it ends the call of up() or down() by what it throws, and the migration went on after it.",
    'Take batch() out of try … catch and finally, or throw on what is not yours.',
  );
}

// The flag is one of migrate:up alone.
function changedError(table: string, reason: string, { direction }: PlanStep): BatchError {
  const allow =
    direction === 'up'
      ? "run again with --changed=allow (config: changed: 'allow')"
      : "say changed: 'allow' in the config, and run again";
  return new BatchError(
    table,
    reason,
    `Put the migration back as it was. If the rest is to be done as it is now, ${allow}; the table must be the same. Or restore the backup of before it.`,
  );
}
