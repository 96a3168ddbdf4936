import { describe, expect, it } from '@jest/globals';
import { deepFreeze, namesOf, type RunReport } from '../../src/domain/report.js';

describe('namesOf', () => {
  const report: RunReport = {
    runId: 'run',
    command: 'redo',
    steps: [
      { name: '2_b', direction: 'down', outcome: 'rolled-back', durationMs: 1 },
      { name: '2_b', direction: 'up', outcome: 'applied', durationMs: 1 },
      { name: '3_c', direction: 'up', outcome: 'skipped', durationMs: 1 },
      { name: '1_a', direction: 'up', outcome: 'applied', durationMs: 1 },
    ],
    held: [],
    warnings: [],
    backup: null,
    hooks: [],
  };

  it.each([
    ['applied' as const, ['2_b', '1_a']],
    ['rolled-back' as const, ['2_b']],
    ['skipped' as const, ['3_c']],
  ])('lists those that were %s, in the order in which it came about', (outcome, names) => {
    expect(namesOf(report, outcome)).toEqual(names);
  });
});

describe('deepFreeze', () => {
  it('freezes every level, and returns what it was given', () => {
    const value = { list: [{ deep: { deeper: 1 } }], text: 'x', nothing: null, missing: undefined };
    expect(deepFreeze(value)).toBe(value);
    expect(() => value.list.push({ deep: { deeper: 2 } })).toThrow(TypeError);
    expect(() => {
      (value.list[0] as { deep: { deeper: number } }).deep.deeper = 2;
    }).toThrow(TypeError);
    expect(() => {
      value.text = 'y';
    }).toThrow(TypeError);
  });

  it('freezes what is inside of something that is frozen already', () => {
    const value = deepFreeze(Object.freeze({ list: [1] }));
    expect(() => value.list.push(2)).toThrow(TypeError);
  });

  it.each([1, 'text', null, undefined, true])('leaves %p as it is', (value) => {
    expect(deepFreeze(value)).toBe(value);
  });
});
