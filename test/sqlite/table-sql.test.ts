import { describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { columnOf, listedNames, readTable, textOf } from '../../src/sqlite/table-sql.js';

/** The parts of a definition, as short texts. */
function partsOf(sql: string): unknown {
  const table = readTable(sql);
  if (table === undefined) return undefined;
  const text = (span: { from: number; to: number }): string => textOf(table, span);
  return {
    name: table.name,
    columns: table.columns.map((each) => [each.name, text(each.type), ...each.constraints.map(text)]),
    constraints: table.constraints.map(text),
  };
}

describe('readTable', () => {
  it.each<[string, unknown]>([
    ['CREATE TABLE t (a)', { name: 't', columns: [['a', '']], constraints: [] }],
    [
      'create temp table if not exists main . "t""x" (a)',
      { name: 't"x', columns: [['a', '']], constraints: [] },
    ],
    [
      'CREATE TABLE t (a UNSIGNED BIG INT, b VARCHAR (10, 2), c)',
      {
        name: 't',
        columns: [
          ['a', 'UNSIGNED BIG INT'],
          ['b', 'VARCHAR (10, 2)'],
          ['c', ''],
        ],
        constraints: [],
      },
    ],
    [
      'CREATE TABLE t ("primary" INT, [check] TEXT, `unique`, \'not\')',
      {
        name: 't',
        columns: [
          ['primary', 'INT'],
          ['check', 'TEXT'],
          ['unique', ''],
          ['not', ''],
        ],
        constraints: [],
      },
    ],
    [
      "CREATE TABLE t (a INT CONSTRAINT x CONSTRAINT y NOT NULL ON CONFLICT FAIL DEFAULT -1 COLLATE NOCASE UNIQUE ON CONFLICT IGNORE CHECK (a <> ')') NULL)",
      {
        name: 't',
        columns: [
          [
            'a',
            'INT',
            'CONSTRAINT x CONSTRAINT y NOT NULL ON CONFLICT FAIL',
            'DEFAULT -1',
            'COLLATE NOCASE',
            'UNIQUE ON CONFLICT IGNORE',
            "CHECK (a <> ')')",
            'NULL',
          ],
        ],
        constraints: [],
      },
    ],
    [
      'CREATE TABLE t (a INTEGER PRIMARY KEY DESC ON CONFLICT ABORT AUTOINCREMENT, b DEFAULT (1 + (2)) NOT NULL, c DEFAULT NULL UNIQUE, d DEFAULT CURRENT_TIMESTAMP)',
      {
        name: 't',
        columns: [
          ['a', 'INTEGER', 'PRIMARY KEY DESC ON CONFLICT ABORT AUTOINCREMENT'],
          ['b', '', 'DEFAULT (1 + (2))', 'NOT NULL'],
          ['c', '', 'DEFAULT NULL', 'UNIQUE'],
          ['d', '', 'DEFAULT CURRENT_TIMESTAMP'],
        ],
        constraints: [],
      },
    ],
    [
      'CREATE TABLE t (a REFERENCES p (x) ON DELETE SET NULL ON UPDATE NO ACTION MATCH FULL NOT DEFERRABLE INITIALLY DEFERRED NOT NULL, b REFERENCES p DEFERRABLE UNIQUE)',
      {
        name: 't',
        columns: [
          [
            'a',
            '',
            'REFERENCES p (x) ON DELETE SET NULL ON UPDATE NO ACTION MATCH FULL NOT DEFERRABLE INITIALLY DEFERRED',
            'NOT NULL',
          ],
          ['b', '', 'REFERENCES p DEFERRABLE', 'UNIQUE'],
        ],
        constraints: [],
      },
    ],
    [
      'CREATE TABLE t (a, b INT GENERATED ALWAYS AS (a + 1) STORED NOT NULL, c AS (a) VIRTUAL UNIQUE, d AS (a))',
      {
        name: 't',
        columns: [
          ['a', ''],
          ['b', 'INT', 'GENERATED ALWAYS AS (a + 1) STORED', 'NOT NULL'],
          ['c', '', 'AS (a) VIRTUAL', 'UNIQUE'],
          ['d', '', 'AS (a)'],
        ],
        constraints: [],
      },
    ],
    [
      'CREATE TABLE t (a, b, PRIMARY KEY (a, b DESC) CONSTRAINT u UNIQUE (a COLLATE NOCASE) ON CONFLICT REPLACE, CHECK (a), FOREIGN KEY (a, b) REFERENCES p (x, y) ON DELETE CASCADE) STRICT, WITHOUT ROWID;',
      {
        name: 't',
        columns: [
          ['a', ''],
          ['b', ''],
        ],
        constraints: [
          'PRIMARY KEY (a, b DESC)',
          'CONSTRAINT u UNIQUE (a COLLATE NOCASE) ON CONFLICT REPLACE',
          'CHECK (a)',
          'FOREIGN KEY (a, b) REFERENCES p (x, y) ON DELETE CASCADE',
        ],
      },
    ],
    ['CREATE TABLE t AS SELECT 1', undefined],
    ['CREATE VIEW t (a) AS SELECT 1', undefined],
    ['CREATE VIRTUAL TABLE t USING fts5 (a)', undefined],
    ['CREATE TABLE t (a', undefined],
    ['', undefined],
  ])('reads %j', (sql, parts) => {
    expect(partsOf(sql)).toEqual(parts);
  });

  it('names the columns that SQLite sees', () => {
    const db = new Database(':memory:');
    const sql = 'CREATE TABLE t (Ä, "a b" INT /* , x */, c -- , y\n, UNIQUE (Ä, "a b"))';
    db.exec(sql);
    const table = readTable(sql);
    expect(table?.columns.map(({ name }) => name)).toEqual(
      db.prepare("SELECT name FROM pragma_table_info('t')").pluck().all(),
    );
    expect(table?.constraints.map((key) => listedNames(table, key))).toEqual([['Ä', 'a b']]);
    expect(table && columnOf(table, 'A B')?.name).toBe('a b');
    expect(table && columnOf(table, 'ä')).toBeUndefined();
    db.close();
  });
});
