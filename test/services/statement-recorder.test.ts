import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Database as Connection } from '../../src/domain/migration.js';
import { SqliteTransactionManager } from '../../src/services/sqlite-transaction-manager.js';
import { StatementRecorder } from '../../src/services/statement-recorder.js';
import { BodyError, STRICT_RULES } from '../../src/services/transaction-manager.js';
import { alterTable } from '../../src/sqlite/alter-table.js';
import { errorOf } from '../helpers/errors.js';

let db: Connection;

beforeEach(() => {
  db = new Database(':memory:');
  db.exec(`
    CREATE TABLE t (a UNIQUE, b);
    CREATE TABLE log (a);
    CREATE TRIGGER logs AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.a); END;
    CREATE TABLE parent (id INTEGER PRIMARY KEY);
    CREATE TABLE child (parent REFERENCES parent ON DELETE CASCADE);
    INSERT INTO parent VALUES (1), (2);
    INSERT INTO child VALUES (1), (1), (2);
  `);
});

afterEach(() => {
  db.close();
});

function recorded(body: (handle: Connection) => unknown, rules = STRICT_RULES): StatementRecorder {
  const recorder = new StatementRecorder();
  const transactions = new SqliteTransactionManager(db);
  transactions.run(() => transactions.runBody(body, rules, recorder), rules.foreignKeys);
  return recorder;
}

function counts(recorder: StatementRecorder): readonly (readonly unknown[])[] {
  return recorder.records.map(({ sql, count, rows, indirectRows }) => [sql, count, rows, indirectRows]);
}

function failureOf(body: (handle: Connection) => unknown, recorder?: StatementRecorder): unknown {
  const transactions = new SqliteTransactionManager(db);
  const error = errorOf(() =>
    transactions.run(() => transactions.runBody(body, STRICT_RULES, recorder)),
  ) as BodyError;
  return { kind: error.kind, sql: error.sql, cause: String(error.cause) };
}

