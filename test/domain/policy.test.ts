import { describe, expect, it } from '@jest/globals';
import type { History } from '../../src/domain/history.js';
import { planUp, type PlanStep } from '../../src/domain/plan.js';
import {
  judge,
  POLICIES,
  refuseOutOfTurn,
  STRICT,
  type HistoryPolicy,
  type Policy,
} from '../../src/domain/policy.js';
import { ChangedMigrationError, MissingMigrationError, OutOfOrderError } from '../../src/errors.js';
import { errorOf } from '../helpers/errors.js';
import { historyWith } from '../helpers/histories.js';

const ALLOW: HistoryPolicy = { outOfOrder: 'allow', missing: 'allow', changed: 'allow' };

const OUT_OF_ORDER = historyWith(['1_a', '2_b'], ['2_b']);
const MISSING_PENDING = historyWith(['2_b'], ['1_a']);
const MISSING_SETTLED = historyWith(['2_b'], ['1_a', '2_b']);
const CHANGED_PENDING = historyWith(['1_a', '2_b'], ['1_a'], ['1_a']);
const CHANGED_SETTLED = historyWith(['1_a'], ['1_a'], ['1_a']);

const SENTENCES = {
  'out of order': 'Out of order: 1_a is pending but sorts before 2_b, which is applied.',
  missing: 'Missing: 1_a recorded as applied, but not in the source.',
  changed: 'Changed: 1_a was edited after having been applied.',
};

type Verdict = 'refuses' | 'warns' | 'passes';
type Case = [keyof typeof SENTENCES, keyof HistoryPolicy, Policy, string, Verdict, History];

const TABLE: Case[] = [
  ['out of order', 'outOfOrder', 'error', 'something', 'refuses', OUT_OF_ORDER],
  ['out of order', 'outOfOrder', 'warn', 'something', 'warns', OUT_OF_ORDER],
  ['out of order', 'outOfOrder', 'allow', 'something', 'passes', OUT_OF_ORDER],
  ['missing', 'missing', 'error', 'something', 'refuses', MISSING_PENDING],
  ['missing', 'missing', 'warn', 'something', 'warns', MISSING_PENDING],
  ['missing', 'missing', 'allow', 'something', 'passes', MISSING_PENDING],
  ['missing', 'missing', 'error', 'nothing', 'warns', MISSING_SETTLED],
  ['missing', 'missing', 'warn', 'nothing', 'warns', MISSING_SETTLED],
  ['missing', 'missing', 'allow', 'nothing', 'passes', MISSING_SETTLED],
  ['changed', 'changed', 'error', 'something', 'refuses', CHANGED_PENDING],
  ['changed', 'changed', 'warn', 'something', 'warns', CHANGED_PENDING],
  ['changed', 'changed', 'allow', 'something', 'passes', CHANGED_PENDING],
  ['changed', 'changed', 'error', 'nothing', 'refuses', CHANGED_SETTLED],
  ['changed', 'changed', 'warn', 'nothing', 'warns', CHANGED_SETTLED],
  ['changed', 'changed', 'allow', 'nothing', 'passes', CHANGED_SETTLED],
];

describe('up, of a history with something wrong', () => {
  // All others are allowed, so that only the rule in question can have decided.
  it.each(TABLE)('%s, %s: %s, %s pending: %s', (problem, rule, policy, _pending, verdict, history) => {
    const judged = (): readonly string[] => judge(history, { ...ALLOW, [rule]: policy });
    const sentence = SENTENCES[problem];
    if (verdict === 'refuses') expect(judged).toThrow(sentence);
    else expect(judged()).toEqual(verdict === 'warns' ? [sentence] : []);
  });

  it.each(TABLE)(
    '%s, %s: %s, %s pending: the plan %s as well',
    (problem, rule, policy, _, verdict, history) => {
      const plan = () => planUp(history, {}, { ...ALLOW, [rule]: policy });
      if (verdict === 'refuses') expect(plan).toThrow(SENTENCES[problem]);
      else expect(plan().warnings).toEqual(verdict === 'warns' ? [SENTENCES[problem]] : []);
    },
  );

  it('is refused with history problems in one fixed order: changed, missing, out of order', () => {
    const history = historyWith(['1_a', '3_c'], ['2_b', '3_c'], ['3_c']);
    expect(errorOf(() => judge(history, STRICT))).toBeInstanceOf(ChangedMigrationError);
    expect(errorOf(() => judge(history, { ...STRICT, changed: 'allow' }))).toBeInstanceOf(
      MissingMigrationError,
    );
    expect(errorOf(() => judge(history, { ...STRICT, changed: 'allow', missing: 'allow' }))).toBeInstanceOf(
      OutOfOrderError,
    );
  });

  it('collects every warning before it goes on', () => {
    const history = historyWith(['1_a', '3_c'], ['2_b', '3_c'], ['3_c']);
    expect(judge(history, { outOfOrder: 'warn', missing: 'warn', changed: 'warn' })).toEqual([
      'Changed: 3_c was edited after having been applied.',
      'Missing: 2_b recorded as applied, but not in the source.',
      'Out of order: 1_a is pending but sorts before 3_c, which is applied.',
    ]);
  });

  it('has a warning before an error not hide the error', () => {
    const history = historyWith(['1_a', '2_b'], ['2_b'], ['2_b']);
    expect(() => judge(history, { ...STRICT, changed: 'warn' })).toThrow(OutOfOrderError);
  });
});

