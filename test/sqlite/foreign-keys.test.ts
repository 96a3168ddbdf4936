import Database from 'better-sqlite3';
import { describe, expect, it } from '@jest/globals';
import type { Database as Connection } from '../../src/domain/migration.js';
import {
  childrenOf,
  foreignKeyState,
  newTrouble,
  type ForeignKeyState,
} from '../../src/sqlite/foreign-keys.js';

function databaseOf(sql: string): Connection {
  const db = new Database(':memory:');
  db.pragma('foreign_keys = OFF');
  db.exec(sql);
  return db;
}

const P = 'CREATE TABLE p (id INTEGER PRIMARY KEY);';

describe('foreignKeyState', () => {
  it.each<[what: string, sql: string, state: object]>([
    [
      'nothing',
      `${P} CREATE TABLE c (p REFERENCES p); INSERT INTO p VALUES (1); INSERT INTO c VALUES (1), (NULL)`,
      { violations: [], mismatches: [] },
    ],
    [
      'a row by its rowid',
      `${P} CREATE TABLE "c c" ("p ""p" REFERENCES P); INSERT INTO "c c" VALUES (NULL), ('it''s')`,
      { violations: [{ table: 'c c', row: 'rowid 2', columns: ['p "p'], values: "'it''s'", parent: 'P' }] },
    ],
    [
      'a rowid that JavaScript cannot hold',
      `${P} CREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES p); INSERT INTO c VALUES (9007199254740993, 9007199254740995)`,
      { violations: [{ row: 'rowid 9007199254740993', values: '9007199254740995' }] },
    ],
    [
      'a row of a table WITHOUT ROWID by its primary key',
      `${P} CREATE TABLE c (a, b, p REFERENCES p (id), PRIMARY KEY (b, a)) WITHOUT ROWID; INSERT INTO p VALUES (1); INSERT INTO c VALUES (1, 'x', 1), (2, 'y', 5)`,
      { violations: [{ table: 'c', row: "primary key 'y', 2", columns: ['p'], values: '5', parent: 'p' }] },
    ],
    [
      "a key of two columns, WITHOUT ROWID, by the parent's primary key",
      'CREATE TABLE q (x, y, PRIMARY KEY (x, y)); CREATE TABLE c (a PRIMARY KEY, b, d, FOREIGN KEY (b, d) REFERENCES q) WITHOUT ROWID; INSERT INTO q VALUES (1, 2); INSERT INTO c VALUES (1, 1, 2), (2, 2, 1), (3, NULL, 7)',
      { violations: [{ row: 'primary key 2', columns: ['b', 'd'], values: '2, 1', parent: 'q' }] },
    ],
    [
      'a parent that is not there',
      'CREATE TABLE c (p REFERENCES gone); CREATE TABLE d (id PRIMARY KEY, p REFERENCES gone (x)) WITHOUT ROWID; INSERT INTO c VALUES (1), (NULL); INSERT INTO d VALUES (1, 2), (2, NULL)',
      {
        violations: [
          { table: 'c', row: 'rowid 1', parent: 'gone' },
          { table: 'd', row: 'primary key 1', values: '2', parent: 'gone' },
        ],
      },
    ],
    [
      'a row whose rowid no name is left for',
      `${P} CREATE TABLE c (rowid, _rowid_, oid, p REFERENCES p); INSERT INTO c VALUES (7, 8, 9, 1)`,
      { violations: [{ table: 'c', columns: ['p'], values: '1', parent: 'p' }] },
    ],
    [
      'what cannot be checked, and the rest all the same',
      `${P} CREATE TABLE q (id); CREATE TABLE c (q REFERENCES q (id)); CREATE TABLE d (p REFERENCES p); INSERT INTO c VALUES (1); INSERT INTO d VALUES (1)`,
      {
        violations: [{ table: 'd', row: 'rowid 1' }],
        mismatches: [{ table: 'c', message: 'foreign key mismatch - "c" referencing "q"' }],
      },
    ],
  ])('finds %s', (_what, sql, state) => {
    const db = databaseOf(sql);
    db.defaultSafeIntegers(sql.length % 2 === 0); // whatever the connection's own setting is
    expect(foreignKeyState(db)).toMatchObject(state);
  });

  it('looks at some tables only', () => {
    const db = databaseOf(
      `${P} CREATE TABLE c (p REFERENCES p); CREATE TABLE d (p REFERENCES p); INSERT INTO c VALUES (1); INSERT INTO d VALUES (1)`,
    );
    expect(foreignKeyState(db, ['d']).violations.map(({ table }) => table)).toEqual(['d']);
    expect(foreignKeyState(db, []).violations).toEqual([]);
  });

  it('knows which tables are children, and whose', () => {
    const db = databaseOf(
      `${P} CREATE TABLE c (p REFERENCES P); CREATE TABLE d (c REFERENCES c); CREATE TABLE e (x)`,
    );
    expect(childrenOf(db)).toEqual(['c', 'd']);
    expect(childrenOf(db, new Set(['p']))).toEqual(['c']);
  });
});

const row = (table: string, values: string, parent = 'p') => ({
  table,
  row: 'rowid 1',
  columns: ['p'],
  values,
  parent,
});
const state = (...violations: ReturnType<typeof row>[]): ForeignKeyState => ({
  violations,
  mismatches: [],
});
const same = (name: string): string => name.toLowerCase();
const renamed = (name: string): string => (name === 'new' ? 'c' : name);

describe('newTrouble', () => {
  it.each<
    [
      what: string,
      before: ForeignKeyState,
      after: ForeignKeyState,
      originOf: (name: string) => string,
      count: number,
    ]
  >([
    ['nothing where there was nothing', state(), state(), same, 0],
    ['what was there before as old', state(row('c', '1')), state(row('C', '1', 'P')), same, 0],
    ['another value as new', state(row('c', '1')), state(row('c', '2')), same, 1],
    ['one more of the same value as new', state(row('c', '1')), state(row('c', '1'), row('c', '1')), same, 1],
    ['fewer of the same value as old', state(row('c', '1'), row('c', '1')), state(row('c', '1')), same, 0],
    ['the rows of a renamed table as old', state(row('c', '1')), state(row('new', '1')), renamed, 0],
    ['another parent as new', state(row('c', '1')), state(row('c', '1', 'q')), same, 1],
  ])('takes %s', (_what, before, after, originOf, count) => {
    expect(newTrouble(before, after, originOf).violations).toHaveLength(count);
  });

  it('tells a key that has become uncheckable from one that was', () => {
    const mismatch = { table: 'c', message: 'm' };
    const after = { violations: [], mismatches: [mismatch, { table: 'd', message: 'm' }] };
    expect(newTrouble({ violations: [], mismatches: [mismatch] }, after, same).mismatches).toEqual([
      { table: 'd', message: 'm' },
    ]);
  });
});
