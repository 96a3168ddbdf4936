import { describe, expect, it } from '@jest/globals';
import { dependentsOf, refuseBadDependencies } from '../../src/domain/dependencies.js';
import { outOfOrderOf } from '../../src/domain/history.js';
import { lateOf, neededFor } from '../../src/domain/needed.js';
import {
  planDown,
  planFor,
  planRedo,
  planUp,
  type Command,
  type DownOptions,
} from '../../src/domain/plan.js';
import { STRICT } from '../../src/domain/policy.js';
import { DependencyError, LaterMigrationsError } from '../../src/errors.js';
import { errorOf } from '../helpers/errors.js';
import { historyWith } from '../helpers/histories.js';

const SOURCE = ['1_a', '2_b', '3_c', '4_d', '10_e'];
type Declared = Readonly<Record<string, readonly string[]>>;

const refused = (source: string[], applied: string[], changed: string[]) => () =>
  neededFor('up', historyWith(source, applied, changed), {}, STRICT);

describe('declared dependencies', () => {
  it.each<[string, Declared, string[], DependencyError['kind'] | undefined, string]>([
    ['none', {}, [], undefined, ''],
    ['on nothing', { '3_c': [] }, [], undefined, ''],
    ['on what is before', { '3_c': ['1_a'], '10_e': ['3_c', '2_b'] }, [], undefined, ''],
    ['on what is recorded and has no file', { '3_c': ['0_gone'] }, ['0_gone'], undefined, ''],
    ['on itself', { '3_c': ['3_c'] }, [], 'cycle', '3_c → 3_c is a circle'],
    ['on each other', { '3_c': ['10_e'], '10_e': ['3_c'] }, [], 'cycle', '3_c → 10_e → 3_c is a circle'],
    [
      'in a circle that others lead to',
      { '1_a': ['2_b'], '2_b': ['3_c'], '3_c': ['4_d'], '4_d': ['2_b'] },
      [],
      'cycle',
      '2_b → 3_c → 4_d → 2_b is a circle',
    ],
    ['on nobody', { '3_c': ['1_a', '3'] }, [], 'unknown', '3_c → 3 leads to no migration'],
    [
      'on what is after',
      { '3_c': ['10_e'] },
      [],
      'later',
      '3_c → 10_e is the wrong way round: 10_e sorts later',
    ],
  ])('%s', (_what, declared, applied, kind, sentence) => {
    const judged = (): void => refuseBadDependencies(historyWith(SOURCE, applied, [], declared));
    if (kind === undefined) return expect(judged).not.toThrow();
    const error = errorOf(judged) as DependencyError;
    expect(error).toBeInstanceOf(DependencyError);
    expect(error.kind).toBe(kind);
    expect(error.message).toBe(`Dependencies: ${sentence}.`);
    expect(sentence).toContain(error.path.join(' → '));
  });

  it.each<[string, () => unknown]>([
    ['up', () => planUp(historyWith(SOURCE, [], [], { '2_b': ['nobody'] }))],
    ['down NAME', () => planDown(historyWith(SOURCE, SOURCE, [], { '2_b': ['nobody'] }), { name: '1_a' })],
    ['redo', () => planRedo(historyWith(SOURCE, SOURCE, [], { '10_e': ['nobody'] }))],
  ])('that cannot be followed are refused by %s', (_command, plan) => {
    expect(errorOf(plan)).toBeInstanceOf(DependencyError);
  });

  it('do not stand in the way of a rollback by order, which is the way out', () => {
    const history = historyWith(SOURCE, SOURCE, [], { '10_e': ['nobody'] });
    expect(planDown(history).steps).toHaveLength(1);
    expect(planDown(history, { to: '1_a' }).steps).toHaveLength(4);
    expect(planFor('reset', history, {}, STRICT).steps).toHaveLength(5);
  });
});