it('refuses everything unless it is told otherwise', () => {
  expect(STRICT).toEqual({ outOfOrder: 'error', missing: 'error', changed: 'error' });
  expect(POLICIES).toEqual(['error', 'warn', 'allow']);
  expect(() => planUp(OUT_OF_ORDER)).toThrow(OutOfOrderError);
  expect(() => planUp(MISSING_PENDING)).toThrow(MissingMigrationError);
  expect(() => planUp(CHANGED_SETTLED)).toThrow(ChangedMigrationError);
});

it('has nothing to say of a history with nothing wrong', () => {
  expect(judge(historyWith(['1_a', '2_b'], ['1_a']), STRICT)).toEqual([]);
  expect(judge(historyWith([], []), STRICT)).toEqual([]);
});

describe('the hint of a refusal', () => {
  it('gives all ways out of an order that does not hold', () => {
    const { hint } = errorOf(() => judge(OUT_OF_ORDER, STRICT)) as OutOfOrderError;
    expect(hint).toContain('rename the file so that it sorts after 2_b');
    expect(hint).toContain('@migration({ dependsOn: [] })');
    expect(hint).toContain('--out-of-order=allow');
    expect(hint).toContain("outOfOrder: 'allow'");
  });

  it('gives both ways out of a missing migration', () => {
    const { hint } = errorOf(() => judge(MISSING_PENDING, STRICT)) as MissingMigrationError;
    expect(hint).toContain('Put the file back');
    expect(hint).toContain('--missing=allow');
    expect(hint).toContain("missing: 'allow'");
  });

  it('gives both ways out of a changed migration', () => {
    const { hint } = errorOf(() => judge(CHANGED_SETTLED, STRICT)) as ChangedMigrationError;
    expect(hint).toContain('Put the file back as it was');
    expect(hint).toContain('--changed=allow');
    expect(hint).toContain("changed: 'allow'");
  });
});

describe('a step, judged by the records as they are now', () => {
  const up: PlanStep = { name: '2_b', direction: 'up', reason: 'pending' };
  const down: PlanStep = { name: '2_b', direction: 'down', reason: 'named' };
  const after: PlanStep = { ...up, after: '1_a' };

  it.each<[string, PlanStep, string[], Policy, string | undefined]>([
    ['first of all', up, [], 'error', undefined],
    ['after what it comes after', after, ['1_a'], 'error', undefined],
    ['without what it comes after', after, [], 'error', 'DECANT_OVERTAKEN'],
    ['without what it comes after, in any order', after, [], 'allow', 'DECANT_OVERTAKEN'],
    ['without what it comes after, but with later ones', after, ['3_c'], 'allow', 'DECANT_OVERTAKEN'],
    ['before a later one', after, ['1_a', '3_c'], 'error', 'DECANT_OUT_OF_ORDER'],
    ['before a later one, with a warning', after, ['1_a', '3_c'], 'warn', undefined],
    ['before a later one, in any order', after, ['1_a', '3_c'], 'allow', undefined],
    ['before one without a number, which has no place', after, ['1_a', 'seed'], 'error', undefined],
    ['the last one', down, ['1_a', '2_b'], 'error', undefined],
    ['below a later one', down, ['1_a', '2_b', '10_c'], 'error', 'DECANT_LATER_MIGRATIONS'],
    ['below a later one, in any order', down, ['2_b', '10_c'], 'allow', 'DECANT_LATER_MIGRATIONS'],
  ])('%s: %j of %j with outOfOrder: %j gives %s', (_what, step, recorded, outOfOrder, code) => {
    const judged = (): void => refuseOutOfTurn(step, new Set(recorded), { ...ALLOW, outOfOrder });
    if (code === undefined) expect(judged).not.toThrow();
    else expect(errorOf(judged)).toMatchObject({ code });
  });

  it('names what has been rolled back, and what was not applied for it', () => {
    expect(errorOf(() => refuseOutOfTurn(after, new Set(), STRICT))).toMatchObject({
      exitCode: 4,
      message: '2_b was not applied: 1_a, which it comes after, has been rolled back by another process.',
      hint: expect.stringContaining('migrate:status'),
    });
  });
});
