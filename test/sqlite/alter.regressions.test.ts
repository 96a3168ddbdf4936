import { afterEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import type { Database as Connection } from '../../src/domain/migration.js';
import { AlterTableError } from '../../src/errors.js';
import { alterTable } from '../../src/sqlite/alter-table.js';
import type { TableBuilder } from '../../src/sqlite/table-builder.js';
import { errorOf } from '../helpers/errors.js';

// What alter.property.test.ts has found, each in its smallest form.

let db: Connection | undefined;
afterEach(() => void db?.close());

function databaseOf(sql: string): Connection {
  db = new Database(':memory:');
  db.exec(sql);
  return db;
}

function sqlOf(name: string): unknown {
  return db?.prepare('SELECT sql FROM sqlite_schema WHERE name = ?').pluck().get(name);
}

function refusal(sql: string, change: (table: TableBuilder) => void): AlterTableError {
  const opened = databaseOf(sql);
  const error = errorOf(() => alterTable(opened, 'users', change));
  expect(error).toBeInstanceOf(AlterTableError);
  return error as AlterTableError;
}

describe('alterTable', () => {
  it('hands statistics on to the indexes of keys, which take on the new name of the table', () => {
    const opened = databaseOf('CREATE TABLE users (a UNIQUE); INSERT INTO users VALUES (1); ANALYZE');
    const receipt = alterTable(opened, 'users', (table) => table.renameTo('people'));
    expect(opened.prepare('SELECT tbl, idx FROM sqlite_stat1').all()).toEqual([
      { tbl: 'people', idx: 'sqlite_autoindex_people_1' },
    ]);
    expect(receipt.kept).toContainEqual({ kind: 'statistics', name: 'sqlite_autoindex_people_1' });
    expect(receipt.dropped).toEqual([]);
  });

  it('sees the indexes of a table that has a quote in its name', () => {
    const opened = databaseOf('CREATE TABLE users (a); CREATE INDEX i ON users (a)');
    const receipt = alterTable(opened, 'users', (table) => table.renameTo('p"q'));
    expect(receipt.dropped).toEqual([]);
    expect(receipt.changed).toContainEqual({ kind: 'index', name: 'i' });
  });

  it('does not take 9223372036854775808.0 for 9223372036854775807', () => {
    const error = refusal(
      'CREATE TABLE users (a INTEGER); INSERT INTO users VALUES (9223372036854775807)',
      (table) => table.setType('a', 'REAL'),
    );
    expect(error.reason).toBe('1 value of a would be altered beyond return.');
  });

  it.each([
    ['a key of a column', 'CREATE TABLE users (a, b REFERENCES users (a))'],
    ['a key of the table', 'CREATE TABLE users (a, b, FOREIGN KEY (b) REFERENCES "USERS" (a))'],
  ])('does not drop a column that %s refers to in its own table', (_what, sql) => {
    expect(refusal(sql, (table) => table.dropColumn('a')).reason).toMatch(/^the column a cannot be dropped/);
  });

  it('drops a column whose name is but a word of a constraint', () => {
    const opened = databaseOf('CREATE TABLE users ("key", "always", a, b AS (a), PRIMARY KEY (a))');
    alterTable(opened, 'users', (table) => table.dropColumn('key').dropColumn('always'));
    expect(sqlOf('users')).toBe('CREATE TABLE users (a, b AS (a), PRIMARY KEY (a))');
  });

  // SQLite 3.53 takes the NOT of NOT DEFERRABLE for that of NOT NULL.
  it.each<[what: string, column: string, change: (table: TableBuilder) => void, now: string]>([
    [
      'sets',
      'a REFERENCES p NOT DEFERRABLE',
      (t) => t.setNotNull('a'),
      'a REFERENCES p NOT DEFERRABLE NOT NULL',
    ],
    [
      'drops',
      'a REFERENCES p NOT DEFERRABLE NOT NULL',
      (t) => t.dropNotNull('a'),
      'a REFERENCES p NOT DEFERRABLE',
    ],
  ])('%s NOT NULL and leaves NOT DEFERRABLE', (_what, column, change, now) => {
    alterTable(
      databaseOf(`CREATE TABLE p (id PRIMARY KEY); CREATE TABLE users (${column})`),
      'users',
      change,
    );
    expect(sqlOf('users')).toBe(`CREATE TABLE "users" (${now})`);
  });

  it.each<[what: string, column: string, change: (table: TableBuilder) => void, now: string]>([
    ['drops all of several NOT NULL', 'a NOT NULL UNIQUE NOT NULL', (t) => t.dropNotNull('a'), 'a UNIQUE'],
    [
      'sets the DEFAULT that counts',
      'a DEFAULT 1 DEFAULT 2',
      (t) => t.setDefault('a', 3),
      'a DEFAULT 1 DEFAULT 3',
    ],
    ['drops all of several DEFAULT', 'a DEFAULT 1 DEFAULT 2', (t) => t.dropDefault('a'), 'a'],
  ])('%s', (_what, column, change, now) => {
    alterTable(databaseOf(`CREATE TABLE users (${column})`), 'users', change);
    expect(sqlOf('users')).toBe(`CREATE TABLE "users" (${now})`);
  });

  it.each<[what: string, change: (table: TableBuilder) => void, reason: RegExp]>([
    [
      'a collation that is not there',
      (t) => t.setCollate('a', 'nowhere'),
      /no such collation sequence: nowhere/,
    ],
    ['a type that is more', (t) => t.setType('a', 'TEXT NOT NULL'), /more than a type: TEXT NOT NULL/],
    ['a type that is two columns', (t) => t.setType('a', 'TEXT, b'), /more than a type: TEXT, b/],
    ['a CHECK that is two', (t) => t.addCheck('1) CHECK (0'), /not one expression: 1\) CHECK \(0/],
    [
      'a DEFAULT that is more',
      (t) => t.setDefault('a', { sql: '1) NOT NULL CHECK (1' }),
      /not one expression/,
    ],
    ['an open expression', (t) => t.setGenerated('a', '(1'), /not one expression: \(1/],
  ])('refuses %s', (_what, change, reason) => {
    expect(refusal('CREATE TABLE users (a)', change).reason).toMatch(reason);
    expect(sqlOf('users')).toBe('CREATE TABLE users (a)');
  });

  it('says of a text which row cannot be an INTEGER PRIMARY KEY', () => {
    const error = refusal(
      "CREATE TABLE users (a PRIMARY KEY); INSERT INTO users VALUES (1), ('x')",
      (table) => table.setType('a', 'INTEGER'),
    );
    expect(error.rows).toEqual([expect.stringContaining("'x'")]);
  });

  it.each<[what: string, user: string]>([
    ['virtual table f', "CREATE VIRTUAL TABLE f USING fts5 (a, content='users')"],
    ['view v', 'CREATE VIEW v AS SELECT rowid FROM users'],
    ['trigger t', 'CREATE TRIGGER t AFTER DELETE ON users BEGIN DELETE FROM log WHERE id = old.rowid; END'],
  ])('gives no column the name rowid that %s finds rows by', (what, user) => {
    for (const change of [
      (table: TableBuilder) => table.addColumn('ROWID'),
      (table: TableBuilder) => table.renameColumn('b', 'rowid'),
    ]) {
      const error = refusal(`CREATE TABLE users (a, b); CREATE TABLE log (id); ${user}`, change);
      expect(error.reason).toMatch(new RegExp(`hide the rowid, which is named by ${what}`));
      db?.close();
    }
  });

  it('makes a full-text index anew over what is computed from a column of another type', () => {
    const opened = databaseOf(`CREATE TABLE users (a, b AS (a || 'x')); INSERT INTO users VALUES (7.0);
      CREATE VIRTUAL TABLE f USING fts5 (b, content='users'); INSERT INTO f (f) VALUES ('rebuild')`);
    alterTable(opened, 'users', (table) => table.setType('a', 'INTEGER'));
    opened.exec("INSERT INTO f (f, rank) VALUES ('integrity-check', 1)");
    expect(opened.prepare("SELECT b FROM f WHERE f MATCH '7x'").pluck().all()).toEqual(['7x']);
  });
});
