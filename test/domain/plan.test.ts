import { describe, expect, it } from '@jest/globals';
import {
  planDown,
  planFor,
  planRedo,
  planReset,
  planUp,
  type Command,
  type DownOptions,
  type UpOptions,
} from '../../src/domain/plan.js';
import { STRICT } from '../../src/domain/policy.js';
import {
  LaterMigrationsError,
  MissingMigrationError,
  NotAppliedError,
  UnknownMigrationError,
  UsageError,
} from '../../src/errors.js';
import { errorOf } from '../helpers/errors.js';
import { historyWith } from '../helpers/histories.js';

const SOURCE = ['1_a', '2_b', '3_c', '4_d'];
const names = (items: readonly { readonly name: string }[]): readonly string[] =>
  items.map(({ name }) => name);

describe('planUp', () => {
  it.each<[string, string[], UpOptions, string[], string[]]>([
    ['nothing applied: all', [], {}, ['1_a', '2_b', '3_c', '4_d'], []],
    ['some applied: the others', ['1_a', '2_b'], {}, ['3_c', '4_d'], []],
    ['all applied: nothing', SOURCE, {}, [], []],
    ['one step', [], { steps: 1 }, ['1_a'], ['2_b', '3_c', '4_d']],
    ['some steps', ['1_a'], { steps: 2 }, ['2_b', '3_c'], ['4_d']],
    ['as many steps as there are', ['1_a'], { steps: 3 }, ['2_b', '3_c', '4_d'], []],
    ['more steps than there are: all', ['1_a'], { steps: 99 }, ['2_b', '3_c', '4_d'], []],
    ['to the first', [], { to: '1_a' }, ['1_a'], ['2_b', '3_c', '4_d']],
    ['to one in the middle', ['1_a'], { to: '3_c' }, ['2_b', '3_c'], ['4_d']],
    ['to the last', [], { to: '4_d' }, ['1_a', '2_b', '3_c', '4_d'], []],
    ['to one that is applied: nothing', ['1_a', '2_b'], { to: '1_a' }, [], ['3_c', '4_d']],
    [
      'to undefined and undefined steps: all',
      ['1_a'],
      { to: undefined, steps: undefined },
      ['2_b', '3_c', '4_d'],
      [],
    ],
  ])('%s', (_, applied, options, steps, held) => {
    const plan = planUp(historyWith(SOURCE, applied), options);
    expect(plan.command).toBe('up');
    expect(names(plan.steps)).toEqual(steps);
    expect(names(plan.held)).toEqual(held);
    expect(plan.steps.every(({ direction }) => direction === 'up')).toBe(true);
    expect(plan.warnings).toEqual([]);
  });

  it('says why it would apply one and hold another', () => {
    expect(planUp(historyWith(SOURCE, []), { to: '3_c' })).toEqual({
      command: 'up',
      steps: [
        { name: '1_a', direction: 'up', reason: 'pending' },
        { name: '2_b', direction: 'up', reason: 'pending', after: '1_a' },
        { name: '3_c', direction: 'up', reason: 'pending', after: '2_b' },
      ],
      held: [{ name: '4_d', reason: 'after 3_c' }],
      warnings: [],
    });
    expect(planUp(historyWith(SOURCE, []), { steps: 3 }).held).toEqual([
      { name: '4_d', reason: 'beyond 3 steps' },
    ]);
    expect(planUp(historyWith(['1_a', '2_b'], []), { steps: 1 }).held).toEqual([
      { name: '2_b', reason: 'beyond 1 step' },
    ]);
  });

  it.each<[string, string[], string[], UpOptions, (string | undefined)[]]>([
    ['what is planned', SOURCE, [], {}, [undefined, '1_a', '2_b', '3_c']],
    ['what is applied', SOURCE, ['1_a', '2_b'], {}, ['2_b', '3_c']],
    ['what is applied and missing', ['3_c'], ['1_a', '2_b'], {}, ['2_b']],
    ['the one before it, where the order does not hold', SOURCE, ['2_b'], {}, [undefined, '2_b', '3_c']],
    ['numbers, not texts', ['9_a', '10_b'], ['9_a'], {}, ['9_a']],
    ['the planned ones alone, of a part', SOURCE, [], { steps: 2 }, [undefined, '1_a']],
  ])('says of each step what it comes after: %s', (_what, source, applied, options, after) => {
    const allow = { outOfOrder: 'allow', missing: 'allow', changed: 'allow' } as const;
    const { steps } = planUp(historyWith(source, applied), options, allow);
    expect(steps.map((step) => step.after)).toEqual(after);
  });

  it('takes in, up to a name, what is out of order where that is allowed', () => {
    const policy = { ...STRICT, outOfOrder: 'allow' as const };
    const plan = planUp(historyWith(SOURCE, ['2_b']), { to: '3_c' }, policy);
    expect(names(plan.steps)).toEqual(['1_a', '3_c']);
    expect(names(plan.held)).toEqual(['4_d']);
  });

  it('goes to the one that is named, not to another of the same prefix', () => {
    const history = historyWith(['1_a', '1_b', '1_c'], []);
    expect(names(planUp(history, { to: '1_b' }).steps)).toEqual(['1_a', '1_b']);
  });

  it.each<[string, string[], string[]]>([
    [
      'both pending',
      [],
      [
        '1_a and 1_b have the same number, and run in this order: give one that is applied nowhere yet a number of its own.',
      ],
    ],
    [
      'one applied',
      ['1_a'],
      [
        '1_a and 1_b have the same number, and run in this order: give one that is applied nowhere yet a number of its own.',
      ],
    ],
    ['both applied', ['1_a', '1_b'], []],
  ])(
    'warns of two with the same number, as long as it can be mended, and applies them: %s',
    (_, applied, warnings) => {
      const plan = planUp(historyWith(['1_a', '1_b', '2_c'], applied));
      expect(plan.warnings).toEqual(warnings);
      expect(names(plan.steps)).toEqual(['1_a', '1_b', '2_c'].filter((name) => !applied.includes(name)));
    },
  );

  it.each(['9_z', '3', '003_c', '3_C', '', '3_c '])('does not know "%s", and applies nothing', (to) => {
    const error = errorOf(() => planUp(historyWith(SOURCE, []), { to })) as UnknownMigrationError;
    expect(error).toBeInstanceOf(UnknownMigrationError);
    expect(error.message).toBe(`There is no migration named "${to}".`);
  });

  it('does not go to one that is recorded and has no file', () => {
    const policy = { ...STRICT, missing: 'allow' as const };
    expect(() => planUp(historyWith(['2_b'], ['1_a']), { to: '1_a' }, policy)).toThrow(UnknownMigrationError);
  });
});