describe('dependents', () => {
  it.each<[string, string, Declared, string[]]>([
    ['all later ones, where none declares anything', '2_b', {}, ['3_c', '4_d', '10_e']],
    ['none, of the last', '10_e', {}, []],
    [
      'none, where the later ones build on something else',
      '2_b',
      { '3_c': ['1_a'], '4_d': [], '10_e': ['3_c'] },
      [],
    ],
    ['one that names it', '2_b', { '3_c': ['1_a'], '4_d': ['2_b'], '10_e': [] }, ['4_d']],
    [
      'one that leads to it over others',
      '1_a',
      { '2_b': [], '3_c': ['1_a'], '4_d': ['2_b'], '10_e': ['3_c'] },
      ['3_c', '10_e'],
    ],
    ['one that declares nothing', '1_a', { '2_b': [], '3_c': [], '4_d': [] }, ['10_e']],
    [
      'one that builds on one that declares nothing',
      '1_a',
      { '2_b': [], '4_d': ['3_c'], '10_e': ['2_b'] },
      ['3_c', '4_d'],
    ],
  ])('are %s', (_what, name, declared, expected) => {
    const history = historyWith(SOURCE, SOURCE, [], declared);
    expect(dependentsOf(history, name)).toEqual(expected);
    const plan = () => planDown(history, { name });
    if (expected.length === 0) expect(plan().steps.map((step) => step.name)).toEqual([name]);
    else expect(errorOf(plan)).toMatchObject({ constructor: LaterMigrationsError, later: expected });
  });

  it('are applied ones alone, also those that lead to it over one that is not', () => {
    const declared = { '2_b': [], '3_c': ['2_b'], '4_d': ['3_c'], '10_e': ['1_a'] };
    const history = historyWith(SOURCE, ['1_a', '2_b', '4_d', '10_e'], [], declared);
    expect(dependentsOf(history, '2_b')).toEqual(['4_d']);
  });

  it('are missing ones, too, since nobody knows what they declared', () => {
    const history = historyWith(['1_a', '3_c'], ['1_a', '2_b', '3_c'], [], { '3_c': [] });
    expect(dependentsOf(history, '1_a')).toEqual(['2_b']);
  });
});

describe('plans', () => {
  it('say what a step depends on instead of what it comes after', () => {
    const declared = { '2_b': [], '4_d': ['2_b', '1_a'] };
    expect(planUp(historyWith(SOURCE.slice(0, 4), ['1_a'], [], declared)).steps).toEqual([
      { name: '2_b', direction: 'up', reason: 'pending', dependsOn: [] },
      { name: '3_c', direction: 'up', reason: 'pending', after: '2_b' },
      { name: '4_d', direction: 'up', reason: 'pending', dependsOn: ['2_b', '1_a'] },
    ]);
  });

  it('of a rollback out of the middle leave all else, and say so', () => {
    const declared = { '3_c': ['1_a'], '4_d': ['3_c'] };
    expect(planDown(historyWith(SOURCE, SOURCE.slice(0, 4), [], declared), { name: '2_b' })).toEqual({
      command: 'down',
      steps: [{ name: '2_b', direction: 'down', reason: 'named', keeps: ['3_c', '4_d'] }],
      held: ['4_d', '3_c', '1_a'].map((name) => ({ name, reason: 'stays applied' })),
      warnings: [],
    });
  });

  it('apply again only what has all that it depends on', () => {
    const plan = () => planRedo(historyWith(SOURCE, ['1_a', '3_c'], [], { '3_c': ['2_b'] }));
    expect(errorOf(plan)).toMatchObject({ kind: 'not applied', path: ['3_c', '2_b'] });
    expect(planRedo(historyWith(SOURCE, ['1_a', '3_c'], [], { '3_c': ['1_a'] })).steps[1]).toEqual({
      name: '3_c',
      direction: 'up',
      reason: 'applied again',
      dependsOn: ['1_a'],
    });
  });
});

