import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Database as Connection } from '../../src/domain/migration.js';
import { SqliteTransactionManager } from '../../src/services/sqlite-transaction-manager.js';
import { tablesOf } from '../helpers/database.js';
import { errorOf } from '../helpers/errors.js';
import { makeFolder } from '../helpers/files.js';

let file: string;
let db: Connection;
let other: Connection;
let transactions: SqliteTransactionManager;

beforeEach(() => {
  file = join(makeFolder(), 'test.db');
  db = new Database(file, { timeout: 20 });
  db.pragma('journal_mode = WAL');
  db.exec(`
    CREATE TABLE t (a UNIQUE);
    INSERT INTO t VALUES (1), (2), (3);
    CREATE TRIGGER no_99 BEFORE INSERT ON t WHEN new.a = 99 BEGIN SELECT RAISE(ROLLBACK, 'no 99'); END;
  `);
  other = new Database(file, { timeout: 20 });
  transactions = new SqliteTransactionManager(db);
});

afterEach(() => {
  db.close();
  other.close();
});

function inTransaction(body: (db: Connection) => unknown): void {
  transactions.run(() => transactions.runBody(body));
}

function swallow(work: () => unknown): void {
  try {
    work();
  } catch {
    return;
  }
}

// better-sqlite3 has it; its types do not say so.
function databaseOf(transaction: object): Connection {
  return Reflect.get(transaction, 'database') as Connection;
}

function insertAgain(handle: Connection): void {
  handle.prepare('INSERT INTO t VALUES (1)').run();
}

function insertOrphan(handle: Connection): void {
  handle.exec('INSERT INTO c VALUES (5)');
}

function* generator(handle: Connection): Generator {
  yield handle.exec('CREATE TABLE never (x)');
}

async function* asyncGenerator(handle: Connection): AsyncGenerator {
  yield handle.exec('CREATE TABLE never (x)');
}

describe('run', () => {
  it('shows its work to others when it has returned, and not before', () => {
    const seen = transactions.run(() => {
      db.exec('CREATE TABLE a (x)');
      return tablesOf(other);
    });
    expect(seen).toEqual(['t']);
    expect(tablesOf(other)).toEqual(['a', 't']);
  });

  it('leaves nothing of work that throws, and throws its error on', () => {
    const mine = new Error('mine');
    const error = errorOf(() =>
      transactions.run(() => {
        db.exec('CREATE TABLE a (x)');
        throw mine;
      }),
    );
    expect(error).toBe(mine);
    expect(tablesOf(other)).toEqual(['t']);
    expect(db.inTransaction).toBe(false);
  });

  it('holds the write lock from its beginning on', () => {
    transactions.run(() => {
      expect(errorOf(() => other.exec('INSERT INTO t VALUES (4)'))).toMatchObject({ code: 'SQLITE_BUSY' });
    });
  });

  it('refuses to run inside a transaction that it did not open, and leaves that one alone', () => {
    db.exec('BEGIN; INSERT INTO t VALUES (4)');
    const error = errorOf(() => transactions.run(() => db.exec('CREATE TABLE a (x)')));
    expect(error).toMatchObject({
      code: 'DECANT_DATABASE',
      message: expect.stringMatching(/transaction is already open/),
    });
    expect(db.inTransaction).toBe(true);
    db.exec('COMMIT');
    expect(tablesOf(other)).toEqual(['t']);
    expect(other.prepare('SELECT count(*) FROM t').pluck().get()).toBe(4);
  });

  it('says that the database is locked when another connection holds the write lock', () => {
    other.exec('BEGIN IMMEDIATE');
    const error = errorOf(() => transactions.run(() => undefined));
    expect(error).toMatchObject({
      code: 'DECANT_LOCKED',
      exitCode: 5,
      message: `${file} is locked by another process.`,
    });
  });

  it('says that the database is locked when a reader keeps it from committing, and rolls back', () => {
    db.pragma('journal_mode = DELETE');
    const reading = other.prepare('SELECT a FROM t').iterate();
    reading.next();
    const error = errorOf(() => transactions.run(() => db.exec('CREATE TABLE a (x)')));
    reading.return?.();
    expect(error).toMatchObject({ code: 'DECANT_LOCKED' });
    expect(db.inTransaction).toBe(false);
    expect(tablesOf(other)).toEqual(['t']);
  });

  it('rolls back when COMMIT itself fails', () => {
    db.exec('CREATE TABLE p (id PRIMARY KEY); CREATE TABLE c (p REFERENCES p DEFERRABLE INITIALLY DEFERRED)');
    const rules = { foreignKeys: 'enforced', foreignKeyCheck: 'none', expectLoss: [] } as const;
    const error = errorOf(() =>
      transactions.run(() => transactions.runBody(insertOrphan, rules), rules.foreignKeys),
    );
    expect(error).toMatchObject({ cause: { code: 'SQLITE_CONSTRAINT_FOREIGNKEY' } });
    expect(db.inTransaction).toBe(false);
    expect(other.prepare('SELECT count(*) FROM c').pluck().get()).toBe(0);
  });

  it('works on a connection whose integers are BigInts', () => {
    db.defaultSafeIntegers(true);
    inTransaction((handle) => handle.exec('CREATE TABLE a (x)'));
    expect(tablesOf(other)).toEqual(['a', 't']);
  });
});

