import { describe, expect, it } from '@jest/globals';
import { ChangeLog } from '../../src/sqlite/change-log.js';
import { effectsOf } from '../../src/sqlite/effects.js';

function logOf(sql: string): ChangeLog {
  const log = new ChangeLog();
  log.add(effectsOf(sql));
  return log;
}

const REBUILD =
  'CREATE TABLE new (a); INSERT INTO new SELECT a FROM users; DROP TABLE users; ALTER TABLE new RENAME TO Users';
const OLD_FIRST = 'ALTER TABLE users RENAME TO old; CREATE TABLE users (a); DROP TABLE old';

describe('a log of changes', () => {
  it.each<[sql: string, origin: string, now: string, dropped: readonly string[]]>([
    ['', 'users', 'users', []],
    ['ALTER TABLE users RENAME TO people', 'users', 'people', []],
    ['ALTER TABLE users RENAME TO a; ALTER TABLE A RENAME TO b', 'users', 'b', []],
    ['DROP TABLE users', 'users', 'users', ['users']],
    [REBUILD, 'users', 'users', ['users']],
    [OLD_FIRST, 'users', 'users', ['users']],
    ['ALTER TABLE users RENAME TO old; CREATE TABLE users (a)', 'users', 'old', []],
    ['ALTER TABLE a RENAME TO t; ALTER TABLE b RENAME TO a; ALTER TABLE t RENAME TO b', 'a', 'b', []],
    ['CREATE TABLE IF NOT EXISTS users (a)', 'users', 'users', []],
    ['CREATE TABLE t (a); DROP TABLE t', 't', 't', []],
  ])('knows after %j where %s is', (sql, origin, now, dropped) => {
    const log = logOf(sql);
    expect(log.nameNow(origin)).toBe(now);
    expect(log.droppedTables).toEqual(dropped);
  });

  it.each<[sql: string, name: string, origin: string]>([
    ['ALTER TABLE users RENAME TO people', 'PEOPLE', 'users'],
    [REBUILD, 'users', 'users'],
    [OLD_FIRST, 'users', 'users'],
    ['', 'Other', 'other'],
  ])('knows after %j what %s was called', (sql, name, origin) => {
    expect(logOf(sql).originOf(name)).toBe(origin);
  });

  it.each<[sql: string, removes: boolean]>([
    ['DELETE FROM users', true],
    ['DELETE FROM posts', false],
    ['INSERT OR REPLACE INTO USERS VALUES (1)', true],
    ['INSERT OR IGNORE INTO users VALUES (1)', false],
    ['UPDATE users SET a = 1', false],
    ['ALTER TABLE users RENAME TO people; DELETE FROM people', true],
    ['ALTER TABLE users RENAME TO people; DELETE FROM users', false],
    [REBUILD, false],
    [`${REBUILD}; DELETE FROM users`, true],
    [REBUILD.replace('DROP', 'DELETE FROM new WHERE a = 1; DROP'), true],
    [`DELETE FROM users; ${REBUILD}`, true],
    ['DROP TABLE users', false],
    ['CREATE TABLE IF NOT EXISTS users (a); DELETE FROM users', true],
    ['DELETE FROM users; CREATE TABLE IF NOT EXISTS users (a)', true],
  ])('knows after %j whether rows of users may go: %j', (sql, removes) => {
    expect(logOf(sql).removesFrom('users')).toBe(removes);
  });

  it('foresees which tables statements will drop, by the names that they have now', () => {
    const log = logOf('ALTER TABLE users RENAME TO people');
    expect(log.droppedBy(effectsOf('ALTER TABLE people RENAME TO x; DROP TABLE x; DROP TABLE y'))).toEqual([
      'people',
      'y',
    ]);
    expect(log.droppedBy(effectsOf('CREATE TABLE z (a); DROP TABLE z'))).toEqual([]);
    expect(log.droppedTables).toEqual([]);
  });

  it('remembers objects that were dropped by name, and what was touched', () => {
    const log = logOf(
      'DROP INDEX I; UPDATE A SET x = 1; ALTER TABLE b ADD c; CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END',
    );
    expect([log.drops('index', 'i'), log.drops('trigger', 'i')]).toEqual([true, false]);
    expect([...log.touched]).toEqual(['a', 'b']);
  });
});
