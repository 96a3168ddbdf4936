import { afterEach, expect, it, jest } from '@jest/globals';
import { batchLine } from '../src/batch-line.js';
import { action } from '../src/oclif.js';

afterEach(() => {
  jest.restoreAllMocks();
});

it('the live line says how far batch() is and how long it takes, ten times a second, and begins anew with the next', () => {
  const shown: unknown[] = [];
  let now = 0;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  jest.spyOn(action, 'start').mockImplementation((...line) => void shown.push(line));
  const show = batchLine('[1/1] Applying 001_a');
  const steps: readonly (readonly [ms: number, done: number])[] = [
    [0, 1000],
    [50, 2000],
    [1000, 6000],
    [1050, 7000],
    [2000, 11_000],
    [2100, 1000],
    [3100, 3000],
  ];
  for (const [ms, done] of steps) {
    now = ms;
    show({ done, total: 11_000 });
  }
  expect(shown).toEqual([
    ['[1/1] Applying 001_a', '6,000 of 11,000 rows (54%), 1 s left'],
    ['[1/1] Applying 001_a', '11,000 of 11,000 rows (100%)'],
    ['[1/1] Applying 001_a', '1,000 of 11,000 rows (9%)'],
    ['[1/1] Applying 001_a', '3,000 of 11,000 rows (27%), 4 s left'],
  ]);
});
