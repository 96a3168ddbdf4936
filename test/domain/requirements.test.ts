import { describe, expect, it } from '@jest/globals';
import { unmetOf, type Requirements, type Surroundings } from '../../src/domain/requirements.js';

const NOW: Surroundings = {
  sqlite: () => '3.53.1',
  isInRange: (_version, range) => (range === 'rubbish' ? undefined : range === '>=3.53'),
  enforcesForeignKeys: () => true,
  violations: () => [],
  journalMode: () => 'wal',
  space: () => ({ size: 1_000_000, free: 3_000_000 }),
};

const never = (): never => {
  throw new Error('was looked at');
};

describe('a requirement', () => {
  it.each<[string, Requirements, Partial<Surroundings>, string]>([
    ['none', {}, {}, ''],
    ['one that is undefined', { sqlite: undefined } as unknown as Requirements, {}, ''],
    ['a version that is in its range', { sqlite: '>=3.53' }, {}, ''],
    ['a version that is not', { sqlite: '>=3.99' }, {}, 'sqlite: SQLite must be >=3.99, and is 3.53.1'],
    ['a range that is none', { sqlite: 'rubbish' }, {}, "sqlite: 'rubbish' is no range of versions"],
    ['foreign keys that are on', { foreignKeys: 'on' }, {}, ''],
    [
      'foreign keys that are on, whatever they find',
      { foreignKeys: 'on' },
      { violations: () => ['1 row of a'] },
      '',
    ],
    [
      'foreign keys that are off',
      { foreignKeys: 'on' },
      { enforcesForeignKeys: () => false },
      'foreignKeys: the connection must enforce foreign keys, and does not',
    ],
    ['clean foreign keys, on or off', { foreignKeys: 'clean' }, { enforcesForeignKeys: () => false }, ''],
    [
      'foreign keys that are not clean',
      { foreignKeys: 'clean' },
      { violations: () => ['1 row of a', '2 rows of b'] },
      'foreignKeys: no row may violate a foreign key, and there are 1 row of a; 2 rows of b',
    ],
    ['the journal mode that it has', { journalMode: 'wal' }, {}, ''],
    [
      'another journal mode',
      { journalMode: 'delete' },
      {},
      'journalMode: the journal mode must be delete, and is wal',
    ],
    ['space for twice its size', { freeSpace: '2x' }, {}, ''],
    ['space for just its size times three', { freeSpace: '3x' }, {}, ''],
    ['space for half its size', { freeSpace: '0.5x' }, {}, ''],
    [
      'space for more',
      { freeSpace: '3.5x' },
      {},
      'freeSpace: 3.5 MB (3.5x its size) must be free on the disk of the database, and 3.0 MB are',
    ],
    ['bytes', { freeSpace: 3_000_000 }, {}, ''],
    [
      'more bytes',
      { freeSpace: 3_000_001 },
      {},
      'freeSpace: 3.0 MB must be free on the disk of the database, and 3.0 MB are',
    ],
    ['space, in memory', { freeSpace: '9x' }, { space: () => undefined }, ''],
    [
      'several at once',
      { sqlite: '>=3.99', freeSpace: '9x', journalMode: 'off' },
      {},
      'sqlite: SQLite must be >=3.99, and is 3.53.1 | journalMode: the journal mode must be off, and is wal | freeSpace: 9.0 MB (9x its size) must be free on the disk of the database, and 3.0 MB are',
    ],
  ])('%s', (_what, requires, differently, unmet) => {
    const found = unmetOf('1_a', requires, { ...NOW, ...differently });
    expect(found.map(({ what, message }) => `${what}: ${message}`).join(' | ')).toBe(unmet);
    expect(found.every(({ migration }) => migration === '1_a')).toBe(true);
  });

  it('looks only at what it asks for', () => {
    const blind = { ...NOW, sqlite: never, violations: never, space: never, enforcesForeignKeys: never };
    expect(unmetOf('1_a', { journalMode: 'wal' }, blind)).toEqual([]);
  });
});
