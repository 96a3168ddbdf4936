import { describe, expect, it } from '@jest/globals';
import Connection from 'better-sqlite3';
import { desynced } from '../sqlite/torture/oracle.js';
import { contentOf, down, up, type Change } from './helpers.js';

/** What the property test has found, each as the least that shows it. */
const CASES: readonly (readonly [what: string, schema: string, change: Change])[] = [
  [
    'a table with AUTOINCREMENT that never had a row has no mark afterwards',
    'CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a); CREATE TABLE log (a)',
    (s) =>
      s
        .move('t', 'log', { a: { sql: 'a' } })
        .addColumn('t', 'b', 'TEXT')
        .alterColumn('t', 'b', { type: 'INT' }),
  ],
  ...['', ' WITHOUT ROWID'].flatMap((form) => {
    // Two rows by the key, one by the column.
    const schema = `CREATE TABLE t (x TEXT COLLATE NOCASE, v, PRIMARY KEY (x COLLATE BINARY))${form};
      INSERT INTO t VALUES ('a', 1), ('A', 2), ('b', 3)`;
    const what = `a key that compares otherwise than its column${form}:`;
    return [
      [`${what} update`, schema, (s) => s.update('t', { set: { v: { sql: 'v + 10' } } })],
      [`${what} insert`, schema, (s) => s.insert('t', [{ x: 'B', v: 4 }])],
      [`${what} delete`, schema, (s) => s.delete('t', { where: "x = 'a' COLLATE BINARY" })],
      [`${what} dropColumn`, schema, (s) => s.dropColumn('t', 'v')],
      [`${what} alterColumn`, schema, (s) => s.alterColumn('t', 'v', { type: 'TEXT', lossy: 'allow' })],
    ] satisfies (readonly [string, string, Change])[];
  }),
  [
    'nor has one whose CHECK names the table',
    'CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a CHECK (t.a > 0))',
    (s) => s.addColumn('t', 'b', 'TEXT').renameColumn('t', 'b', 'c'),
  ],
  ...['TEXT', 'INTEGER'].map(
    (type) =>
      [
        `a search index over a table without rowids, which has never worked: ${type}`,
        `CREATE TABLE t (a INT, b ANY PRIMARY KEY) STRICT, WITHOUT ROWID; INSERT INTO t VALUES (1, 2);
         CREATE VIRTUAL TABLE o USING fts5 (a, content=t)`,
        (s) => s.alterColumn('t', 'a', { type, lossy: 'allow' }),
      ] satisfies (typeof CASES)[number],
  ),
  ...['VIRTUAL', 'STORED'].map(
    (kind) =>
      [
        `a column that is computed, of another type: ${kind}`,
        `CREATE TABLE t (c, id TEXT AS (c + 1) ${kind}); INSERT INTO t VALUES (1), ('1e3');
         CREATE VIRTUAL TABLE o USING fts5 (id, content=t); INSERT INTO o (o) VALUES ('rebuild')`,
        (s) => s.alterColumn('t', 'id', { type: 'REAL', lossy: 'allow' }),
      ] satisfies (typeof CASES)[number],
  ),
  ...['VIRTUAL', 'STORED'].map(
    (kind) =>
      [
        `and back to one that takes its values otherwise: ${kind}`,
        `CREATE TABLE t (c, id DECIMAL AS (c + 1) ${kind}); INSERT INTO t VALUES (1), ('1e3')`,
        (s) => s.alterColumn('t', 'id', { type: 'TEXT', lossy: 'allow' }),
      ] satisfies (typeof CASES)[number],
  ),
  [
    'a trigger that was broken before is so again',
    `CREATE TABLE t (a, b GENERATED ALWAYS AS (a)); CREATE TRIGGER o AFTER UPDATE ON t BEGIN UPDATE t SET "rowid" = 1, a = 1 WHERE more; END`,
    (s) => s.addColumn('t', 'more', 'TEXT'),
  ],
  [
    'a trigger that writes to what was a generated column',
    `CREATE TABLE t ("rowid" GENERATED ALWAYS AS (a), a); CREATE TRIGGER o AFTER UPDATE ON t BEGIN UPDATE t SET "rowid" = 1 WHERE 0; END`,
    (s) => s.dropColumn('t', 'rowid'),
  ],
];

const MOVE: Change = (s) =>
  s.move('here', 'there', { id: { sql: 'id' } }, { where: 'id NOT IN (SELECT id FROM there)' });
const DROP: Change = (s) => s.dropColumn('t', 'v');

it('moves the rows that a condition names, also when it looks at where they go', async () => {
  const db = new Connection(':memory:');
  db.exec(`CREATE TABLE here (id INTEGER PRIMARY KEY); CREATE TABLE there (id INTEGER PRIMARY KEY);
    INSERT INTO here VALUES (1), (2), (3); INSERT INTO there VALUES (2)`);
  const before = contentOf(db);
  await up(db, MOVE);
  expect(db.prepare('SELECT id FROM here').pluck().all()).toEqual([2]);
  expect(db.prepare('SELECT id FROM there').pluck().all()).toEqual([1, 2, 3]);
  expect(db.prepare("SELECT name FROM sqlite_schema WHERE name GLOB '*_chosen'").all()).toEqual([]);
  await down(db, MOVE);
  expect(contentOf(db)).toEqual(before);
  db.close();
});

it.each([
  '"quoted"',
  '[quoted]',
  '`it``s`',
  "'it''s'",
  'word',
  'donnée',
  'current_user',
  '"null"',
  'TRUE',
  'NULL',
  "x'00ff'",
  '-1.5',
  "(lower('ABC'))",
])('gives a row that came later the default of a column that comes back: DEFAULT %s', async (value) => {
  const db = new Connection(':memory:');
  db.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, v DEFAULT ${value}); INSERT INTO t (id) VALUES (1)`);
  const before = db.prepare('SELECT v FROM t').pluck().get();
  await up(db, DROP);
  db.exec('INSERT INTO t (id) VALUES (2)');
  await down(db, DROP);
  expect(db.prepare('SELECT v FROM t ORDER BY id').pluck().all()).toEqual([before, before]);
  db.close();
});

it('puts a dropped column back into a row whose key was put in capitals since', async () => {
  const db = new Connection(':memory:');
  db.exec(`CREATE TABLE t (x TEXT COLLATE NOCASE PRIMARY KEY, v); INSERT INTO t VALUES ('a', 1)`);
  await up(db, DROP);
  db.exec(`UPDATE t SET x = 'A'`);
  await down(db, DROP);
  expect(db.prepare('SELECT * FROM t').raw().all()).toEqual([['A', 1]]);
  db.close();
});

describe('up and down', () => {
  it.each(CASES)('%s', async (_what, schema, change) => {
    const db = new Connection(':memory:');
    db.exec(schema);
    const before = [contentOf(db), desynced(db)];
    await up(db, change);
    const { steps } = await down(db, change);
    expect([contentOf(db), desynced(db)]).toEqual(before);
    expect(steps[0]?.conflicts).toBeUndefined(); // nothing has happened in between
    db.close();
  });
});