describe('session', () => {
  it('restores the setting of foreign keys also when a change of it had failed', () => {
    db.pragma('foreign_keys = ON');
    const pragma = db.pragma.bind(db);
    let failures = 0;
    db.pragma = (source, options) => {
      if (source === 'foreign_keys = ON' && failures++ === 0) throw new Error('disk I/O error');
      return pragma(source, options);
    };
    const error = errorOf(() => transactions.session(() => transactions.run(() => undefined, 'enforced')));
    expect(error).toMatchObject({ message: 'disk I/O error' });
    expect(pragma('foreign_keys', { simple: true })).toBe(1);
  });
});

describe('R24: runBody, when the body ends the transaction of the engine', () => {
  it.each<[string, (handle: Connection) => unknown]>([
    ['COMMIT', (handle) => handle.exec('COMMIT')],
    ['END', (handle) => handle.exec('END')],
    ['ROLLBACK', (handle) => handle.exec('ROLLBACK')],
    ['COMMIT by a prepared statement', (handle) => handle.prepare('COMMIT').run()],
    ['COMMIT among other statements', (handle) => handle.exec('INSERT INTO t VALUES (4); COMMIT; SELECT 1')],
    ['COMMIT before a statement that fails', (handle) => handle.exec('COMMIT; SELECT * FROM nowhere')],
    ['COMMIT; BEGIN', (handle) => handle.exec('COMMIT; BEGIN')],
    ['ROLLBACK; BEGIN', (handle) => handle.exec('ROLLBACK; BEGIN')],
    ['COMMIT, its error swallowed', (handle) => swallow(() => handle.exec('COMMIT'))],
    ['ROLLBACK, its error swallowed', (handle) => swallow(() => handle.exec('ROLLBACK'))],
    [
      'RAISE(ROLLBACK), its error swallowed',
      (handle) => swallow(() => handle.exec('INSERT INTO t VALUES (99)')),
    ],
    [
      'COMMIT, its error swallowed, and throws something else',
      (handle) => {
        swallow(() => handle.exec('COMMIT'));
        throw new Error('else');
      },
    ],
    [
      'COMMIT; BEGIN and throws something else',
      (handle) => {
        handle.exec('COMMIT; BEGIN');
        throw new Error('else');
      },
    ],
    [
      'COMMIT; BEGIN and a savepoint of the name that the engine was known for',
      (handle) => handle.exec('COMMIT; BEGIN; SAVEPOINT decant_guard'),
    ],
    ['COMMIT; BEGIN and returns a promise', async (handle) => handle.exec('COMMIT; BEGIN')],
  ])('finds out %s', (_what, end) => {
    const error = errorOf(() =>
      inTransaction((handle) => {
        handle.exec('INSERT INTO t VALUES (3.5)');
        return end(handle);
      }),
    );
    expect(error).toMatchObject({ kind: 'ended the transaction' });
    expect(db.inTransaction).toBe(false);
  });

  it.each([
    ['COMMIT', 'COMMIT'],
    ['ROLLBACK', 'ROLLBACK'],
    ['RAISE(ROLLBACK)', 'INSERT INTO t VALUES (99)'],
    ['INSERT OR ROLLBACK', 'INSERT OR ROLLBACK INTO t VALUES (1)'],
  ])('runs nothing after %s whose error was swallowed', (_what, sql) => {
    const later: unknown[] = [];
    errorOf(() =>
      inTransaction((handle) => {
        const insert = handle.prepare('INSERT INTO t VALUES (5)');
        swallow(() => handle.exec(sql));
        later.push(errorOf(() => handle.exec('CREATE TABLE later (x)')));
        later.push(errorOf(() => insert.run()));
      }),
    );
    expect(later).toEqual([
      expect.objectContaining({ kind: 'ended the transaction' }),
      expect.objectContaining({ kind: 'ended the transaction' }),
    ]);
    expect(tablesOf(other)).toEqual(['t']);
    expect(other.prepare('SELECT count(*) FROM t').pluck().get()).toBe(3);
  });

  it('blames no body for a full disk, also where the statement was run on its behalf', () => {
    const full = new Database.SqliteError('database or disk is full', 'SQLITE_FULL');
    const error = errorOf(() =>
      inTransaction(() => {
        db.exec('ROLLBACK'); // as SQLite does by itself then, say in an alterTable()
        throw full;
      }),
    );
    expect(error).toMatchObject({ kind: 'threw', cause: full });
  });

  it('names the statement that ended it, and the error that came after', () => {
    expect(errorOf(() => inTransaction((handle) => handle.exec('COMMIT')))).toMatchObject({ sql: 'COMMIT' });
    const error = errorOf(() =>
      inTransaction((handle) => {
        swallow(() => handle.exec('COMMIT'));
        throw new Error('else');
      }),
    );
    expect(error).toMatchObject({ sql: 'COMMIT', cause: { message: 'else' } });
  });

  it.each<[string, (handle: Connection) => unknown]>([
    ['and goes on', () => undefined],
    ['and throws', () => JSON.parse('{')],
    ['and begins another', (handle) => swallow(() => handle.exec('BEGIN'))],
  ])(
    'names the statement that ended it, and no savepoint, when the body swallows its error %s',
    (_how, then) => {
      const error = errorOf(() =>
        inTransaction((handle) => {
          swallow(() => handle.exec('COMMIT'));
          return then(handle);
        }),
      );
      expect(error).toMatchObject({ kind: 'ended the transaction', sql: 'COMMIT' });
      expect(String((error as Error).cause)).not.toContain('savepoint');
    },
  );

  it.each([
    'INSERT INTO t VALUES (CASE WHEN 1 THEN 99 END)',
    'INSERT INTO t SELECT CASE 1 WHEN 1 THEN 99 END;',
    'INSERT INTO t VALUES (4); INSERT INTO t VALUES (CASE 2\nWHEN 2 THEN 99\nEND)',
    'CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END; INSERT INTO t VALUES (99)',
  ])('takes the END of a CASE or of a trigger for no end of the transaction: %s', (sql) => {
    expect(errorOf(() => inTransaction((handle) => handle.exec(sql)))).toMatchObject({
      kind: 'threw',
      sql,
      cause: { message: 'no 99' },
    });
    expect(other.prepare('SELECT count(*) FROM t').pluck().get()).toBe(3);
  });

  it.each<[string, string, (handle: Connection, sql: string) => unknown]>([
    ['exec()', 'INSERT INTO t VALUES (99)', (handle, sql) => handle.exec(sql)],
    ['run()', 'INSERT INTO t VALUES (99)', (handle, sql) => handle.prepare(sql).run()],
    [
      'iterate()',
      'INSERT INTO t VALUES (99) RETURNING a',
      (handle, sql) => [...handle.prepare(sql).iterate()],
    ],
    [
      'a transaction()',
      'INSERT INTO t VALUES (99)',
      (handle, sql) => handle.transaction(() => handle.exec(sql))(),
    ],
  ])('tells a transaction that SQLite rolled back in %s from one that the body ended', (_where, sql, run) => {
    const error = errorOf(() => inTransaction((handle) => run(handle, sql)));
    expect(error).toMatchObject({ kind: 'threw', sql, cause: { message: 'no 99' } });
  });

  // As an application has it that injects its connection into its migrations.
  it.each<[string, (own: Connection, handle: Connection) => unknown]>([
    ['returns', (own) => own.exec('COMMIT')],
    [
      'throws',
      (own) => {
        own.exec('COMMIT');
        throw new Error('else');
      },
    ],
    [
      'goes on with the handle',
      (own, handle) => {
        own.exec('COMMIT');
        handle.exec('CREATE TABLE later (x)');
      },
    ],
  ])('finds out a COMMIT on a connection that the body brought along and then %s', (_what, end) => {
    expect(errorOf(() => inTransaction((handle) => end(db, handle)))).toMatchObject({
      kind: 'ended the transaction',
    });
    expect(tablesOf(other)).toEqual(['t']);
  });

  it.each<[string, (handle: Connection) => unknown]>([
    ['a savepoint of its own', (handle) => handle.exec('SAVEPOINT s; INSERT INTO t VALUES (4); RELEASE s')],
    ['a savepoint that it rolls back to', (handle) => handle.exec('SAVEPOINT s; ROLLBACK TO s; RELEASE s')],
    [
      'a transaction function',
      (handle) => handle.transaction(() => handle.exec('INSERT INTO t VALUES (4)'))(),
    ],
    [
      'a statement that failed and was swallowed',
      (handle) => swallow(() => handle.exec('INSERT INTO t VALUES (1)')),
    ],
    ['an error of its own that it swallowed', () => swallow(() => JSON.parse('{'))],
  ])('takes no offence at %s', (_what, body) => {
    expect(() => inTransaction(body)).not.toThrow();
  });
});

