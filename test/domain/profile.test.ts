import { describe, expect, it } from '@jest/globals';
import {
  planLines,
  madeIn,
  scannedIn,
  slowest,
  type Profile,
  type ProfiledStatement,
} from '../../src/domain/profile.js';
import { traceOf, type TraceEvent } from '../../src/domain/trace.js';

function statement(sql: string, more: Partial<ProfiledStatement> = {}): ProfiledStatement {
  return {
    sql,
    count: 1,
    rows: 0,
    indirectRows: 0,
    durationMs: 1,
    startMs: 10,
    spanMs: 1,
    plan: null,
    scans: [],
    ...more,
  };
}

function profileOf(...statements: readonly ProfiledStatement[]): Profile {
  const migration = {
    name: '001_a',
    direction: 'up',
    outcome: 'applied',
    startMs: 5,
    durationMs: 50,
    rows: 3,
  } as const;
  return {
    startedAt: '2026-11-25T10:00:00.000Z',
    durationMs: 60,
    migrations: [{ ...migration, statements }],
  };
}

describe('slowest', () => {
  it('adds up what has one text and one plan, and takes the longest first', () => {
    const scan = { plan: ['SCAN t'] };
    const search = { plan: ['SEARCH t USING INDEX i (a=?)'] };
    const profile = profileOf(
      statement('a', { ...scan, durationMs: 2, rows: 1 }),
      statement('b', { durationMs: 5 }),
      statement('a', { ...scan, durationMs: 4, rows: 2, count: 3, indirectRows: 1 }),
      statement('a', { ...search, durationMs: 1 }),
    );
    expect(
      slowest(profile, 3).map(({ sql, durationMs, count, rows, indirectRows }) => [
        sql,
        durationMs,
        count,
        rows,
        indirectRows,
      ]),
    ).toEqual([
      ['a', 6, 4, 3, 1],
      ['b', 5, 1, 0, 0],
      ['a', 1, 1, 0, 0],
    ]);
    expect(slowest(profile, 1)).toHaveLength(1);
  });
});

describe('planLines', () => {
  it('indents each node below its parent', () => {
    const nodes = [
      { id: 3, parent: 0, detail: 'SCAN c' },
      { id: 8, parent: 0, detail: 'CORRELATED SCALAR SUBQUERY 1' },
      { id: 11, parent: 8, detail: 'SCAN o' },
    ];
    expect(planLines(nodes)).toEqual(['SCAN c', 'CORRELATED SCALAR SUBQUERY 1', '  SCAN o']);
  });
});

describe('scannedIn', () => {
  it.each<[string, readonly string[]]>([
    ['SCAN t', ['t']],
    ['  SCAN main.t', ['main.t']],
    ['SCAN a b', ['a b']],
    ['SCAN t USING COVERING INDEX i', []],
    ['SEARCH t USING INTEGER PRIMARY KEY (rowid=?)', []],
    ['SCAN CONSTANT ROW', []],
    ['SCAN 2-ROW VALUES CLAUSE', []],
    ['SCAN json_each VIRTUAL TABLE INDEX 1:', []],
    ['SCAN (subquery-1)', []],
    ['USE TEMP B-TREE FOR ORDER BY', []],
  ])('reads %j', (line, names) => {
    expect(scannedIn([line, line])).toEqual(names);
  });
});

describe('madeIn', () => {
  it('names what a plan makes for itself', () => {
    expect(
      madeIn(['MATERIALIZE tree', '  SETUP', '    SCAN t', '  CO-ROUTINE my view', 'SCAN tree']),
    ).toEqual(['tree', 'my view']);
  });
});

describe('traceOf', () => {
  it('nests statements in migrations in the run, in microseconds, and lets none overlap', () => {
    const trace = traceOf(
      profileOf(
        statement('SELECT a FROM t', { startMs: 10, spanMs: 20, plan: ['SCAN t'] }),
        statement('UPDATE t SET a = 1', { startMs: 12, spanMs: 30 }),
        statement(`INSERT\n  INTO t VALUES (${'1'.repeat(99)})`, { startMs: 50.5, spanMs: 100 }),
      ),
    );
    expect(JSON.parse(JSON.stringify(trace))).toEqual(trace);
    const [run, migration, ...statements] = trace.traceEvents;
    expect(run).toMatchObject({ name: 'decant', cat: 'run', ph: 'X', ts: 0, dur: 60_000, pid: 1, tid: 1 });
    expect(migration).toMatchObject({
      name: '001_a',
      cat: 'migration',
      ts: 5000,
      dur: 50_000,
      args: { rows: 3 },
    });
    expect(statements.map(({ ts, dur }) => [ts, dur])).toEqual([
      [10_000, 2000],
      [12_000, 30_000],
      [50_500, 4500],
    ]);
    expect(statements[0]?.args).toMatchObject({
      sql: 'SELECT a FROM t',
      count: 1,
      plan: ['SCAN t'],
      inSqliteMs: 1,
    });
    expect(statements[2]?.name).toMatch(/^INSERT INTO t VALUES \(1+…$/);
    for (const event of trace.traceEvents) expect(isCompleteEvent(event)).toBe(true);
    expect(isWithin(migration, run)).toBe(true);
    expect(statements.every((each) => isWithin(each, migration))).toBe(true);
  });
});

function isCompleteEvent({ name, ph, ts, dur, pid, tid }: TraceEvent): boolean {
  return (
    name !== '' &&
    ph === 'X' &&
    [ts, dur, pid, tid].every((number) => Number.isInteger(number) && number >= 0)
  );
}

function isWithin(inner: TraceEvent | undefined, outer: TraceEvent | undefined): boolean {
  if (inner === undefined || outer === undefined) return false;
  return inner.ts >= outer.ts && inner.ts + inner.dur <= outer.ts + outer.dur;
}