describe('planDown', () => {
  const applied = ['1_a', '2_b', '3_c'];

  it.each<[string, DownOptions, string[], string[]]>([
    ['nothing said: the last', {}, ['3_c'], ['2_b', '1_a']],
    ['the last by name', { name: '3_c' }, ['3_c'], ['2_b', '1_a']],
    ['one step', { steps: 1 }, ['3_c'], ['2_b', '1_a']],
    ['two steps, newest first', { steps: 2 }, ['3_c', '2_b'], ['1_a']],
    ['as many steps as are applied', { steps: 3 }, ['3_c', '2_b', '1_a'], []],
    ['more steps than are applied: all', { steps: 99 }, ['3_c', '2_b', '1_a'], []],
    ['to the first, which stays', { to: '1_a' }, ['3_c', '2_b'], ['1_a']],
    ['to the one before the last', { to: '2_b' }, ['3_c'], ['2_b', '1_a']],
    ['to the last: nothing', { to: '3_c' }, [], ['3_c', '2_b', '1_a']],
    [
      'all undefined: the last',
      { name: undefined, to: undefined, steps: undefined },
      ['3_c'],
      ['2_b', '1_a'],
    ],
  ])('%s', (_, options, steps, held) => {
    const plan = planDown(historyWith(SOURCE, applied), options);
    expect(plan.command).toBe('down');
    expect(names(plan.steps)).toEqual(steps);
    expect(names(plan.held)).toEqual(held);
    expect(plan.steps.every(({ direction }) => direction === 'down')).toBe(true);
    expect(plan.warnings).toEqual([]);
  });

  it.each<[string, string[], DownOptions, string, string]>([
    ['the first of three', applied, { name: '1_a' }, '1_a', '2_b, 3_c'],
    ['the second of three', applied, { name: '2_b' }, '2_b', '3_c'],
    ['one with a later one of the same prefix', ['1_a', '1_b'], { name: '1_a' }, '1_a', '1_b'],
    ['9 while 10 is applied', ['9_a', '10_b'], { name: '9_a' }, '9_a', '10_b'],
  ])('is refused for %s, naming those that depend on it', (_, recorded, options, name, later) => {
    const history = historyWith([...SOURCE, ...recorded], recorded);
    const error = errorOf(() => planDown(history, options)) as LaterMigrationsError;
    expect(error).toBeInstanceOf(LaterMigrationsError);
    expect(error.message).toBe(`Cannot roll back ${name}: later migrations depend on it (${later}).`);
    expect(error.later).toEqual(later.split(', '));
  });

  it.each<[string, DownOptions]>([
    ['by name', { name: '4_d' }],
    ['with --to', { to: '4_d' }],
  ])('is refused for one that is in the source and not applied, %s', (_, options) => {
    const error = errorOf(() => planDown(historyWith(SOURCE, applied), options)) as NotAppliedError;
    expect(error).toBeInstanceOf(NotAppliedError);
    expect(error.message).toBe('4_d is not applied, so there is nothing to roll back.');
  });

  it.each<[string, DownOptions]>([
    ['by name', { name: '9_z' }],
    ['with --to', { to: '9_z' }],
    ['by an empty name', { name: '' }],
    ['with an empty --to', { to: '' }],
    ['by a part of a name', { name: '3' }],
  ])('is refused for one that nobody knows, %s', (_, options) => {
    expect(() => planDown(historyWith(SOURCE, applied), options)).toThrow(UnknownMigrationError);
  });

  it.each<[string, DownOptions, string[]]>([
    ['as the last one', {}, ['3_c']],
    ['by name', { name: '3_c' }, ['3_c']],
    ['among several', { steps: 2 }, ['3_c']],
    ['on the way to another', { to: '1_a' }, ['3_c']],
  ])('is refused whole for one whose file is missing, %s', (_, options, lost) => {
    const error = errorOf(() =>
      planDown(historyWith(['1_a', '2_b'], applied), options),
    ) as MissingMigrationError;
    expect(error).toBeInstanceOf(MissingMigrationError);
    expect(error.migrations).toEqual(lost);
    expect(error.hint).toBe('Put the file back: its down() is needed to roll it back.');
  });

  it('is not held up by a missing one that stays', () => {
    const history = historyWith(['2_b', '3_c'], applied);
    expect(names(planDown(history, { steps: 2 }).steps)).toEqual(['3_c', '2_b']);
    expect(names(planDown(history, { to: '1_a' }).steps)).toEqual(['3_c', '2_b']);
  });

  it('plans nothing where nothing is applied', () => {
    const history = historyWith(SOURCE, []);
    expect(planDown(history).steps).toEqual([]);
    expect(planDown(history, { steps: 3 }).steps).toEqual([]);
  });

  it('goes on over pending migrations, whatever their place', () => {
    expect(names(planDown(historyWith(SOURCE, ['2_b'])).steps)).toEqual(['2_b']);
  });

  it('warns that the present down() of a changed one is used, and only of those it rolls back', () => {
    const history = historyWith(SOURCE, applied, ['1_a', '3_c']);
    expect(planDown(history).warnings).toEqual([
      '3_c was edited after it had been applied; its present down() is used.',
    ]);
    expect(planReset(history).warnings).toHaveLength(2);
  });

  it('says why', () => {
    const history = historyWith(SOURCE, applied);
    expect(planDown(history).steps).toEqual([{ name: '3_c', direction: 'down', reason: 'the last applied' }]);
    expect(planDown(history, { name: '3_c' }).steps).toEqual([
      { name: '3_c', direction: 'down', reason: 'named' },
    ]);
    expect(planDown(history, { to: '2_b' }).steps).toEqual([
      { name: '3_c', direction: 'down', reason: 'after 2_b' },
    ]);
    expect(planDown(history).held).toEqual([
      { name: '2_b', reason: 'stays applied' },
      { name: '1_a', reason: 'stays applied' },
    ]);
  });
});

