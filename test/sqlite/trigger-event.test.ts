import Database from 'better-sqlite3';
import { describe, expect, it } from '@jest/globals';
import { effectsOf } from '../../src/sqlite/effects.js';
import { ReachFinder } from '../../src/sqlite/reach.js';
import { firesOn, type RowEvent } from '../../src/sqlite/trigger-event.js';

describe('firesOn', () => {
  it.each<[fires: boolean, head: string, events: readonly RowEvent[], columns?: readonly string[]]>([
    [true, 'AFTER INSERT ON t', ['INSERT']],
    [false, 'AFTER INSERT ON t', ['UPDATE', 'DELETE']],
    [true, 'BEFORE DELETE ON t FOR EACH ROW', ['DELETE']],
    [true, 'INSTEAD OF UPDATE ON t', ['UPDATE']],
    [true, 'update on t', ['UPDATE'], ['a']],
    [true, 'AFTER UPDATE OF a, b ON t', ['UPDATE']],
    [true, 'AFTER UPDATE OF a, "B" ON t', ['UPDATE'], ['b', 'c']],
    [false, 'AFTER UPDATE OF a, b ON t', ['UPDATE'], ['c']],
    [false, 'AFTER UPDATE OF a ON c', ['UPDATE'], ['c']],
    [false, 'AFTER INSERT ON t WHEN new.a > 1', ['DELETE']],
  ])('%s: %s, of %j', (...[fires, head, events, columns]) => {
    for (const name of ['tr', '"delete"', 'main.[insert]', 'IF NOT EXISTS "update of"']) {
      const sql = `CREATE TRIGGER ${name} ${head} BEGIN UPDATE u SET c = 1; DELETE FROM u; INSERT INTO u VALUES (1); END`;
      expect(firesOn(sql, events, columns && new Set(columns))).toBe(fires);
    }
  });
});

describe('how far a write reaches', () => {
  it.each<[reach: string, trigger: string, write: string, columns?: readonly string[]]>([
    ['anywhere', 'AFTER UPDATE ON t', 'UPDATE t SET a = 1'],
    ['named', 'AFTER INSERT ON t', 'UPDATE t SET a = 1'],
    ['named', 'AFTER UPDATE ON t', 'DELETE FROM t'],
    ['anywhere', 'AFTER DELETE ON t', 'DELETE FROM t'],
    ['anywhere', 'AFTER DELETE ON t', 'REPLACE INTO t VALUES (1, 2)'],
    ['anywhere', 'AFTER DELETE ON t', 'UPDATE OR REPLACE t SET a = 1'],
    ['named', 'AFTER DELETE ON t', 'INSERT INTO t VALUES (1, 2)'],
    ['anywhere', 'AFTER UPDATE ON t', 'INSERT INTO t VALUES (1, 2) ON CONFLICT (a) DO UPDATE SET b = 1'],
    ['named', 'AFTER UPDATE OF b ON t', 'UPDATE t SET a = 1', ['a']],
    ['anywhere', 'AFTER UPDATE OF b ON t', 'UPDATE t SET a = 1, b = 2', ['a', 'B']],
    ['anywhere', 'AFTER UPDATE OF b ON t', 'UPDATE t SET b = 2'],
    ['named', 'AFTER UPDATE ON u', 'UPDATE t SET b = 2'],
  ])('%s, with a trigger %s: %s', (...[reach, trigger, write, columns]) => {
    const db = new Database(':memory:');
    db.exec(`CREATE TABLE t (a INTEGER PRIMARY KEY, b); CREATE TABLE u (a);
      CREATE TRIGGER tr ${trigger} BEGIN DELETE FROM u; END`);
    const finder = new ReachFinder(db);
    expect(finder.after(effectsOf(write), 'off', columns).reach).toBe(reach);
    expect(finder.after(effectsOf(write), 'off', columns).reach).toBe(reach);
    db.close();
  });
});
