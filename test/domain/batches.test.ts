import { describe, expect, it } from '@jest/globals';
import {
  halfDoneOf,
  leftText,
  refuseOtherWay,
  refuseUnfinished,
  rowsText,
  withBegun,
  type BatchEntry,
} from '../../src/domain/batches.js';
import { planFor, type Command } from '../../src/domain/plan.js';
import { STRICT } from '../../src/domain/policy.js';
import { historyWith } from '../helpers/histories.js';

describe('how far a walk is', () => {
  it.each([
    [0, 0, '0 of 0 rows'],
    [1, 1, '1 of 1 row'],
    [999, 1000, '999 of 1,000 rows'],
    [412_000, 1_000_000, '412,000 of 1,000,000 rows'],
  ])('%d of %d is told as %s', (done, total, text) => {
    expect(rowsText({ done, total })).toBe(text);
  });

  it.each<[string, number, number, number, string]>([
    ['at the pace of this run', 412_000, 0, 8_400, '412,000 of 1,000,000 rows (41%), 12 s left'],
    ['not at that of the run before', 500_000, 400_000, 10_000, '500,000 of 1,000,000 rows (50%), 50 s left'],
    ['in minutes', 10_000, 0, 1_000, '10,000 of 1,000,000 rows (1%), 2 min left'],
    ['in hours', 1_000, 0, 10_000, '1,000 of 1,000,000 rows (0%), 2 h 47 min left'],
    ['not before the first batch', 0, 0, 0, '0 of 1,000,000 rows (0%)'],
    ['not when all is done', 1_000_000, 0, 500, '1,000,000 of 1,000,000 rows (100%)'],
    ['not for more than there were', 1_000_001, 0, 500, '1,000,001 of 1,000,000 rows (100%)'],
  ])('the time that is left is told %s', (_when, done, since, elapsedMs, text) => {
    const total = 1_000_000;
    expect(leftText({ done, total }, { done: since, total }, elapsedMs)).toBe(text);
  });

  it('is told of an empty table, too', () => {
    expect(leftText({ done: 0, total: 0 }, { done: 0, total: 0 }, 5)).toBe('0 of 0 rows (100%)');
  });
});

const entry = (migration: string, number: number, done: number): BatchEntry => ({
  migration,
  direction: 'up',
  number,
  definition: { table: 't', where: null, set: null },
  cursor: null,
  last: null,
  done,
  total: 10,
  batches: 1,
  isFinished: false,
  startedAt: '2026-11-25T00:00:00.000Z',
});
describe('a migration that is half done', () => {
  const halfDone = [{ name: '002_b', direction: 'up', done: 5, total: 10 }] as const;
  const discovered = [{ name: '002_b' }];

  it('has all rows of its walks', () => {
    expect(halfDoneOf([entry('1_a', 0, 10), entry('1_a', 1, 5), entry('2_b', 0, 1)])).toEqual([
      { name: '1_a', direction: 'up', done: 15, total: 20 },
      { name: '2_b', direction: 'up', done: 1, total: 10 },
    ]);
  });

  it.each<[string, readonly (readonly [string, 'up' | 'down'])[], boolean]>([
    ['nothing', [], false],
    ['itself', [['002_b', 'up']], false],
    [
      'itself after another',
      [
        ['001_a', 'up'],
        ['002_b', 'up'],
      ],
      false,
    ],
    ['another', [['003_c', 'up']], true],
    ['itself the other way', [['002_b', 'down']], true],
  ])('is in the way of a plan of %s: %s', (_what, steps, isRefused) => {
    const act = (): void =>
      refuseUnfinished(
        { halfDone, discovered },
        steps.map(([name, direction]) => ({ name, direction })),
      );
    if (isRefused) expect(act).toThrow(/^002_b is half applied \(5 of 10 rows\)/);
    else expect(act).not.toThrow();
  });

  it.each<['up' | 'down', Command, boolean]>([
    ['up', 'up', false],
    ['up', 'down', true],
    ['up', 'reset', true],
    ['up', 'redo', true],
    ['down', 'up', true],
    ['down', 'down', false],
    ['down', 'reset', false],
    ['down', 'redo', false],
  ])('is, half %s, in the way of a later %s: %s', (direction, command, isRefused) => {
    const act = (): void =>
      refuseOtherWay({ halfDone: [{ name: '002_b', direction, done: 5, total: 10 }] }, command);
    if (isRefused) expect(act).toThrow(/5 of 10 rows/);
    else expect(act).not.toThrow();
  });

  it('is in the way even of nothing when it is not in the source', () => {
    expect(() => refuseUnfinished({ halfDone, discovered: [] }, [])).toThrow(
      /its file has to be there|finished first/,
    );
  });
});

describe('a plan', () => {
  it.each([
    ['up', ['1_a'], 'pending, half done: 1,000 of 2,000 rows'],
    ['down', ['1_a', '2_b'], 'the last applied, half done: 1,000 of 2,000 rows'],
  ] as const)('says of a step that is half done how far %s is', (command, applied, reason) => {
    const history = historyWith(['1_a', '2_b'], applied);
    const halfDone = [{ name: '2_b', direction: command, done: 1000, total: 2000 }];
    const plan = planFor(command, history, {}, STRICT);
    expect(withBegun(plan, { halfDone }).steps).toMatchObject([{ name: '2_b', reason }]);
    expect(withBegun(plan, { halfDone: [] })).toEqual(plan);
  });
});
