import Database from 'better-sqlite3';
import { describe, expect, it } from '@jest/globals';
import { batch } from '../../src/batch/batch.js';
import type { BatchOptions, BatchResult, BatchRow } from '../../src/batch/options.js';
import type { Database as Handle } from '../../src/domain/migration.js';
import { BatchError } from '../../src/errors.js';

/** A database with this schema. */
function databaseWith(sql: string): Handle {
  const db = new Database(':memory:');
  db.exec(sql);
  return db;
}

function inTransaction(db: Handle, options: BatchOptions): BatchResult {
  return db.transaction(() => batch(db, options))();
}

const onceMore = ({ n }: BatchRow) => ({ n: Number(n) + 1 });

const COUNT = (rows: number): string =>
  `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})`;

/** Tables of 10 rows, in each of which `n` counts how often a row was done. */
const TABLES: readonly (readonly [what: string, sql: string])[] = [
  [
    'an INTEGER PRIMARY KEY',
    `CREATE TABLE t (id INTEGER PRIMARY KEY, n); ${COUNT(10)} INSERT INTO t SELECT i * 7, 0 FROM n`,
  ],
  ['a hidden rowid', `CREATE TABLE t (n, other); ${COUNT(10)} INSERT INTO t SELECT 0, i FROM n`],
  [
    'a key of two columns',
    `CREATE TABLE t (a TEXT, b INT, n, PRIMARY KEY (a, b)); ${COUNT(10)} INSERT INTO t SELECT i % 3, i, 0 FROM n`,
  ],
  [
    'no rowid',
    `CREATE TABLE t (a, b, n, PRIMARY KEY (a, b DESC)) WITHOUT ROWID; ${COUNT(10)} INSERT INTO t SELECT i % 3, i, 0 FROM n`,
  ],
  [
    'columns by all names of the rowid',
    `CREATE TABLE t (rowid, _rowid_, oid TEXT PRIMARY KEY, n); ${COUNT(10)} INSERT INTO t SELECT 1, 1, 'x' || i, 0 FROM n`,
  ],
  [
    'a rowid that is hidden behind two of its names',
    `CREATE TABLE t (rowid, oid, n); ${COUNT(10)} INSERT INTO t SELECT 1, 1, 0 FROM n`,
  ],
  [
    'keys of every type',
    `CREATE TABLE t (k PRIMARY KEY, n) WITHOUT ROWID; INSERT INTO t VALUES (9007199254740993, 0), (9007199254740992, 0),
     (0.1, 0), (0.30000000000000004, 0), (-9e999, 0), (x'00ff', 0), (CAST(x'ff41' AS TEXT), 0), ('a' || char(0) || 'b', 0), ('''', 0), ('a', 0)`,
  ],
  [
    'a key that its index compares otherwise than its column',
    `CREATE TABLE t (k TEXT COLLATE NOCASE, n, PRIMARY KEY (k COLLATE BINARY)) WITHOUT ROWID;
     INSERT INTO t VALUES ('a', 0), ('A', 0), ('b', 0), ('B', 0), ('c', 0), ('C', 0), ('d', 0), ('D', 0), ('e', 0), ('E', 0)`,
  ],
  [
    'a name in need of quotes',
    `CREATE TABLE "t" ("key ""x""" INTEGER PRIMARY KEY, n); ${COUNT(10)} INSERT INTO t SELECT i, 0 FROM n`,
  ],
];

describe.each(TABLES)('batch() on a table with %s', (_what, sql) => {
  it.each([1, 3, 5, 9, 10, 11])('does each row once by set, %d at a time', (size) => {
    const db = databaseWith(sql);
    expect(inTransaction(db, { table: 't', size, set: { n: 'n + 1' } })).toEqual({
      rows: 10,
      batches: Math.ceil(10 / size),
    });
    expect(db.prepare('SELECT DISTINCT n FROM t').pluck().all()).toEqual([1]);
  });

  it.each([1, 3, 10])('does each row once by each, %d at a time', (size) => {
    const db = databaseWith(sql);
    expect(inTransaction(db, { table: 'T', size, each: onceMore }).rows).toBe(10);
    expect(db.prepare('SELECT DISTINCT n, typeof(n) FROM t').raw().all()).toEqual([[1, 'integer']]);
  });
});

