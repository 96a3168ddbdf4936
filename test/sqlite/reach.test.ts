import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Database as Connection } from '../../src/domain/migration.js';
import { effectsOf } from '../../src/sqlite/effects.js';
import { ReachFinder } from '../../src/sqlite/reach.js';

let db: Connection;

beforeEach(() => {
  db = new Database(':memory:');
  db.exec(`
    CREATE TABLE t (a, begin);
    CREATE TABLE log (a UNIQUE);
    CREATE TABLE other (a UNIQUE);
    CREATE TABLE replacing (a UNIQUE ON CONFLICT REPLACE);
    CREATE VIEW v AS SELECT a FROM t;
    CREATE VIRTUAL TABLE words USING fts5(a);`);
});

afterEach(() => {
  db.close();
});

const reachOf = (sql: string) => new ReachFinder(db).after(effectsOf(sql), 'off');

describe('how far a write reaches', () => {
  it.each<[trigger: string, sql: string, triggered: readonly string[]]>([
    ['AFTER UPDATE ON t BEGIN INSERT INTO log VALUES (new.a); END', 'UPDATE t SET a = 1', ['log']],
    [
      'AFTER UPDATE ON t WHEN CASE new.a WHEN 1 THEN 1 END BEGIN SELECT 1; UPDATE log SET a = CASE a WHEN 1 THEN 2 END; END',
      'UPDATE t SET a = 1',
      ['log'],
    ],
    [
      'AFTER UPDATE ON t BEGIN INSERT INTO log VALUES (1) ON CONFLICT DO NOTHING; UPDATE t SET begin = 1; END',
      'UPDATE t SET a = 1',
      ['log', 't'],
    ],
    [
      "AFTER UPDATE ON t BEGIN INSERT INTO words (words, rowid, a) VALUES ('delete', 1, ''); END",
      'UPDATE t SET a = 1',
      ['words'],
    ],
    [
      "AFTER UPDATE ON t BEGIN INSERT INTO log VALUES ('; DELETE FROM other; BEGIN'); END",
      'UPDATE t SET a = 1',
      ['log'],
    ],
    ['AFTER DELETE ON t BEGIN INSERT INTO log VALUES (old.a); END', 'DELETE FROM t', ['log']],
    ['AFTER DELETE ON t BEGIN DELETE FROM log; END', 'INSERT INTO t VALUES (1, 2)', []],
    ['AFTER INSERT ON t BEGIN DELETE FROM log; END', 'DELETE FROM t', []],
    ['INSTEAD OF INSERT ON v BEGIN INSERT INTO t (a) VALUES (new.a); END', 'INSERT INTO v VALUES (1)', ['t']],
  ])('is followed through a trigger that only adds and changes: %s', (trigger, sql, triggered) => {
    db.exec(`CREATE TRIGGER g ${trigger}`);
    const found = reachOf(sql);
    expect(found.reach).toBe('named');
    expect(found.triggered.map((effect) => effect.kind === 'write' && effect.table)).toEqual(triggered);
  });

  it.each<[trigger: string, sql: string]>([
    ['AFTER UPDATE ON t BEGIN DELETE FROM log; END', 'UPDATE t SET a = 1'],
    ['AFTER UPDATE ON t BEGIN INSERT INTO log VALUES (1); DELETE FROM other; END', 'UPDATE t SET a = 1'],
    ['AFTER UPDATE OF begin ON t BEGIN DELETE FROM log; END', 'UPDATE t SET begin = 1'],
    ['AFTER UPDATE OF "begin" ON t BEGIN DELETE FROM log; END', 'UPDATE t SET begin = 1'],
    ['AFTER UPDATE ON t BEGIN REPLACE INTO log VALUES (1); END', 'UPDATE t SET a = 1'],
    ['AFTER UPDATE ON t BEGIN INSERT OR REPLACE INTO log VALUES (1); END', 'UPDATE t SET a = 1'],
    ['AFTER UPDATE ON t BEGIN UPDATE OR REPLACE log SET a = 1; END', 'UPDATE t SET a = 1'],
    ['AFTER UPDATE ON t BEGIN INSERT INTO replacing VALUES (1); END', 'UPDATE t SET a = 1'],
    ['AFTER INSERT ON t BEGIN INSERT INTO log VALUES (1); END', 'INSERT OR REPLACE INTO t VALUES (1, 2)'],
    ['AFTER DELETE ON t BEGIN DELETE FROM log; END', 'REPLACE INTO t VALUES (1, 2)'],
    [
      'AFTER UPDATE ON t BEGIN DELETE FROM log; END',
      'INSERT INTO t VALUES (1, 2) ON CONFLICT DO UPDATE SET a = 1',
    ],
    ['AFTER DELETE ON t BEGIN DELETE FROM log; END', 'DELETE FROM t'],
    ['INSTEAD OF DELETE ON v BEGIN DELETE FROM log; END', 'DELETE FROM v'],
  ])('is anywhere where a trigger may remove rows: %s', (trigger, sql) => {
    db.exec(`CREATE TRIGGER g ${trigger}`);
    expect(reachOf(sql)).toEqual({ reach: 'anywhere', triggered: [] });
  });

  it('leaves out a trigger on the update of other columns, where it is known which are set', () => {
    db.exec('CREATE TRIGGER g AFTER UPDATE OF begin ON t BEGIN DELETE FROM log; END');
    const after = (columns: readonly string[]) =>
      new ReachFinder(db).after(effectsOf('UPDATE t SET a = 1'), 'off', columns).reach;
    expect([after(['A']), after(['a', 'Begin'])]).toEqual(['named', 'anywhere']);
  });

  it('goes through a trigger that fires another, temporary ones too', () => {
    db.exec('CREATE TRIGGER one AFTER UPDATE ON t BEGIN INSERT INTO log VALUES (1); END');
    db.exec('CREATE TEMP TRIGGER two AFTER INSERT ON log BEGIN UPDATE other SET a = 1; END');
    expect(reachOf('UPDATE t SET a = 1').triggered).toHaveLength(2);
    db.exec('CREATE TEMP TRIGGER three AFTER UPDATE ON other BEGIN DELETE FROM t; END');
    expect(reachOf('UPDATE t SET a = 1').reach).toBe('anywhere');
  });

  it('ends where triggers fire each other', () => {
    db.exec('CREATE TRIGGER one AFTER UPDATE ON t BEGIN UPDATE log SET a = 1; END');
    db.exec('CREATE TRIGGER two AFTER UPDATE ON log BEGIN UPDATE t SET a = 1; END');
    expect(reachOf('UPDATE t SET a = 1').triggered).toHaveLength(2);
  });

  it('is anywhere for all that comes after a statement that reaches so far', () => {
    const finder = new ReachFinder(db);
    expect(finder.after(effectsOf('UPDATE replacing SET a = 1'), 'off').reach).toBe('anywhere');
    expect(finder.after(effectsOf('UPDATE t SET a = 1'), 'off').reach).toBe('anywhere');
  });
});
