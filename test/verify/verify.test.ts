import { describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { join } from 'node:path';
import type { MigrationObject } from '../../src/domain/migration.js';
import type { VerifiedMigration } from '../../src/domain/verification.js';
import { verifyMigrations } from '../../src/verify-migrations.js';
import { makeFolder } from '../helpers/files.js';

/** A database with some rows that are awkward to keep. */
function database(sql = BASE): string {
  const file = join(makeFolder(), 'app.db');
  const db = new Database(file);
  db.exec(sql);
  db.close();
  return file;
}

const BASE = `
  CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b);
  INSERT INTO t VALUES (1, 'one', 1), (2, CAST(X'ff' AS TEXT), 9007199254740993), (3, NULL, NULL), (4, '', -0.0), (5, 'x', X'00ff');
  CREATE INDEX t_a ON t (a);
  CREATE TABLE hidden (a TEXT PRIMARY KEY, b);
  INSERT INTO hidden (rowid, a, b) VALUES (7, 'x', 1), (8, 'y', 2), (20, 'z', 3);
  CREATE TABLE bag (a, b);
  INSERT INTO bag (rowid, a, b) VALUES (2, 1, 1), (4, 1, 1), (6, 2, 2);
  CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, a);
  INSERT INTO counted (a) VALUES (1), (2);
  CREATE TABLE key (k TEXT, v, PRIMARY KEY (k)) WITHOUT ROWID;
  INSERT INTO key VALUES ('a', 1), ('b', 2);`;

const m = (up: string, down?: string, name = '001_change'): MigrationObject & { name: string } => ({
  name,
  up: (db) => db.exec(up),
  ...(down === undefined ? {} : { down: (db) => db.exec(down) }),
});

async function verdictOn(migration: MigrationObject, file = database()): Promise<VerifiedMigration> {
  const { migrations } = await verifyMigrations({ database: file, migrations: [migration] });
  expect(migrations).toHaveLength(1);
  return migrations[0] as VerifiedMigration;
}

describe('verifyMigrations', () => {
  it.each<[what: string, up: string, down: string]>([
    ['a table that is dropped again', 'CREATE TABLE n (a)', 'DROP TABLE n'],
    [
      'a column that is dropped again',
      'ALTER TABLE t ADD COLUMN c INT DEFAULT 7',
      'ALTER TABLE t DROP COLUMN c',
    ],
    ['a renamed column', 'ALTER TABLE t RENAME COLUMN a TO c', 'ALTER TABLE t RENAME COLUMN c TO a'],
    ['a renamed table', 'ALTER TABLE hidden RENAME TO h', 'ALTER TABLE h RENAME TO hidden'],
    [
      'an index, a view and a trigger',
      'CREATE INDEX i ON t (b); CREATE VIEW v AS SELECT a FROM t; CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END',
      'DROP TRIGGER g; DROP VIEW v; DROP INDEX i',
    ],
    [
      'values that are put back',
      'UPDATE t SET b = b + 1 WHERE id = 1',
      'UPDATE t SET b = b - 1 WHERE id = 1',
    ],
    ['rows that are taken out again', "INSERT INTO t (a) VALUES ('new')", "DELETE FROM t WHERE a = 'new'"],
    ['another order of the same index', 'DROP INDEX t_a', 'create index "t_a" ON t(a) -- again'],
    ['a version', 'PRAGMA user_version = 3', 'PRAGMA user_version = 0'],
  ])('calls exact: %s', async (_what, up, down) => {
    expect(await verdictOn(m(up, down))).toMatchObject({
      verdict: 'exact',
      losses: [],
      unrepeated: [],
      problems: [],
    });
  });

  it.each<[what: string, up: string, down: string, losses: readonly object[]]>([
    [
      'values that are not put back',
      'UPDATE t SET b = 0',
      'SELECT 1',
      [{ kind: 'changed', table: 't', column: 'b', rows: 5 }],
    ],
    [
      'a column whose values go with it',
      'ALTER TABLE t DROP COLUMN b',
      'ALTER TABLE t ADD COLUMN b',
      [{ kind: 'changed', table: 't', column: 'b', rows: 4 }],
    ],
    [
      'another type of the same value',
      'SELECT 1',
      'UPDATE t SET b = CAST(b AS REAL) WHERE id = 1',
      [{ kind: 'changed', table: 't', column: 'b', rows: 1 }],
    ],
    [
      'one in 2^53',
      'SELECT 1',
      'UPDATE t SET b = b - 1 WHERE id = 2',
      [{ kind: 'changed', table: 't', column: 'b', rows: 1 }],
    ],
    [
      'text that JavaScript read',
      'SELECT 1',
      "UPDATE t SET a = '\uFFFD' WHERE id = 2",
      [{ kind: 'changed', table: 't', column: 'a', rows: 1 }],
    ],
    [
      'the sign of a zero',
      'SELECT 1',
      'UPDATE t SET b = 0.0 WHERE id = 4',
      [{ kind: 'changed', table: 't', column: 'b', rows: 1 }],
    ],
    [
      'a text and a blob of its bytes',
      'SELECT 1',
      "UPDATE t SET a = X'6f6e65' WHERE id = 1",
      [{ kind: 'changed', table: 't', column: 'a', rows: 1 }],
    ],
    [
      'NULL and nothing',
      'SELECT 1',
      "UPDATE t SET a = '' WHERE id = 3",
      [{ kind: 'changed', table: 't', column: 'a', rows: 1 }],
    ],
    [
      'rows that are gone and new',
      'SELECT 1',
      'DELETE FROM t WHERE id < 3; INSERT INTO t (id) VALUES (9)',
      [
        { kind: 'missing', table: 't', rows: 2 },
        { kind: 'added', table: 't', rows: 1 },
      ],
    ],
    [
      'rows of a table without rowids',
      "UPDATE key SET v = 3 WHERE k = 'a'",
      "DELETE FROM key WHERE k = 'b'",
      [
        { kind: 'missing', table: 'key', rows: 1 },
        { kind: 'changed', table: 'key', column: 'v', rows: 1 },
      ],
    ],
    [
      'rowids that a copy has numbered anew',
      'CREATE TABLE n AS SELECT * FROM hidden; DELETE FROM hidden',
      'INSERT INTO hidden SELECT * FROM n; DROP TABLE n',
      [{ kind: 'rowids', table: 'hidden', rows: 3 }],
    ],
    [
      'values in a table that was numbered anew, by its key',
      'CREATE TABLE n AS SELECT * FROM hidden; DELETE FROM hidden',
      'INSERT INTO hidden SELECT a, b + (b = 2) FROM n; DROP TABLE n',
      [{ kind: 'changed', table: 'hidden', column: 'b', rows: 1 }],
    ],
    [
      'rows that were there twice',
      'CREATE TABLE n AS SELECT DISTINCT a, b FROM bag; DELETE FROM bag',
      'INSERT INTO bag SELECT * FROM n; DROP TABLE n',
      [{ kind: 'missing', table: 'bag', rows: 1 }],
    ],
    [
      'the next number',
      'INSERT INTO counted (a) VALUES (3)',
      'DELETE FROM counted WHERE a = 3',
      [{ kind: 'sequence', table: 'counted' }],
    ],
  ])('calls lossy: %s', async (_what, up, down, losses) => {
    expect(await verdictOn(m(up, down))).toMatchObject({ verdict: 'lossy', losses, problems: [] });
  });

  it.each<[what: string, up: string, down: string, step: string, said: RegExp]>([
    ['forgets a column', 'ALTER TABLE t ADD COLUMN c', 'SELECT 1', 'down', /^\+ {2}c$/m],
    ['forgets an index', 'CREATE INDEX i ON t (b)', 'SELECT 1', 'down', /^\+CREATE INDEX i ON t\(b\);$/m],
    [
      'forgets a trigger',
      'CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END',
      'SELECT 1',
      'down',
      /^\+CREATE TRIGGER g/m,
    ],
    ['forgets a view', 'CREATE VIEW v AS SELECT 1', 'SELECT 1', 'down', /^\+CREATE VIEW v AS$/m],
    [
      'leaves a table',
      'CREATE TABLE n (a); CREATE TABLE o (a)',
      'DROP TABLE n',
      'down',
      /^\+CREATE TABLE o \($/m,
    ],
    ['does not bring back an index', 'DROP INDEX t_a', 'SELECT 1', 'down', /^-CREATE INDEX t_a/m],
    [
      'gives a column another default',
      'ALTER TABLE bag ADD COLUMN c',
      'ALTER TABLE bag DROP COLUMN c; ALTER TABLE bag DROP COLUMN b; ALTER TABLE bag ADD COLUMN b DEFAULT 2',
      'down',
      /^\+ {2}b DEFAULT 2$/m,
    ],
    [
      'puts a column back at another place',
      'ALTER TABLE bag DROP COLUMN a',
      'ALTER TABLE bag ADD COLUMN a',
      'down',
      /^- {2}b$/m,
    ],
    ['fails', 'CREATE TABLE n (a)', 'DROP TABLE m', 'down', /no such table: m/],
    [
      'takes more than it should',
      'CREATE TABLE n (a)',
      'DROP TABLE n; DROP VIEW IF EXISTS v; DROP TABLE bag',
      'down',
      /^-CREATE TABLE bag/m,
    ],
    ['keeps a version', 'PRAGMA user_version = 3', 'SELECT 1', 'down', /^\+PRAGMA user_version = 3;$/m],
  ])('calls broken one whose down %s', async (_what, up, down, step, said) => {
    const { verdict, problems } = await verdictOn(m(up, down));
    expect(verdict).toBe('broken');
    const found = problems.find((each) => each.step === step);
    expect(found?.diff ?? found?.error?.message).toMatch(said);
  });
});
