import type { RunResult, Statement } from 'better-sqlite3';
import type { Database } from '../domain/migration.js';
import type { StatementRecord, TableRows } from '../domain/statement.js';
import { effectsOf } from '../sqlite/effects.js';
import { piecesOf } from '../sqlite/pieces.js';
import { foldName } from '../sqlite/tokens.js';
import { valuesText } from '../sqlite/values.js';
import { Stopwatch } from './stopwatch.js';

/** So many records are kept in order; what is run after that is added to the last of the same text, if there is one. */
const IN_ORDER = 1000;

/** The bound values of so many executions are kept. */
const VALUES_KEPT = 3;

/** What one record has come to so far. */
export interface Entry {
  readonly sql: string;
  /** What was bound first. */
  args: readonly unknown[];
  readonly watch: Stopwatch;
  readonly values: string[];
  count: number;
  rows: number;
  /** With those that triggers and foreign keys have changed. */
  allRows: number;
}

interface OpenIterator {
  readonly entry: Entry;
  readonly writes: boolean;
}

/** A call of a method that is about to be made. */
export interface RecordedCall {
  readonly sql: string;
  readonly method: PropertyKey;
  readonly target: object;
  readonly run: (...args: unknown[]) => unknown;
  readonly args: readonly unknown[];
}

/** Records the statements of one body: of this one only, as it counts what the connection has changed meanwhile. */
export class StatementRecorder {
  #changes: Statement | undefined;
  readonly #entries: Entry[] = [];
  readonly #latest = new Map<string, Entry>();
  readonly #iterators = new WeakMap<object, OpenIterator>();
  readonly #bound = new WeakMap<object, readonly unknown[]>();
  #last: Entry | undefined;
  /** The last that may have changed rows, and how many the connection had changed before it. */
  #writer: Entry | undefined;
  #before = 0;
  /** What was changed before any statement of the body's was run that could have done it. */
  #loose = 0;

  /** To be called before the body runs, with the connection that it runs on. */
  begin(db: Database): void {
    this.#changes = db.prepare('SELECT changes(), total_changes()').raw().safeIntegers(false);
    this.#before = this.#changesNow().total;
  }

