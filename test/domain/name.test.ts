import { describe, expect, it } from '@jest/globals';
import { compareNames } from '../../src/domain/name.js';

describe('compareNames', () => {
  it.each([
    ['2_a', '10_a'],
    ['9_a', '10_a'],
    ['999_a', '1000_a'],
    ['1000_a', '20261122093000_a'],
    ['003_a', '003_b'],
    ['1_a', '01_b'],
  ])('puts %s before %s', (first, second) => {
    expect(Math.sign(compareNames(first, second))).toBe(-1);
    expect(Math.sign(compareNames(second, first))).toBe(1);
  });
});