describe('batch()', () => {
  const NOTES = `CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT, done INT); ${COUNT(10)} INSERT INTO notes SELECT i, 'n' || i, 0 FROM n`;

  it('changes only rows for which where is true, also when set makes it false, or true for others', () => {
    const db = databaseWith(NOTES);
    const result = inTransaction(db, {
      table: 'notes',
      size: 2,
      where: 'done = 0 -- not yet',
      set: { done: '1' },
    });
    expect(result).toEqual({ rows: 10, batches: 5 });
    const even = { table: 'notes', size: 2, where: 'id % 2 = 0 OR done = 2', set: { done: 'done + 1' } };
    expect(inTransaction(db, even).rows).toBe(5);
    expect(db.prepare('SELECT sum(done) FROM notes').pluck().get()).toBe(15);
  });

  it('ends at the last row that there is when it begins, so that it does not meet what it adds', () => {
    const db = databaseWith(NOTES);
    const add = db.prepare('INSERT INTO notes (title) VALUES (?)');
    const { rows } = inTransaction(db, {
      table: 'notes',
      size: 3,
      each: ({ title }) => void add.run(`${String(title)} again`),
    });
    expect(rows).toBe(10);
    expect(db.prepare('SELECT count(*) FROM notes').pluck().get()).toBe(20);
  });

  it('does nothing to an empty table', () => {
    const db = databaseWith('CREATE TABLE t (id INTEGER PRIMARY KEY)');
    expect(inTransaction(db, { table: 't', each: () => undefined })).toEqual({ rows: 0, batches: 0 });
  });

  it('gives each whole numbers as they are, with the rowid where no column is it, and the db', () => {
    const db = databaseWith(
      "CREATE TABLE t (a, b); INSERT INTO t VALUES (9007199254740993, x'00'), (5, 1.5)",
    );
    const seen: unknown[] = [];
    inTransaction(db, { table: 't', each: (row, handle) => void seen.push(row, handle === db) });
    expect(seen).toEqual([
      { rowid: 1, a: 9007199254740993n, b: Buffer.from([0]) },
      true,
      { rowid: 2, a: 5, b: 1.5 },
      true,
    ]);
  });

  it.each<[string, BatchOptions, RegExp]>([
    ['neither set nor each', { table: 'notes' }, /either set or each/],
    ['both', { table: 'notes', set: { done: '1' }, each: () => undefined }, /either set or each/],
    ['a table that is not there', { table: 'nots', set: { a: '1' } }, /no such table/],
    ['a view', { table: 'v', set: { a: '1' } }, /it is a view/],
    ['a virtual table', { table: 'words', set: { a: '1' } }, /it is a virtual table/],
    ['the data of one', { table: 'words_data', set: { a: '1' } }, /where a virtual table keeps its data/],
    ["Decant's own table", { table: '_migrations', set: { a: '1' } }, /one of Decant's/],
    ['no options', undefined as never, /it was given no options/],
    ['null for set', { table: 'notes', set: null as never }, /set names no column/],
    ['an empty where', { table: 'notes', where: '', set: { done: '1' } }, /where is no SQL, but ''/],
    [
      'a column that is not there',
      { table: 'notes', set: { dnoe: '1' } },
      /dnoe, and there is no such column/,
    ],
    [
      'a column that is not there, from each',
      { table: 'notes', where: 'id > 2', each: () => ({ dnoe: 1 }) },
      /dnoe for rowid 3, and there is no such column/,
    ],
    [
      'undefined for a value',
      { table: 'notes', each: ({ id }) => ({ done: id === 4 ? undefined : 0 }) },
      /undefined as done of rowid 4/,
    ],
    ['NaN for a value', { table: 'notes', each: () => ({ done: Number.NaN }) }, /NaN as done of rowid 1/],
    [
      'undefined for a value of a row by its key',
      { table: 'keyed', each: () => ({ n: undefined }) },
      /n of a = 'x', b = 1\./,
    ],
    ['no name', { table: 5 as never, set: { a: '1' } }, /not a name/],
    ['a size of 0', { table: 'notes', size: 0, set: { done: '1' } }, /whole number from 1, not 0/],
    [
      'a misspelt option',
      { table: 'notes', wher: '1', set: { done: '1' } } as BatchOptions,
      /no option wher/,
    ],
    ['a key in set', { table: 'notes', set: { ID: 'id + 1' } }, /ID, which is part of the key/],
    ['the rowid in set', { table: 'notes', set: { _rowid_: '1' } }, /_rowid_, which is part of the key/],
    ['a key from each', { table: 'notes', each: () => ({ id: 1 }) }, /id, which is part of the key/],
    [
      'a promise from each',
      { table: 'notes', each: (async () => ({})) as never },
      /something else than values/,
    ],
    ['a text from each', { table: 'notes', each: (() => 'x') as never }, /something else than values/],
    ['two statements', { table: 'notes', set: { done: '1; DELETE FROM notes' } }, /does not end/],
    ['an open parenthesis', { table: 'notes', where: '1) OR (1', set: { done: '1' } }, /not one expression/],
    ['no expression', { table: 'notes', set: { done: ' ' } }, /' ' is not SQL/],
    ['a number for an expression', { table: 'notes', set: { done: 1 as never } }, /1 is not SQL/],
    ['a set of nothing', { table: 'notes', set: {} }, /names no column/],
    ['no function', { table: 'notes', each: 5 as never }, /each is not a function/],
    ['a table without any way through', { table: 'shadow', set: { rowid: '1' } }, /all names of the rowid/],
    ['a primary key that is NULL', { table: 'nulls', set: { rowid: '1' } }, /holds NULL/],
  ])('refuses %s', (_what, options, message) => {
    const db =
      databaseWith(`${NOTES}; CREATE VIEW v AS SELECT 1; CREATE VIRTUAL TABLE words USING fts5(a); CREATE TABLE _migrations (a);
      CREATE TABLE keyed (b, a, n, PRIMARY KEY (a, b)) WITHOUT ROWID; INSERT INTO keyed VALUES (1, 'x', 0);
      CREATE TABLE shadow (rowid, oid, _rowid_);
      CREATE TABLE nulls (rowid, oid, _rowid_ PRIMARY KEY); INSERT INTO nulls VALUES (1, 1, NULL)`);
    const act = (): unknown => inTransaction(db, options);
    expect(act).toThrow(BatchError);
    expect(act).toThrow(message);
    expect(db.prepare('SELECT sum(done), count(*) FROM notes').raw().get()).toEqual([0, 10]);
  });

  it('refuses to work without a transaction', () => {
    const db = databaseWith(NOTES);
    expect(() => batch(db, { table: 'notes', set: { done: '1' } })).toThrow(/there is no transaction/);
  });
});
