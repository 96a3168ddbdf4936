import type { Profile, ProfiledMigration, ProfiledStatement } from './profile.js';

/**
 * A complete event ("X") of the Chrome trace event format, which Perfetto and speedscope read. Times are microseconds.
 * https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 */
export interface TraceEvent {
  readonly name: string;
  readonly cat: 'run' | 'migration' | 'statement';
  readonly ph: 'X';
  readonly ts: number;
  readonly dur: number;
  readonly pid: 1;
  readonly tid: 1;
  readonly args: Readonly<Record<string, unknown>>;
}

/** A profile as a trace: the run, in it its migrations, in them their statements. */
export function traceOf({ startedAt, durationMs, migrations }: Profile): {
  readonly displayTimeUnit: 'ms';
  readonly traceEvents: readonly TraceEvent[];
} {
  const run = event('decant', 'run', 0, durationMs, { startedAt });
  return { displayTimeUnit: 'ms', traceEvents: [run, ...migrations.flatMap(eventsOf)] };
}

function eventsOf(migration: ProfiledMigration): readonly TraceEvent[] {
  const { name, direction, outcome, startMs, durationMs, rows, statements } = migration;
  const end = startMs + durationMs;
  return [
    event(name, 'migration', startMs, durationMs, { direction, outcome, rows }),
    ...statements.map((statement, index) =>
      statementEvent(statement, statements[index + 1]?.startMs ?? end, end),
    ),
  ];
}

// What is drawn may not overlap: an iterator is open while other statements run, and so is a statement that comes
// back later. It ends where the next begins; `inSqliteMs` is what it took.
function statementEvent(statement: ProfiledStatement, next: number, end: number): TraceEvent {
  const { sql, count, rows, indirectRows, durationMs, startMs, spanMs, plan } = statement;
  const until = Math.min(startMs + spanMs, Math.max(next, startMs), end);
  const args = { sql, count, rows, indirectRows, inSqliteMs: durationMs, ...(plan === null ? {} : { plan }) };
  return event(titleOf(sql), 'statement', startMs, until - startMs, args);
}

function event(
  name: string,
  cat: TraceEvent['cat'],
  startMs: number,
  ms: number,
  args: TraceEvent['args'],
): TraceEvent {
  return { name, cat, ph: 'X', ts: micro(startMs), dur: Math.max(0, micro(ms)), pid: 1, tid: 1, args };
}

function micro(ms: number): number {
  return Math.round(ms * 1000);
}

function titleOf(sql: string): string {
  const line = sql.trim().replaceAll(/\s+/g, ' ');
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
