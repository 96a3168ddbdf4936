import { describe, expect, it } from '@jest/globals';
import Connection from 'better-sqlite3';
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
  [
    'nor has one whose CHECK names the table',
    'CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a CHECK (t.a > 0))',
    (s) => s.addColumn('t', 'b', 'TEXT').renameColumn('t', 'b', 'c'),
  ],
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

describe('up and down', () => {
  it.each(CASES)('%s', async (_what, schema, change) => {
    const db = new Connection(':memory:');
    db.exec(schema);
    const before = contentOf(db);
    await up(db, change);
    await down(db, change);
    expect(contentOf(db)).toEqual(before);
    db.close();
  });
});
