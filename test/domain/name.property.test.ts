import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { compareNames, inOrder, nextPrefix, prefixOf } from '../../src/domain/name.js';

const digits = fc.oneof(fc.stringMatching(/^0{0,3}[0-9]{1,3}$/), fc.stringMatching(/^2026[0-9]{10,16}$/));
const rest = fc.oneof(
  fc.constantFrom('', '_', '-', '_a', '-a', '_b', '_A'),
  fc.string({ unit: 'grapheme', maxLength: 6 }).map((text) => `_${text}`),
);
const numbered = fc.tuple(digits, rest).map(([prefix, tail]) => prefix + tail);
const anyName = fc.oneof({ weight: 4, arbitrary: numbered }, fc.string({ unit: 'grapheme', maxLength: 6 }));

const sign = (a: string, b: string): number => Math.sign(compareNames(a, b));
const sortedNames = (names: readonly string[]): readonly string[] =>
  inOrder(names.map((name) => ({ name }))).map(({ name }) => name);

describe('the order of migrations', () => {
  it('is antisymmetric: turned round, it says the opposite', () => {
    fc.assert(fc.property(anyName, anyName, (a, b) => sign(a, b) + sign(b, a) === 0));
  });

  it('is total: only a name and itself are equal', () => {
    fc.assert(fc.property(anyName, anyName, (a, b) => (sign(a, b) === 0) === (a === b)));
  });

  it('is transitive', () => {
    fc.assert(
      fc.property(anyName, anyName, anyName, (a, b, c) => {
        fc.pre(sign(a, b) < 0 && sign(b, c) < 0);
        return sign(a, c) < 0;
      }),
    );
  });

  it('is the order of the prefixes as numbers, of whatever length', () => {
    fc.assert(
      fc.property(numbered, numbered, (a, b) => {
        const [left, right] = [BigInt(prefixOf(a) ?? -1), BigInt(prefixOf(b) ?? -1)];
        fc.pre(left !== right);
        return sign(a, b) === (left < right ? -1 : 1);
      }),
    );
  });

  it('puts what has no prefix after all that has one', () => {
    fc.assert(
      fc.property(numbered, anyName, (a, b) => {
        fc.pre(prefixOf(b) === undefined);
        return sign(a, b) === -1;
      }),
    );
  });

  it('does not depend on the order in which the names were found', () => {
    const shuffled = fc
      .uniqueArray(anyName, { maxLength: 12 })
      .chain((names) =>
        fc.tuple(fc.constant(names), fc.shuffledSubarray(names, { minLength: names.length })),
      );
    fc.assert(
      fc.property(shuffled, ([names, others]) => {
        expect(sortedNames(others)).toEqual(sortedNames(names));
      }),
    );
  });

  it('is the order that inOrder gives, with nothing lost', () => {
    fc.assert(
      fc.property(fc.array(anyName, { maxLength: 12 }), (names) => {
        const sorted = sortedNames(names);
        expect(sorted.toSorted()).toEqual(names.toSorted());
        for (const [index, name] of sorted.slice(1).entries()) {
          expect(compareNames(sorted[index] ?? '', name)).toBeLessThanOrEqual(0);
        }
      }),
    );
  });
});

describe('the next number', () => {
  it('sorts after every name that there is, and needs three digits at least', () => {
    fc.assert(
      fc.property(fc.array(numbered, { maxLength: 8 }), (names) => {
        const next = nextPrefix(names);
        expect(next).toMatch(/^\d{3,}$/);
        for (const name of names) expect(sign(name, `${next}_a`)).toBe(-1);
      }),
    );
  });
});