  /** To be called when it has ended, before anybody else changes rows. */
  end(): void {
    this.#handOver(undefined);
    if (this.#last !== undefined) this.left(this.#last);
  }

  /** The records as they are kept, in order. */
  protected get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** Called when another text follows, or the body has ended. */
  protected left(_entry: Entry): void {
    return;
  }

  /** What was run, in order. */
  get records(): readonly StatementRecord[] {
    return this.#entries.map(({ sql, count, rows, allRows, watch, values }) => ({
      sql,
      count,
      rows,
      indirectRows: Math.max(0, allRows - rows),
      durationMs: watch.total,
      values: values.some((each) => each !== '') ? values : [],
    }));
  }

  /** How many rows the statements themselves have changed, by table, in the order in which they came to it. */
  get tables(): readonly TableRows[] {
    const sums = new Map<string, { -readonly [Key in keyof TableRows]: TableRows[Key] }>();
    for (const { sql, rows } of this.#entries) {
      const [effect] = rows > 0 ? effectsOf(sql) : [];
      if (effect?.kind !== 'write') continue;
      const key = foldName(effect.table);
      if (key.startsWith('_decant_')) continue; // a rebuild copies rows into it, and none of them is new
      const sum = sums.get(key) ?? { table: effect.table, inserted: 0, updated: 0, deleted: 0 };
      sum[DONE[effect.verb]] += rows;
      sums.set(key, sum);
    }
    return [...sums.values()];
  }

  /** Does what is none of the body's doing, and does not count what that changes. */
  aside(work: () => void): void {
    this.#handOver(undefined);
    work();
  }

  /** Leaves out rows that were written besides what the last statements say. */
  disregard(rows: number): void {
    this.#handOver(undefined);
    let left = rows - Math.min(rows, this.#loose);
    this.#loose -= rows - left;
    for (let at = this.#entries.length - 1; at >= 0 && left > 0; at--) {
      const entry = this.#entries[at] as Entry;
      const taken = Math.min(left, Math.max(0, entry.allRows - entry.rows));
      entry.allRows -= taken;
      left -= taken;
    }
  }

  /** Makes a call, and records what it runs. */
  call(call: RecordedCall): unknown {
    const { method, target, run, args, sql } = call;
    if (method === 'run') return this.#run(call);
    if (STEPS.has(method)) return this.#step(call);
    if (READS.has(method)) return this.#read(call);
    if (method === 'exec' && args[0] === sql)
      return this.exec(sql, (text) => Reflect.apply(run, target, [text]));
    if (method === 'bind') this.#bound.set(target, args);
    return Reflect.apply(run, target, args);
  }

  /** To be called between two that share a body. @throws BodyError when the first has swallowed what it was refused */
  refuseEnd(): void {
    return;
  }

  /** Runs a text as exec() does, but statement by statement, so that each has its own time and rows. */
  exec(text: string, run: (sql: string) => unknown): unknown {
    let result: unknown;
    for (const { sql, whole } of piecesOf(text)) {
      if (sql === '') return run(whole); // nothing but comments
      const entry = this.#enter(sql);
      entry.count += 1;
      const work = (): unknown => this.#timed(entry, () => run(whole));
      result = MAY_WRITE.test(sql) ? this.#writing(entry, work) : work();
    }
    return result;
  }

  // The one that is called a hundred thousand times.
  #run({ sql, target, run, args }: RecordedCall): unknown {
    const entry = this.#enter(sql);
    this.#handOver(entry);
    this.#count(entry, target, args);
    const result = entry.watch.isDue
      ? this.#timed(entry, () => Reflect.apply(run, target, args))
      : Reflect.apply(run, target, args);
    entry.rows += (result as RunResult).changes;
    return result;
  }

  // It may write all the same: INSERT … RETURNING.
  #read({ sql, method, target, run, args }: RecordedCall): unknown {
    const writes = method !== 'pragma' && !(target as Statement).readonly;
    const entry = this.#enter(sql);
    this.#count(entry, target, method === 'pragma' ? [] : args);
    const work = (): unknown => this.#timed(entry, () => Reflect.apply(run, target, args));
    if (method !== 'iterate') return writes ? this.#writing(entry, work) : work();
    if (writes) this.#handOver(entry);
    const result = work();
    this.#iterators.set(result as object, { entry, writes });
    return result;
  }

  #step({ method, target, run, args }: RecordedCall): unknown {
    const open = this.#iterators.get(target);
    if (open === undefined) return Reflect.apply(run, target, args);
    const result = this.#timed(open.entry, () => Reflect.apply(run, target, args)) as IteratorResult<unknown>;
    // SQLite counts what INSERT … RETURNING has changed when that ends; until then nothing else can write.
    if (open.writes && (result.done === true || method === 'return')) {
      open.entry.rows += this.#changesNow().direct;
      this.#iterators.delete(target);
    }
    return result;
  }

  #enter(sql: string): Entry {
    if (this.#last?.sql === sql) return this.#last;
    if (this.#last !== undefined) this.left(this.#last);
    const known = this.#entries.length < IN_ORDER ? undefined : this.#latest.get(sql);
    this.#last = known ?? this.#begin(sql);
    return this.#last;
  }

  #begin(sql: string): Entry {
    const entry = { sql, watch: new Stopwatch(), args: [], values: [], count: 0, rows: 0, allRows: 0 };
    this.#entries.push(entry);
    this.#latest.set(sql, entry);
    return entry;
  }

  #count(entry: Entry, target: object, args: readonly unknown[]): void {
    entry.count += 1;
    if (entry.count > VALUES_KEPT) return;
    const bound = this.#bound.get(target) ?? args;
    if (entry.count === 1) entry.args = bound;
    entry.values.push(valuesText(bound));
  }

  #timed(entry: Entry, work: () => unknown): unknown {
    const from = performance.now();
    try {
      return work();
    } finally {
      entry.watch.add(from, performance.now());
    }
  }

  // As better-sqlite3 does it for run(): changes() is that of the last statement that had any.
  #writing(entry: Entry, work: () => unknown): unknown {
    this.#handOver(entry);
    const before = this.#changesNow().total;
    const result = work();
    const { direct, total } = this.#changesNow();
    if (total !== before) entry.rows += direct;
    return result;
  }

  #handOver(entry: Entry | undefined): void {
    if (entry !== undefined && this.#writer === entry) return;
    const { total } = this.#changesNow();
    if (this.#writer === undefined) this.#loose += total - this.#before;
    else this.#writer.allRows += total - this.#before;
    this.#writer = entry;
    this.#before = total;
  }

  #changesNow(): { readonly direct: number; readonly total: number } {
    const [direct = 0, total = 0] = (this.#changes?.get() ?? []) as readonly number[];
    return { direct, total };
  }
}

const READS: ReadonlySet<PropertyKey> = new Set(['pragma', 'get', 'all', 'iterate']);
const STEPS: ReadonlySet<PropertyKey> = new Set(['next', 'return']);

// A text that begins otherwise changes no rows, and is not worth two questions.
const MAY_WRITE = /^(?:with|insert|replace|update|delete)\b/i;

const DONE = { insert: 'inserted', update: 'updated', delete: 'deleted' } as const;