describe('runBody, when the body returns a promise', () => {
  it('rolls back, and nothing that the continuation tries is ever written', async () => {
    const attempts: unknown[] = [];
    let finished: Promise<void> | undefined;
    const error = errorOf(() =>
      inTransaction((handle) => {
        handle.exec('CREATE TABLE early (x)');
        const insert = handle.prepare('INSERT INTO t VALUES (?)');
        const rows = handle.prepare('SELECT a FROM t').iterate();
        const both = handle.transaction(() => insert.run(8));
        const empty = handle.transaction(() => undefined);
        finished = (async () => {
          await Promise.resolve(); // the engine ends the migration before this goes on
          for (const attempt of [
            () => handle.exec('CREATE TABLE late (x)'),
            () => handle.prepare('SELECT 1'),
            () => handle.pragma('user_version = 7'),
            () => insert.run(9),
            () => both(),
            () => both.immediate(),
            () => empty(),
            () => rows.next(),
            () => insert.database.exec('CREATE TABLE late (x)'),
            () => databaseOf(empty).exec('CREATE TABLE late (x)'),
            () => handle.transaction(() => undefined),
          ]) {
            attempts.push(errorOf(attempt));
          }
        })();
        return finished;
      }),
    );
    expect(error).toMatchObject({ kind: 'returned a promise' });
    await finished;
    expect(attempts).toHaveLength(11);
    for (const attempt of attempts) expect(attempt).toMatchObject({ code: 'DECANT_DEAD_HANDLE' });
    expect(tablesOf(other)).toEqual(['t']);
    expect(other.prepare('SELECT count(*) FROM t').pluck().get()).toBe(3);
    expect(other.pragma('user_version', { simple: true })).toBe(0);
  });

  it.each([
    ['generator', generator],
    ['async generator', asyncGenerator],
  ])('refuses a %s, of whose body nothing has run', (_what, body) => {
    expect(errorOf(() => inTransaction(body))).toMatchObject({ kind: 'returned a promise' });
    expect(tablesOf(other)).toEqual(['t']);
  });

  it('tells of its failure once: the promise itself is no unhandled rejection', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    errorOf(() =>
      inTransaction(async () => {
        throw new Error('too late');
      }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  it('refuses anything with a then(), not only a Promise', () => {
    // oxlint-disable-next-line unicorn/no-thenable -- that is the point
    expect(errorOf(() => inTransaction(() => ({ then: () => undefined })))).toMatchObject({
      kind: 'returned a promise',
    });
  });
});

describe('runBody', () => {
  it('ends an iterator that the body left open, so that the engine can commit', () => {
    inTransaction((handle) => {
      handle.exec('CREATE TABLE a (x)');
      handle.prepare('SELECT a FROM t').iterate().next();
    });
    expect(tablesOf(other)).toEqual(['a', 't']);
  });

  it('shows the error of the body even when it left an iterator open', () => {
    const mine = new Error('mine');
    const error = errorOf(() =>
      inTransaction((handle) => {
        handle.exec('CREATE TABLE a (x)');
        handle.prepare('SELECT a FROM t').iterate().next();
        throw mine;
      }),
    );
    expect(error).toMatchObject({ kind: 'threw', cause: mine });
    expect(tablesOf(other)).toEqual(['t']);
  });

  it('does not let a body close the connection', () => {
    const error = errorOf(() => inTransaction((handle) => handle.close()));
    expect(error).toMatchObject({
      kind: 'threw',
      cause: { code: 'DECANT_DEAD_HANDLE', message: expect.stringMatching(/cannot close/) },
    });
    expect(db.open).toBe(true);
  });

  it.each([
    ['source', 'reader'],
    ['next', 'iterate'],
    ['immediate', 'database'],
  ])('hands over rows as they are, also with columns named %s and %s', (a, b) => {
    let row: unknown;
    inTransaction((handle) => {
      row = handle.prepare(`SELECT 1 AS "${a}", 2 AS "${b}"`).get();
    });
    expect(row).toEqual({ [a]: 1, [b]: 2 });
  });

  it('names the statement that failed, also behind a transaction function', () => {
    for (const body of [
      insertAgain,
      (handle: Connection) => handle.transaction(() => insertAgain(handle))(),
    ]) {
      expect(errorOf(() => inTransaction(body))).toMatchObject({
        sql: 'INSERT INTO t VALUES (1)',
        cause: { code: 'SQLITE_CONSTRAINT_UNIQUE' },
      });
    }
  });
});

describe('runBody outside of a transaction', () => {
  it('lets a body run what SQLite refuses inside of one', () => {
    transactions.runBody((handle) => {
      handle.exec('VACUUM');
      handle.pragma('journal_mode = DELETE');
    });
    expect(db.pragma('journal_mode', { simple: true })).toBe('delete');
  });

  it('lets a body run a transaction of its own', () => {
    transactions.runBody((handle) => handle.exec('BEGIN; CREATE TABLE a (x); COMMIT'));
    expect(tablesOf(other)).toEqual(['a', 't']);
  });

  it.each<[string, (handle: Connection) => unknown]>([
    ['returns', () => undefined],
    [
      'throws',
      () => {
        throw new Error('mine');
      },
    ],
    ['returns a promise', async () => undefined],
  ])('rolls back a transaction that the body began and left open when it %s', (_how, end) => {
    const error = errorOf(() =>
      transactions.runBody((handle) => {
        handle.exec('BEGIN; CREATE TABLE a (x)');
        return end(handle);
      }),
    );
    expect(error).toMatchObject({
      name: 'Error',
      kind: expect.stringMatching(/threw|promise|left a transaction open/),
    });
    expect(db.inTransaction).toBe(false);
    expect(tablesOf(other)).toEqual(['t']);
  });
});

describe('a prepared statement that ends the transaction', () => {
  it.each(['COMMIT', 'end', 'ROLLBACK', '-- done\nCOMMIT'])('is named: %j', (sql) => {
    const error = errorOf(() => inTransaction((handle) => handle.prepare(sql).run())) as Error & {
      sql?: string;
    };
    expect(error).toMatchObject({ kind: 'ended the transaction', sql });
    const swallowing = errorOf(() =>
      inTransaction((handle) => {
        swallow(() => handle.prepare(sql).run());
        handle.exec('CREATE TABLE never (x)');
      }),
    );
    expect(swallowing).toMatchObject({ kind: 'ended the transaction', sql });
    expect(tablesOf(other)).toEqual(['t']);
  });
});