describe('a recorder', () => {
  it('has one record of executions in a row, with the values of the first three', () => {
    const recorder = recorded((handle) => {
      const insert = handle.prepare('INSERT INTO t VALUES (?, ?)');
      for (let index = 0; index < 100; index += 1) insert.run(index, `it's ${String(index)}`);
      handle.prepare('SELECT * FROM t WHERE a = @a').all({ a: 7 });
      insert.run(100, Buffer.from([0, 255]));
    });
    expect(counts(recorder)).toEqual([
      ['INSERT INTO t VALUES (?, ?)', 100, 100, 100],
      ['SELECT * FROM t WHERE a = @a', 1, 0, 0],
      ['INSERT INTO t VALUES (?, ?)', 1, 1, 1],
    ]);
    const [first, second, third] = recorder.records.map(({ values }) => values);
    expect(first).toEqual([`0, 'it''s 0'`, `1, 'it''s 1'`, `2, 'it''s 2'`]);
    expect(second).toEqual(['a = 7']);
    expect(third).toEqual([`100, X'00FF'`]);
    expect(recorder.records.every(({ durationMs }) => durationMs > 0)).toBe(true);
    expect(recorder.tables).toEqual([{ table: 't', inserted: 101, updated: 0, deleted: 0 }]);
  });

  it('counts what triggers and foreign keys do apart', () => {
    const recorder = recorded((handle) => handle.exec('DELETE FROM parent WHERE id = 1'), {
      ...STRICT_RULES,
      foreignKeys: 'enforced',
      expectLoss: ['child', 'parent'],
    });
    expect(counts(recorder)).toEqual([['DELETE FROM parent WHERE id = 1', 1, 1, 2]]);
    expect(recorder.tables).toEqual([{ table: 'parent', inserted: 0, updated: 0, deleted: 1 }]);
  });

  it('counts no rows that a rebuild only copies', () => {
    const recorder = recorded((handle) => {
      handle.exec(`INSERT INTO t VALUES (1, 'x')`);
      alterTable(handle, 't', (table) => table.addColumn('c', 'TEXT', { from: 'b' }));
    });
    expect(recorder.records.some(({ sql, rows }) => sql.includes('_decant_new_t') && rows > 0)).toBe(true);
    expect(recorder.tables).toEqual([{ table: 't', inserted: 1, updated: 0, deleted: 0 }]);
  });

  it('takes an exec() of several statements apart', () => {
    const recorder = recorded((handle) =>
      handle.exec(`-- first
        CREATE TABLE x (a); -- its comment
        INSERT INTO x VALUES (1), (2), (3);
        CREATE VIEW v AS SELECT a /* inside */ FROM x -- of the view
        ;
        SELECT changes();
        WITH w AS (SELECT 1) SELECT * FROM w;
        CREATE TRIGGER tr AFTER INSERT ON x BEGIN SELECT 1; SELECT 2; END;
        UPDATE x SET a = a + 1 WHERE a > 1`),
    );
    expect(counts(recorder)).toEqual([
      ['CREATE TABLE x (a)', 1, 0, 0],
      ['INSERT INTO x VALUES (1), (2), (3)', 1, 3, 0],
      ['CREATE VIEW v AS SELECT a /* inside */ FROM x', 1, 0, 0],
      ['SELECT changes()', 1, 0, 0],
      ['WITH w AS (SELECT 1) SELECT * FROM w', 1, 0, 0],
      ['CREATE TRIGGER tr AFTER INSERT ON x BEGIN SELECT 1; SELECT 2; END', 1, 0, 0],
      ['UPDATE x SET a = a + 1 WHERE a > 1', 1, 2, 0],
    ]);
    expect(recorder.tables).toEqual([{ table: 'x', inserted: 3, updated: 2, deleted: 0 }]);
  });

  it.each([
    `CREATE VIEW v AS SELECT 1 -- of the view\n; CREATE TABLE x (a) -- of the table\n;`,
    `CREATE TABLE x (a -- a\n, b); ;; /* none */ CREATE TRIGGER y AFTER INSERT ON x BEGIN SELECT 1; END -- z`,
    'CREATE TABLE "x;y" (a); CREATE TABLE `z;` (a) ; -- end',
    'CREATE TABLE x (a);\0 CREATE TABLE y (a)',
    '-- nothing',
    '',
  ])('leaves %j to mean what it means in one go', (text) => {
    const plain = new Database(':memory:').exec(text);
    const schema = 'SELECT * FROM sqlite_schema WHERE tbl_name NOT IN (?, ?, ?, ?)';
    recorded((handle) => handle.exec(text));
    expect(db.prepare(schema).all('t', 'log', 'parent', 'child').map(sqlIn)).toEqual(
      plain.prepare('SELECT * FROM sqlite_schema').all().map(sqlIn),
    );
  });

  it('times an iterator, and counts what INSERT … RETURNING inserts', () => {
    const returning = 'INSERT INTO t VALUES (?, 1), (?, 2) RETURNING a';
    const recorder = recorded((handle) => {
      handle.prepare(returning).all(1, 2);
      handle.prepare(returning).get(3, 4);
      expect([...handle.prepare(returning).iterate(5, 6)]).toEqual([{ a: 5 }, { a: 6 }]);
      for (const row of handle.prepare('SELECT a FROM t').iterate()) {
        if (row !== undefined) break;
      }
      expect(handle.prepare('SELECT count(*) FROM t').pluck().get()).toBe(6);
    });
    expect(counts(recorder)).toEqual([
      [returning, 3, 6, 6],
      ['SELECT a FROM t', 1, 0, 0],
      ['SELECT count(*) FROM t', 1, 0, 0],
    ]);
  });

  it('sees what alterTable() runs, and what runs in transactions within the transaction', () => {
    let statements: readonly string[] = [];
    const recorder = recorded((handle) => {
      const insertAll = handle.transaction((values: readonly number[]) => {
        for (const value of values) handle.prepare('INSERT INTO t VALUES (?, 0)').run(value);
      });
      insertAll([1, 2, 3]);
      statements = alterTable(handle, 't', (table) => table.setDefault('b', 1)).statements;
    });
    expect(statements.length).toBeGreaterThan(2);
    expect(recorder.records.slice(1).map(({ sql }) => sql)).toEqual(statements);
    expect(counts(recorder)[0]).toEqual(['INSERT INTO t VALUES (?, 0)', 3, 3, 3]);
  });

  it('keeps the first thousand in order, and adds to them what comes then', () => {
    const recorder = recorded(
      (handle) => {
        const one = handle.prepare('INSERT INTO t VALUES (?, 1)');
        const other = handle.prepare('UPDATE t SET b = 2 WHERE a = ?');
        for (let index = 0; index < 2000; index += 1) {
          one.run(index);
          other.run(index);
        }
        handle.exec('DROP TABLE log');
      },
      { ...STRICT_RULES, expectLoss: ['*'] },
    );
    expect(recorder.records).toHaveLength(1001);
    const sum = (key: 'count' | 'rows' | 'indirectRows'): number =>
      recorder.records.reduce((total, record) => total + record[key], 0);
    expect([sum('count'), sum('rows'), sum('indirectRows')]).toEqual([4001, 4000, 2000]);
    expect(recorder.records.at(-1)?.sql).toBe('DROP TABLE log');
  });

  it.each<[string, (handle: Connection) => unknown]>([
    ['exec', (handle) => handle.exec('CREATE TABLE ok (a); INSERT INTO t VALUES (1, 1), (1, 1); SELECT 1')],
    ['a syntax error', (handle) => handle.exec('CREATE TABLE ok (a); CREATE TABEL x (a)')],
    ['run', (handle) => handle.prepare('INSERT INTO t VALUES (1, 1), (1, 1)').run()],
    ['prepare', (handle) => handle.prepare('SELECT * FROM nothing')],
    ['a COMMIT', (handle) => handle.exec('CREATE TABLE IF NOT EXISTS ok (a); COMMIT; BEGIN')],
    ['a value that cannot be bound', (handle) => handle.prepare('SELECT ?').get(new Date(0))],
    [
      'a getter',
      (handle) =>
        handle.prepare('SELECT @a').get({
          get a() {
            throw new Error('mine');
          },
        }),
    ],
    ['no text', (handle) => Reflect.apply(handle.exec, handle, [17])],
    ['iterate', (handle) => [...handle.prepare("SELECT json('{')").iterate()]],
  ])('fails as without it: %s', (_what, body) => {
    const recorder = new StatementRecorder();
    const plain = failureOf(body);
    expect(failureOf(body, recorder)).toEqual(plain);
  });

  it('has the statement that failed as the last', () => {
    const recorder = new StatementRecorder();
    failureOf(
      (handle) => handle.exec('CREATE TABLE ok (a); INSERT INTO t VALUES (1, 1), (1, 1); SELECT 1'),
      recorder,
    );
    expect(recorder.records.map(({ sql, count, rows }) => [sql, count, rows])).toEqual([
      ['CREATE TABLE ok (a)', 1, 0],
      ['INSERT INTO t VALUES (1, 1), (1, 1)', 1, 0],
    ]);
  });
});

function sqlIn(row: unknown): string {
  return (row as { sql: string }).sql;
}
