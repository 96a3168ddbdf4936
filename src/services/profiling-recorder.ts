import type { Database } from '../domain/migration.js';
import {
  madeIn,
  planLines,
  scannedIn,
  type PlanNode,
  type ProfiledStatement,
  type Scan,
} from '../domain/profile.js';
import { tableBehind } from '../sqlite/aliases.js';
import { foldName, quoteName } from '../sqlite/tokens.js';
import { StatementRecorder, type Entry } from './statement-recorder.js';

/** So many texts are explained; beyond that only those that took their time. */
const EXPLAINED = 100;
const LONG_MS = 1;

/** Of so many statements it is said how large the tables are that they scan. */
const COUNTED = 10;

type Plan = readonly string[] | null;

/** Records the statements of one step, and asks SQLite for their plans while the schema is what they met. */
export class ProfilingRecorder extends StatementRecorder {
  #db: Database | undefined;
  readonly #plans = new Map<Entry, Plan>();
  /** The plans of texts, as long as the schema does not change. */
  readonly #known = new Map<string, Plan>();
  readonly #sizes = new Map<string, number | null>();

  override begin(db: Database): void {
    super.begin(db);
    this.#db = db;
  }

  override end(): void {
    super.end();
    const long = [...this.entries].toSorted((a, b) => b.watch.total - a.watch.total).slice(0, COUNTED);
    for (const { table } of long.flatMap((entry) => this.#scansOf(entry))) this.#count(table);
  }

  /** What was run, in order. @param origin when the run began, as performance.now() tells it */
  profiled(origin: number): readonly ProfiledStatement[] {
    return this.entries.map((entry, index) => {
      const { values: _values, ...record } = this.records[index] as (typeof this.records)[number];
      return {
        ...record,
        startMs: entry.watch.begin - origin,
        spanMs: entry.watch.end - entry.watch.begin,
        plan: this.#plans.get(entry) ?? null,
        scans: this.#scansOf(entry),
      };
    });
  }

  protected override left(entry: Entry): void {
    if (CHANGES_PLANS.test(entry.sql)) this.#known.clear();
    if (this.#plans.has(entry) || !HAS_PLAN.test(entry.sql)) return;
    let plan = this.#known.get(entry.sql);
    if (plan === undefined) {
      if (this.#plans.size >= EXPLAINED && entry.watch.total < LONG_MS) return;
      plan = this.#explain(entry);
      this.#known.set(entry.sql, plan);
    }
    this.#plans.set(entry, plan);
  }

  // What cannot be explained (any more) is left out: the statement itself has told what is wrong with it.
  #explain({ sql, args }: Entry): Plan {
    try {
      const nodes = this.#db
        ?.prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .safeIntegers(false)
        .all(...args);
      const lines = planLines((nodes ?? []) as readonly PlanNode[]);
      return lines.length === 0 ? null : lines;
    } catch {
      return null;
    }
  }

  #scansOf(entry: Entry): readonly Scan[] {
    const plan = this.#plans.get(entry) ?? [];
    const made = new Set(madeIn(plan).map(foldName));
    return scannedIn(plan)
      .map((name) => tableBehind(entry.sql, name))
      .filter((table) => !made.has(foldName(table)))
      .map((table) => ({ table, rows: this.#sizes.get(table) ?? null }));
  }

  // A table may be gone by now, and what is scanned need not be one.
  #count(table: string): void {
    if (this.#sizes.has(table)) return;
    try {
      const count = this.#db
        ?.prepare(`SELECT count(*) FROM ${quoteName(table)}`)
        .pluck()
        .safeIntegers(false)
        .get();
      this.#sizes.set(table, count as number);
    } catch {
      this.#sizes.set(table, null);
    }
  }
}

const CHANGES_PLANS = /^\s*(?:create|drop|alter|analyze|reindex|attach|detach|pragma)\b/i;

// After white space and comments.
const HAS_PLAN = /^(?:\s|--.*\n|\/\*[^]*?\*\/)*(?:select|with|insert|replace|update|delete|values)\b/i;