describe('how far, said in more than one way or in none that makes sense', () => {
  const history = historyWith(SOURCE, ['1_a', '2_b']);

  it.each<[string, DownOptions]>([
    ['name and to', { name: '2_b', to: '1_a' }],
    ['name and steps', { name: '2_b', steps: 1 }],
    ['to and steps', { to: '1_a', steps: 1 }],
    ['all three', { name: '2_b', to: '1_a', steps: 1 }],
  ])('down refuses %s', (_, options) => {
    const error = errorOf(() => planDown(history, options)) as UsageError;
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toBe('More than one of a name, --to and --steps was given.');
  });

  it('up refuses to and steps', () => {
    expect(() => planUp(history, { to: '3_c', steps: 1 })).toThrow(UsageError);
  });

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('both refuse %d steps', (steps) => {
    for (const plan of [planUp, planDown]) {
      const error = errorOf(() => plan(history, { steps })) as UsageError;
      expect(error).toBeInstanceOf(UsageError);
      expect(error.message).toBe(`steps must be a whole number from 1, not ${steps}.`);
    }
  });

  it('up refuses it before it looks at the history', () => {
    expect(() => planUp(historyWith(['1_a', '2_b'], ['2_b']), { steps: 0 })).toThrow(UsageError);
  });
});

describe('planReset', () => {
  it('rolls all back, newest first', () => {
    const plan = planReset(historyWith(SOURCE, ['1_a', '3_c', '2_b']));
    expect(plan).toEqual({
      command: 'reset',
      steps: [
        { name: '3_c', direction: 'down', reason: 'applied' },
        { name: '2_b', direction: 'down', reason: 'applied' },
        { name: '1_a', direction: 'down', reason: 'applied' },
      ],
      held: [],
      warnings: [],
    });
  });

  it('plans nothing where nothing is applied', () => {
    expect(planReset(historyWith(SOURCE, [])).steps).toEqual([]);
  });

  it('is refused whole, naming all that are missing', () => {
    const error = errorOf(() =>
      planReset(historyWith(['2_b'], ['1_a', '2_b', '3_c'])),
    ) as MissingMigrationError;
    expect(error).toBeInstanceOf(MissingMigrationError);
    expect(error.migrations).toEqual(['3_c', '1_a']);
  });
});

