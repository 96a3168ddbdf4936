import { UsageError } from '../errors.js';

/** The number before the first `_` or `-` of a name, as its digits, or undefined when the name has none. */
export function prefixOf(name: string): string | undefined {
  return /^\d+(?=$|[_-])/.exec(name)?.[0];
}

/** The number that a name's prefix stands for, as digits without leading zeros (`''` for zero), or undefined without one. */
export function numberOf(name: string): string | undefined {
  const prefix = prefixOf(name);
  return prefix === undefined ? undefined : withoutZeros(prefix);
}

/**
 * The order in which migrations run: by the numeric value of the prefix (of any length: 2 before 10, 999 before
 * 1000), then by the rest of the name, then by the name itself, so that no two different names are equal. A name
 * without a prefix, which only a list can hold, comes after all that have one.
 *
 * @example
 * ['10_b', '9_a', '20261122093000_c'].sort(compareNames); // 9_a, 10_b, 20261122093000_c
 */
export function compareNames(a: string, b: string): number {
  const [left = '', right = ''] = [prefixOf(a), prefixOf(b)];
  // Most names of a folder have prefixes of one length, and then these compare as the texts that they are.
  if (left.length === right.length) return compareText(a, b);
  if (left === '') return 1;
  if (right === '') return -1;
  const rests = [a.slice(left.length), b.slice(right.length)] as const;
  return compareDigits(withoutZeros(left), withoutZeros(right)) || compareText(...rests) || compareText(a, b);
}

/** A copy of `items` in the order of `compareNames`. */
export function inOrder<T extends { readonly name: string }>(items: readonly T[]): readonly T[] {
  return items.toSorted((a, b) => compareNames(a.name, b.name));
}

/** The prefix that follows `names`: `003` after `002_x`, at least three digits, or the width that is in use. */
export function nextPrefix(names: readonly string[]): string {
  const highest = inOrder(names.map((name) => ({ name: prefixOf(name) ?? '0' }))).at(-1)?.name ?? '0';
  return String(BigInt(highest) + 1n).padStart(Math.max(3, highest.length), '0');
}

/** `Add user prefs!` → `add_user_prefs`. Letters and digits of any script stay, with their marks; all else becomes `_`. */
export function slugOf(words: string): string {
  // Marks only after a letter or digit: Hindi's vowel signs are some, and so is the invisible tail of an emoji.
  const parts = words
    .normalize('NFC')
    .toLowerCase()
    .match(/(?:[\p{L}\p{N}]\p{M}*)+/gu);
  const slug = (parts ?? []).join('_');
  if (slug === '') {
    throw new UsageError(
      `"${words}" leaves nothing to name a migration by.`,
      'Use at least one letter or digit, as in: decant migrate:create add users',
    );
  }
  return slug;
}

function withoutZeros(digits: string): string {
  return digits.replace(/^0+/, '');
}

// Digit strings, not numbers: a timestamp with milliseconds is above 2^53.
function compareDigits(a: string, b: string): number {
  return a.length - b.length || compareText(a, b);
}

// By code unit, not by locale: the order must be the same on every machine.
function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
