import { describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { join } from 'node:path';
import type { SeededTable } from '../../src/domain/verification.js';
import { checksOf, hintsFor } from '../../src/verify/check-hints.js';
import { seedDatabase } from '../../src/verify/seed.js';
import { readTable } from '../../src/sqlite/table-sql.js';
import { makeFolder } from '../helpers/files.js';

/** Seeds a schema, and says what came of it. */
function seed(schema: string): { seeded: readonly SeededTable[]; db: Database.Database; file: string } {
  const file = join(makeFolder(), 'app.db');
  const maker = new Database(file);
  maker.exec(schema);
  maker.close();
  const seeded = seedDatabase(file);
  const db = new Database(file);
  expect(db.pragma('foreign_key_check')).toEqual([]);
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
  return { seeded, db, file };
}

const rowsOf = (seeded: readonly SeededTable[]): Record<string, number> =>
  Object.fromEntries(seeded.map(({ table, rows }) => [table, rows]));

describe('seedDatabase', () => {
  it.each<[what: string, schema: string, rows: number]>([
    [
      'any column',
      'CREATE TABLE t (a, b TEXT, c INT, d REAL, e BLOB, f NUMERIC, g JSON, h DATETIME, i BOOLEAN)',
      12,
    ],
    ['STRICT', 'CREATE TABLE t (a INT NOT NULL, b REAL, c TEXT, d BLOB, e ANY) STRICT', 12],
    [
      'UNIQUE and a key',
      'CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT NOT NULL UNIQUE, b INT UNIQUE)',
      12,
    ],
    ['no rowid', 'CREATE TABLE t (a TEXT, b INT, PRIMARY KEY (a, b)) WITHOUT ROWID', 12],
    ['IN', "CREATE TABLE t (a TEXT NOT NULL CHECK (a IN ('one', 'it''s')))", 12],
    [
      'BETWEEN, and a name of it',
      'CREATE TABLE t (a INT NOT NULL, b INT NOT NULL, CONSTRAINT "the b" CHECK (b BETWEEN 1700 AND 1800))',
      12,
    ],
    ['length()', 'CREATE TABLE t (a TEXT NOT NULL CHECK (length(a) = 40))', 12],
    ['json_valid()', 'CREATE TABLE t (a TEXT NOT NULL CHECK (json_valid(a)))', 12],
    ['a date', 'CREATE TABLE t (a TEXT NOT NULL CHECK (date(a) IS a))', 12],
    ['GLOB', "CREATE TABLE t (a TEXT NOT NULL CHECK (a GLOB '[0-9][A-F]-?*'))", 12],
    [
      'several at once',
      "CREATE TABLE t (a TEXT NOT NULL CHECK (a IN ('x', 'y')), b INT NOT NULL CHECK (b > 1000), c TEXT NOT NULL CHECK (length(c) <= 2), d TEXT UNIQUE NOT NULL)",
      12,
    ],
    ['generated columns', 'CREATE TABLE t (a INT, b INT AS (a + 1) STORED, c AS (a) VIRTUAL)', 12],
    [
      'a CHECK for each of 150 columns',
      `CREATE TABLE t (${Array.from({ length: 150 }, (_, i) => `c${i} INT NOT NULL CHECK (c${i} BETWEEN ${i * 10} AND ${i * 10 + 5})`).join(', ')})`,
      12,
    ],
    ['one row and no more', 'CREATE TABLE t (id INTEGER PRIMARY KEY CHECK (id = 1), a)', 1],
  ])('fills a table with %s', (_what, schema, rows) => {
    const { seeded } = seed(schema);
    expect(seeded).toEqual([{ table: 't', rows, reason: null }]);
  });

  it('puts in what is hard to keep', () => {
    const { db } = seed('CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INT, c REAL, d BLOB, e)');
    const has = (where: string): boolean => db.prepare(`SELECT 1 FROM t WHERE ${where}`).get() !== undefined;
    for (const where of [
      'id = 9007199254740993',
      'a IS NULL',
      "a = ''",
      'length(a) > 3000',
      "hex(a) = 'FF41' AND typeof(a) = 'text'",
      "instr(CAST(a AS BLOB), X'00') > 0",
      `instr(a, '"') > 0`,
      'b = 9007199254740993',
      'b = 9223372036854775807',
      'b = -9223372036854775808',
      'c = 1e308',
      "d = X''",
      "instr(d, X'00') > 0",
      'e = 0.0 AND atan2(e, -1.0) < 0',
      "typeof(e) = 'blob'",
    ])
      expect([where, has(where)]).toEqual([where, true]);
  });

  it('fills parents first, and finds its way through circles and composite keys', () => {
    const { seeded, db } = seed(`
      CREATE TABLE a_child (id INTEGER PRIMARY KEY, p INT NOT NULL REFERENCES parent, x TEXT NOT NULL, y TEXT NOT NULL, FOREIGN KEY (x, y) REFERENCES pair (a, b));
      CREATE TABLE pair (a TEXT, b TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
      CREATE TABLE parent (id INTEGER PRIMARY KEY);
      CREATE TABLE tree (id INTEGER PRIMARY KEY, parent INT REFERENCES tree);
      CREATE TABLE rooted (id INTEGER PRIMARY KEY, parent INT NOT NULL REFERENCES rooted);
      CREATE TABLE one (id INTEGER PRIMARY KEY, two INT NOT NULL REFERENCES two);
      CREATE TABLE two (id INTEGER PRIMARY KEY, one INT REFERENCES one);`);
    expect(rowsOf(seeded)).toEqual({
      a_child: 12,
      pair: 12,
      parent: 12,
      tree: 12,
      rooted: expect.any(Number),
      one: 12,
      two: 12,
    });
    expect(rowsOf(seeded)['rooted']).toBeGreaterThan(0);
    expect(db.prepare('SELECT count(*) FROM tree WHERE parent IS NOT NULL').pluck().get()).toBeGreaterThan(0);
  });

  it('leaves alone what has rows, and says of what it could not fill why', () => {
    const { seeded, db } = seed(`
      CREATE TABLE full (a); INSERT INTO full VALUES (1);
      CREATE TABLE never (a CHECK (a IS NULL AND a IS NOT NULL));
      CREATE TABLE guarded (a); CREATE TRIGGER no BEFORE INSERT ON guarded BEGIN SELECT RAISE(ABORT, 'closed on Sundays'); END;
      CREATE TABLE orphan (a INT NOT NULL REFERENCES nowhere (id));`);
    expect(db.prepare('SELECT * FROM full').pluck().all()).toEqual([1]);
    expect(Object.fromEntries(seeded.map(({ table, reason }) => [table, reason]))).toEqual({
      never: 'CHECK constraint failed: a IS NULL AND a IS NOT NULL',
      guarded: 'closed on Sundays',
      orphan: 'no such table: main.nowhere',
    });
  });

  it('lets triggers fire, and does not fill what they have filled', () => {
    const { seeded, db } = seed(`CREATE TABLE a (x); CREATE TABLE log (x);
      CREATE TRIGGER logs AFTER INSERT ON a BEGIN INSERT INTO log VALUES ('by trigger'); END;`);
    expect(rowsOf(seeded)).toEqual({ a: 12 });
    expect(db.prepare('SELECT DISTINCT x FROM log').pluck().all()).toEqual(['by trigger']);
  });

  it('puts the same in each time', () => {
    const schema = 'CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b, c DATE NOT NULL)';
    const dump = (): unknown =>
      seed(schema).db.prepare('SELECT id, quote(a), quote(b), c FROM t').raw().all();
    expect(dump()).toEqual(dump());
  });
});

describe('hintsFor', () => {
  it.each<[check: string, hints: readonly string[]]>([
    ["a IN ('x', 'y')", ["'x'", "'y'"]],
    ['a >= -5', ['-5', '-4', '-6']],
    ['length(a) = 2', ["'xx'", "'xxx'", "'x'"]],
    ["a LIKE 'ab%_'", ["'aba'", "'ab%_'"]],
    ['b > 1', []],
  ])('finds in %s what to try', (check, hints) => {
    const table = readTable(`CREATE TABLE t (a, b, CHECK (${check}))`);
    if (table === undefined) throw new Error('no table');
    expect(hintsFor('a', checksOf(table))).toEqual(hints);
  });
});
