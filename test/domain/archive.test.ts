import { describe, expect, it } from '@jest/globals';
import { olderThan, totalOf, type MigrationArchive } from '../../src/domain/archive.js';
import { conflictText, type ConflictKind } from '../../src/domain/conflict.js';
import { UsageError } from '../../src/errors.js';

const NOW = new Date('2026-11-25T12:00:00.000Z');

function archive(name: string, madeAt: string, bytes: number | null = 1): MigrationArchive {
  return { name, madeAt, tables: 2, bytes };
}

const ALL = [
  archive('1', '2026-09-01T00:00:00.000Z'),
  archive('2', '2026-11-24T12:00:00.000Z'),
  archive('3', '2026-11-25T11:59:59.999Z'),
];

describe('olderThan', () => {
  it.each([
    ['0h', ['1', '2', '3']],
    ['1h', ['1', '2']],
    ['24h', ['1']],
    ['1d', ['1']],
    ['12w', ['1']],
    ['13w', []],
  ])('%s ago', (age, names) => {
    expect(olderThan(ALL, age, NOW).archives.map(({ name }) => name)).toEqual(names);
  });

  it.each(['', '30', 'd', '-1d', '1.5d', '30 d', '3m', '1d2h', '999999d'])('is no age: %j', (age) => {
    expect(() => olderThan(ALL, age, NOW)).toThrow(UsageError);
  });
});

describe('totalOf', () => {
  it('adds up, as far as it is known', () => {
    expect(totalOf(ALL)).toEqual({ tables: 6, bytes: 3 });
    expect(totalOf([...ALL, archive('4', '', null)])).toEqual({ tables: 8, bytes: null });
    expect(totalOf([])).toEqual({ tables: 0, bytes: 0 });
  });
});

describe('conflictText', () => {
  const KINDS: Readonly<Record<ConflictKind, RegExp>> = {
    changed: /^1 row of users was changed since/,
    overwritten: /as it was before\.$/,
    deleted: /^1 row of users was deleted since, and stays so\.$/,
    taken: /not put back/,
    replaced: /^1 row of users went/,
    added: /default\.$/,
    dropped: /went with the table\.$/,
    renumbered: /rowid/,
    converted: /the old type/,
  };

  it.each(Object.entries(KINDS))('says of one and of many what is meant by %s', (kind, one) => {
    expect(conflictText({ table: 'users', kind: kind as ConflictKind, count: 1 })).toMatch(one);
    expect(conflictText({ table: 'users', kind: kind as ConflictKind, count: 2 })).toMatch(
      /^2 rows of users (?:were|are|have|took|went)/,
    );
  });
});
