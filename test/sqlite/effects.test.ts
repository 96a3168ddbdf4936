import { describe, expect, it } from '@jest/globals';
import { effectsOf } from '../../src/sqlite/effects.js';

const write = (table: string, verb = 'insert') => ({ kind: 'write', verb, table, removes: false });
const remove = (table: string, verb = 'insert') => ({ kind: 'write', verb, table, removes: true });

const create = (type: string, name: string, copies = false) => ({ kind: 'create', type, name, copies });

describe('effectsOf', () => {
  it.each<[string, readonly object[]]>([
    ['INSERT INTO t VALUES (1)', [write('t')]],
    ['insert or ignore into "t" select * from u', [write('t')]],
    ['INSERT OR REPLACE INTO t VALUES (1)', [remove('t')]],
    ['REPLACE INTO [a b] VALUES (1)', [remove('a b')]],
    ['UPDATE t SET a = 1', [write('t', 'update')]],
    ['UPDATE OR REPLACE t SET a = 1', [remove('t', 'update')]],
    ['UPDATE OR FAIL t SET a = 1', [write('t', 'update')]],
    ["DELETE FROM main.'t' WHERE 1", [remove('t', 'delete')]],
    ['DELETE /* FROM x */ FROM -- y\n t', [remove('t', 'delete')]],
    ['DELETE FROM temp.t', []],
    ['DELETE FROM other.t', []],
    [
      'WITH a AS (SELECT 1), b (x, y) AS NOT MATERIALIZED (SELECT (1), 2) DELETE FROM t',
      [remove('t', 'delete')],
    ],
    ['WITH RECURSIVE replace AS (VALUES (1)) INSERT INTO t SELECT * FROM replace', [write('t')]],
    ['WITH a AS (SELECT 1) SELECT * FROM a', []],
    ['SELECT \'DELETE FROM t\', "DROP TABLE t" -- DROP TABLE u', []],
    ['EXPLAIN DELETE FROM t', []],
    ['EXPLAIN QUERY PLAN DELETE FROM t', []],
    ['DROP TABLE IF EXISTS main.t', [{ kind: 'drop', type: 'table', name: 't' }]],
    ['DROP TRIGGER "x""y"', [{ kind: 'drop', type: 'trigger', name: 'x"y' }]],
    [
      'DROP VIEW v; DROP INDEX i',
      [
        { kind: 'drop', type: 'view', name: 'v' },
        { kind: 'drop', type: 'index', name: 'i' },
      ],
    ],
    ['CREATE TABLE IF NOT EXISTS t (a)', [create('table', 't')]],
    ['CREATE TABLE t AS SELECT 1', [create('table', 't', true)]],
    ['CREATE VIEW t AS SELECT 1', [create('view', 't')]],
    ['CREATE UNIQUE INDEX i ON t (a)', [create('index', 'i')]],
    ['CREATE VIRTUAL TABLE f USING fts5(a)', [create('table', 'f')]],
    ['CREATE TEMP TABLE t (a)', []],
    ['CREATE TEMPORARY VIEW v AS SELECT 1', []],
    ['CREATE TRIGGER temp.tr AFTER INSERT ON t BEGIN SELECT 1; END', [create('trigger', '')]],
    ['CREATE TEMP TRIGGER tr AFTER INSERT ON t BEGIN SELECT 1; END', [create('trigger', 'tr')]],
    [
      'CREATE TRIGGER tr AFTER INSERT ON t BEGIN DELETE FROM u; END; DELETE FROM v',
      [create('trigger', 'tr'), remove('v', 'delete')],
    ],
    ['ALTER TABLE t RENAME TO u', [{ kind: 'rename', from: 't', to: 'u' }]],
    ['ALTER TABLE main.t RENAME TO "u"', [{ kind: 'rename', from: 't', to: 'u' }]],
    ['ALTER TABLE t RENAME COLUMN a TO b', [{ kind: 'alter', table: 't' }]],
    ['ALTER TABLE t RENAME a TO b', [{ kind: 'alter', table: 't' }]],
    ['ALTER TABLE t ADD COLUMN a', [{ kind: 'alter', table: 't' }]],
    ['PRAGMA foreign_keys = OFF', [{ kind: 'pragma', name: 'foreign_keys', sets: true }]],
    ['PRAGMA main.Foreign_Keys(0)', [{ kind: 'pragma', name: 'foreign_keys', sets: true }]],
    ['PRAGMA foreign_keys', [{ kind: 'pragma', name: 'foreign_keys', sets: false }]],
    ['BEGIN; COMMIT; SAVEPOINT x; VACUUM; ATTACH x AS y; ANALYZE', []],
    ['', []],
    ['DELETE FROM', []],
    ['DROP', []],
  ])('reads %j', (sql, effects) => {
    expect(effectsOf(sql)).toEqual(effects);
  });
});