describe('a late migration', () => {
  it.each<[string, string[], Declared, string[] | undefined]>([
    ['that declares nothing is out of order', ['4_d'], {}, ['1_a', '2_b', '3_c']],
    ['that depends on nothing is not', ['1_a', '2_b', '4_d'], { '3_c': [] }, undefined],
    ['whose dependencies are applied is not', ['1_a', '2_b', '4_d'], { '3_c': ['1_a', '2_b'] }, undefined],
    ['whose dependencies are not applied is', ['1_a', '4_d'], { '3_c': ['2_b'] }, ['2_b', '3_c']],
    [
      'whose dependencies come before it is not',
      ['1_a', '4_d'],
      { '2_b': ['1_a'], '3_c': ['2_b'] },
      undefined,
    ],
    ['does not excuse another', ['4_d'], { '2_b': [] }, ['1_a', '3_c']],
  ])('%s', (_what, applied, declared, names) => {
    const history = historyWith(SOURCE, applied, [], declared);
    expect(outOfOrderOf(history)?.names).toEqual(names);
    if (names === undefined) expect(planUp(history).warnings).toEqual([]);
    else
      expect(errorOf(() => planUp(history))).toMatchObject({
        code: 'DECANT_OUT_OF_ORDER',
        migrations: names,
      });
  });
});

describe('what must be loaded to know the dependencies', () => {
  it.each<[string, Command, DownOptions, string[], Declared, string[]]>([
    ['nothing, where nothing is pending', 'up', {}, SOURCE, {}, []],
    ['what is pending', 'up', {}, ['1_a', '2_b', '3_c'], {}, ['4_d', '10_e']],
    ['what is planned of it', 'up', { steps: 1 }, ['1_a', '2_b', '3_c'], {}, ['4_d']],
    ['what is planned of it, to a name', 'up', { to: '4_d' }, ['1_a', '2_b', '3_c'], {}, ['4_d']],
    ['what is out of order', 'up', { to: '1_a' }, ['3_c'], {}, ['1_a', '2_b']],
    [
      'what a wrong way leads to',
      'up',
      { to: '1_a' },
      [],
      { '1_a': ['3_c'], '3_c': ['2_b', '4_d'] },
      ['1_a', '3_c', '4_d'],
    ],
    ['nothing that has no file', 'up', { to: '1_a' }, [], { '1_a': ['9_z'] }, ['1_a']],
    ['the last one', 'redo', {}, ['1_a', '2_b'], {}, ['2_b']],
    ['nothing, for a rollback by order', 'down', { steps: 2 }, SOURCE, {}, []],
    ['nothing, for all', 'reset', {}, SOURCE, {}, []],
    ['nothing, for the last by name', 'down', { name: '10_e' }, SOURCE, {}, []],
    ['nothing, for one that is not applied', 'down', { name: '2_b' }, ['1_a', '3_c'], {}, []],
    ['applied ones after it', 'down', { name: '2_b' }, ['1_a', '2_b', '3_c', '10_e'], {}, ['3_c', '10_e']],
    [
      'those in between',
      'down',
      { name: '2_b' },
      ['2_b', '10_e'],
      { '10_e': ['4_d', '1_a'], '4_d': ['3_c'] },
      ['10_e', '4_d', '3_c'],
    ],
  ])('%s', (_what, command, options, applied, declared, names) => {
    expect(neededFor(command, historyWith(SOURCE, applied, [], declared), options, STRICT)).toEqual(names);
  });

  it('is not asked of a history that is refused whatever they declare', () => {
    expect(errorOf(refused(SOURCE, ['1_a'], ['1_a']))).toMatchObject({ code: 'DECANT_CHANGED' });
    expect(errorOf(refused(SOURCE, ['0_z'], []))).toMatchObject({ code: 'DECANT_MISSING' });
    expect(() => neededFor('redo', historyWith([], []), { steps: 1 }, STRICT)).toThrow('takes no --steps');
    expect(() => neededFor('up', historyWith([], []), { steps: -1 }, STRICT)).toThrow('whole number');
  });

  it('tells which are late, whatever is known of them', () => {
    expect(lateOf(historyWith(SOURCE, ['3_c'], [], { '1_a': [] }))).toEqual(['1_a', '2_b']);
    expect(lateOf(historyWith(SOURCE, ['1_a']))).toEqual([]);
  });
});
