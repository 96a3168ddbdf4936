import type { Direction } from './migration.js';
import type { Outcome } from './report.js';
import type { StatementRecord } from './statement.js';

/** A table that a statement reads from its first row to its last, as no index helps. */
export interface Scan {
  readonly table: string;
  /** How many it had when its migration had run; null where that could not be counted. */
  readonly rows: number | null;
}

/** A statement of a profile. Executions of the same text in a row are one. */
export interface ProfiledStatement extends Omit<StatementRecord, 'values'> {
  /** Milliseconds from the start of the run to its first execution. */
  readonly startMs: number;
  /** Milliseconds from there to the end of its last; the code in between is part of it. */
  readonly spanMs: number;
  /** EXPLAIN QUERY PLAN right after it, a line a node; null where SQLite has none, or it was not asked. */
  readonly plan: readonly string[] | null;
  readonly scans: readonly Scan[];
}

/** A step of a profile. */
export interface ProfiledMigration {
  readonly name: string;
  readonly direction: Direction;
  readonly outcome: Outcome | 'failed';
  /** Milliseconds from the start of the run. */
  readonly startMs: number;
  readonly durationMs: number;
  /** Rows that its statements have changed, those of triggers and foreign keys included. */
  readonly rows: number;
  readonly statements: readonly ProfiledStatement[];
}

/** Where the time of a run has gone. */
export interface Profile {
  /** ISO 8601, UTC, with milliseconds. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly migrations: readonly ProfiledMigration[];
}

/** All executions of one text with one plan, in one migration. */
export interface SlowStatement extends Omit<ProfiledStatement, 'startMs' | 'spanMs'> {
  readonly migration: string;
}

/** The statements that took most, slowest first. */
export function slowest({ migrations }: Profile, limit: number): readonly SlowStatement[] {
  const sums = new Map<string, SlowStatement>();
  for (const { name, direction, statements } of migrations) {
    for (const { startMs: _start, spanMs: _span, ...statement } of statements) {
      const key = JSON.stringify([name, direction, statement.sql, statement.plan]);
      sums.set(key, added(sums.get(key), { ...statement, migration: name }));
    }
  }
  return [...sums.values()].toSorted((a, b) => b.durationMs - a.durationMs).slice(0, limit);
}

function added(sum: SlowStatement | undefined, statement: SlowStatement): SlowStatement {
  if (sum === undefined) return statement;
  return {
    ...sum,
    count: sum.count + statement.count,
    rows: sum.rows + statement.rows,
    indirectRows: sum.indirectRows + statement.indirectRows,
    durationMs: sum.durationMs + statement.durationMs,
  };
}

/** A node of what EXPLAIN QUERY PLAN gives. */
export interface PlanNode {
  readonly id: number;
  readonly parent: number;
  readonly detail: string;
}

/** A plan as lines, each below what it is part of. */
export function planLines(nodes: readonly PlanNode[]): readonly string[] {
  const depths = new Map<number, number>([[0, -1]]);
  return nodes.map(({ id, parent, detail }) => {
    const depth = (depths.get(parent) ?? -1) + 1;
    depths.set(id, depth);
    return '  '.repeat(depth) + detail;
  });
}

/** What a plan reads as a whole, by the names that it has in the statement: tables, their aliases, subqueries. */
export function scannedIn(plan: readonly string[]): readonly string[] {
  const names = plan.flatMap((line) => {
    const [, name] = /^ *SCAN (.+)$/.exec(line) ?? [];
    return name === undefined || NO_TABLE.test(name) ? [] : [name];
  });
  return [...new Set(names)];
}

/** What a plan makes for itself, and then may read as a whole: what stands in WITH, views and subqueries. */
export function madeIn(plan: readonly string[]): readonly string[] {
  return plan.flatMap((line) => /^ *(?:MATERIALIZE|CO-ROUTINE) (.+)$/.exec(line)?.[1] ?? []);
}

// https://sqlite.org/eqp.html
const NO_TABLE = / USING |^CONSTANT ROW$|^\d+.ROW|-ROW VALUES CLAUSE| VIRTUAL TABLE |^\(/;