describe('planRedo', () => {
  it('rolls the last one back and applies it again', () => {
    expect(planRedo(historyWith(SOURCE, ['1_a', '2_b']))).toEqual({
      command: 'redo',
      steps: [
        { name: '2_b', direction: 'down', reason: 'the last applied' },
        { name: '2_b', direction: 'up', reason: 'applied again', after: '1_a' },
      ],
      held: [{ name: '1_a', reason: 'stays applied' }],
      warnings: [],
    });
  });

  it('plans nothing where nothing is applied', () => {
    expect(planRedo(historyWith(SOURCE, [])).steps).toEqual([]);
  });

  it('is refused when the last one is missing', () => {
    expect(() => planRedo(historyWith(['1_a'], ['1_a', '2_b']))).toThrow(MissingMigrationError);
  });
});

describe('planFor', () => {
  it.each([
    ['up' as const, ['up 3_c', 'up 4_d']],
    ['down' as const, ['down 2_b']],
    ['reset' as const, ['down 2_b', 'down 1_a']],
    ['redo' as const, ['down 2_b', 'up 2_b']],
  ])('makes the plan of %s', (command, expected) => {
    const plan = planFor(command, historyWith(SOURCE, ['1_a', '2_b']), {}, STRICT);
    expect(plan.command).toBe(command);
    expect(plan.steps.map(({ direction, name }) => `${direction} ${name}`)).toEqual(expected);
  });

  it('hands the options and the policy on', () => {
    const history = historyWith(SOURCE, ['2_b']);
    const policy = { ...STRICT, outOfOrder: 'warn' as const };
    const plan = planFor('up', history, { steps: 1 }, policy);
    expect(names(plan.steps)).toEqual(['1_a']);
    expect(plan.warnings).toHaveLength(1);
    expect(() => planFor('up', history, {}, STRICT)).toThrow('Out of order');
    expect(() => planFor('down', history, { name: '9_z' }, STRICT)).toThrow(UnknownMigrationError);
  });
});

describe('planFor refuses an option that the command does not take', () => {
  it.each<[Command, DownOptions]>([
    ['up', { name: '1_a' }],
    ['reset', { name: '1_a' }],
    ['reset', { to: '1_a' }],
    ['redo', { steps: 1 }],
  ])('%s with %j', (command, options) => {
    const history = historyWith(['1_a', '2_b'], ['1_a']);
    expect(() => planFor(command, history, options, STRICT)).toThrow(UsageError);
  });
});
