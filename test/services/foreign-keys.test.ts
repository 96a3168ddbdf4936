import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { migration, type MigrationOptions } from '../../src/domain/decorator.js';
import { Migration, type Database as Connection } from '../../src/domain/migration.js';
import { ForeignKeyError } from '../../src/errors.js';
import { runPendingMigrations, migrations } from '../../src/functions.js';
import { alterTable } from '../../src/sqlite/alter-table.js';
import { recordedIn } from '../helpers/database.js';
import { errorOf, rejectionOf } from '../helpers/errors.js';
import { makeFolder } from '../helpers/files.js';
import { resultOf } from '../helpers/processes.js';
import { serviceFor } from '../helpers/migrations.js';

let db: Connection;
let other: Connection;

const SCHEMA = `
  CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);
  CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users ON DELETE CASCADE);
  CREATE TABLE likes (user_id INTEGER REFERENCES users ON DELETE SET NULL, post_id, PRIMARY KEY (post_id)) WITHOUT ROWID;
  INSERT INTO users VALUES (1, 'a'), (2, 'b');
  INSERT INTO posts (user_id) VALUES (1), (2), (2);
  INSERT INTO likes VALUES (1, 1), (2, 2);
`;
const REBUILD = `CREATE TABLE new (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
  INSERT INTO new SELECT * FROM users; DROP TABLE users; ALTER TABLE new RENAME TO users;`;

beforeEach(() => {
  const file = join(makeFolder(), 'x.db');
  db = new Database(file);
  other = new Database(file);
});

afterEach(() => {
  db.close();
  other.close();
});

function run(up: string | ((db: Connection) => void), options: MigrationOptions = {}) {
  @migration({ name: '001_m', ...options })
  class It extends Migration {
    up(handle: Connection): void {
      if (typeof up === 'string') handle.exec(up);
      else up(handle);
    }
  }
  return serviceFor({ database: db, migrations: [It], missing: 'allow' }).up();
}

// Behind the handle, so that only a check of all tables can see it.
function insertHidden(handle: Connection): void {
  handle.exec('CREATE TABLE t (p REFERENCES users); INSERT INTO t VALUES (1)');
  db.exec('INSERT INTO posts (user_id) VALUES (50)');
}

function grow(handle: Connection): void {
  handle.exec(`CREATE TABLE big (x); WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
    INSERT INTO big SELECT randomblob(2000) FROM n`);
  handle.exec('INSERT INTO posts (user_id) VALUES (78)');
}

const foreignKeys = (): unknown => db.pragma('foreign_keys', { simple: true });
const rowsOf = (table: string): unknown => other.prepare(`SELECT * FROM ${table}`).raw().all();

describe.each(['wal', 'delete'])('foreign keys, in journal mode %s', (mode) => {
  beforeEach(() => {
    db.pragma(`journal_mode = ${mode}`);
    db.exec(SCHEMA);
  });

  it('R1: leaves the children of a rebuilt parent as they are', async () => {
    const before = [rowsOf('posts'), rowsOf('likes')];
    await run(REBUILD);
    expect([rowsOf('posts'), rowsOf('likes')]).toEqual(before);
    expect(foreignKeys()).toBe(1);
  });

  it('R4: are put back as they were, on or off, whatever came of the run', async () => {
    for (const setting of [1, 0]) {
      db.pragma(`foreign_keys = ${setting}`);
      await rejectionOf(run('no SQL'));
      expect(foreignKeys()).toBe(setting);
      await rejectionOf(run('COMMIT'));
      expect(foreignKeys()).toBe(setting);
      await rejectionOf(run('BEGIN', { transaction: false }));
      expect(foreignKeys()).toBe(setting);
    }
    await run('PRAGMA foreign_keys = ON', { transaction: false });
    expect(foreignKeys()).toBe(0);
  });

  it('are off for every body, and on for one that asks for it', async () => {
    const seen: unknown[] = [];
    const see = (handle: Connection) => void seen.push(handle.pragma('foreign_keys', { simple: true }));
    for (const [index, options] of [
      {},
      { foreignKeys: 'enforced' },
      { transaction: false },
      { transaction: false, foreignKeys: 'enforced' },
    ].entries()) {
      await run(see, { ...(options as MigrationOptions), name: `00${index}_m` });
    }
    expect(seen).toEqual([0, 1, 0, 1]);
    expect(foreignKeys()).toBe(1);
  });

  it('R5, R6: refuses a new orphan, and names table, row, key and parent', async () => {
    db.exec('DROP TABLE IF EXISTS old; CREATE TABLE old (p REFERENCES gone)');
    db.pragma('foreign_keys = OFF');
    db.exec('INSERT INTO old VALUES (5); INSERT INTO posts (user_id) VALUES (77)');
    const error = await rejectionOf(run('DELETE FROM users WHERE id = 1; INSERT INTO likes VALUES (9, 99)'));
    expect(error).toBeInstanceOf(ForeignKeyError);
    expect(error).toMatchObject({
      code: 'DECANT_FOREIGN_KEY',
      message: expect.stringMatching(
        /^Migration 001_m left foreign keys violated that were not before: .*1 row of posts \(user_id\) without a row of users/,
      ),
      failure: { rolledBack: 'all' },
    });
    expect((error as ForeignKeyError).violations).toEqual(
      expect.arrayContaining([
        { table: 'posts', row: 'rowid 1', columns: ['user_id'], values: '1', parent: 'users' },
        { table: 'likes', row: 'primary key 99', columns: ['user_id'], values: '9', parent: 'users' },
      ]),
    );
    expect(rowsOf('users')).toHaveLength(2);
    expect(recordedIn(other)).toEqual([]);
  });

  it('R5: lets old orphans pass, also in the table that is rebuilt', async () => {
    db.pragma('foreign_keys = OFF');
    db.exec('INSERT INTO posts (user_id) VALUES (77), (78)');
    await run(
      'CREATE TABLE new (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users); INSERT INTO new SELECT id + 100, user_id FROM posts; DROP TABLE posts; ALTER TABLE new RENAME TO posts',
    );
    expect(rowsOf('posts')).toHaveLength(5);
  });

  it('R5: lets old orphans pass when their column, or a table, is renamed', async () => {
    db.pragma('foreign_keys = OFF');
    db.exec('INSERT INTO posts (user_id) VALUES (77), (78)');
    await run('ALTER TABLE posts RENAME COLUMN user_id TO author; ALTER TABLE users RENAME TO people');
    await run('ALTER TABLE posts RENAME TO articles', { name: '002_m' });
    expect(
      await rejectionOf(run('UPDATE articles SET author = 79 WHERE author = 78', { name: '003_m' })),
    ).toMatchObject({
      violations: [{ table: 'articles', columns: ['author'], values: '79', parent: 'people' }],
    });
  });

  it('R5: lets old orphans pass when their column is given another type', async () => {
    db.pragma('foreign_keys = OFF');
    db.exec('INSERT INTO posts (user_id) VALUES (77)');
    await run((handle) => void alterTable(handle, 'posts', (table) => table.setType('user_id', 'TEXT')));
    expect(rowsOf('posts')).toHaveLength(4);
  });

  it('R7: checks all when an index is dropped that may have been the key of a parent', async () => {
    db.exec('CREATE UNIQUE INDEX names ON users (name); CREATE TABLE l (n REFERENCES users (name))');
    db.exec("INSERT INTO l VALUES ('a')");
    expect(await rejectionOf(run('DROP INDEX names', { foreignKeyCheck: 'changed' }))).toMatchObject({
      mismatches: [{ table: 'l' }],
    });
  });

  it('R6: refuses a parent that has lost its key', async () => {
    const sql =
      'CREATE TABLE new (id, name); INSERT INTO new SELECT * FROM users; DROP TABLE users; ALTER TABLE new RENAME TO users';
    expect(await rejectionOf(run(sql))).toMatchObject({
      code: 'DECANT_FOREIGN_KEY',
      message: expect.stringContaining('foreign key mismatch - "posts" referencing "users"'),
      mismatches: [{ table: 'posts' }, { table: 'likes' }],
    });
    expect(rowsOf('posts')).toHaveLength(3);
  });

  it('R6: lets pass what could not be checked before', async () => {
    db.exec('CREATE TABLE q (id); CREATE TABLE broken (q REFERENCES q (id)); INSERT INTO q VALUES (1)');
    await run('UPDATE posts SET user_id = 1');
    expect(await rejectionOf(run('UPDATE posts SET user_id = 50', { name: '002_m' }))).toMatchObject({
      code: 'DECANT_FOREIGN_KEY',
      mismatches: [],
    });
  });

  it('R5: refuses a parent that was dropped', async () => {
    expect(await rejectionOf(run('DROP TABLE users'))).toMatchObject({ code: 'DECANT_FOREIGN_KEY' });
    await run('DROP TABLE users; DROP TABLE posts; DROP TABLE likes');
  });

  it('R7: checks what was changed and its children only, or nothing, when that is asked for', async () => {
    const sql = 'DELETE FROM users WHERE id = 1';
    expect(await rejectionOf(run(sql, { foreignKeyCheck: 'changed' }))).toMatchObject({
      violations: [{ table: 'likes' }, { table: 'posts' }],
    });
    expect(await rejectionOf(run(insertHidden))).toMatchObject({ violations: [{ table: 'posts' }] });
    await run(insertHidden, { foreignKeyCheck: 'changed' });
    expect(
      await rejectionOf(run('UPDATE t SET p = 60', { name: '002_m', foreignKeyCheck: 'changed' })),
    ).toMatchObject({
      violations: [{ table: 't' }],
    });
    await run(sql, { name: '003_m', foreignKeyCheck: 'none' });
  });

  it('R7: checks all, whatever was asked for, when a trigger may have written anywhere', async () => {
    db.exec(
      'CREATE TABLE plain (a); CREATE TRIGGER t AFTER INSERT ON plain BEGIN UPDATE posts SET user_id = 50; END',
    );
    expect(
      await rejectionOf(run('INSERT INTO plain VALUES (1)', { foreignKeyCheck: 'changed' })),
    ).toMatchObject({
      violations: [{}, {}, {}],
    });
  });

  it('runs cascades when they are asked for', async () => {
    await run('DELETE FROM users WHERE id = 2', { foreignKeys: 'enforced', expectLoss: ['posts'] });
    expect(rowsOf('posts')).toEqual([[1, 1]]);
    expect(rowsOf('likes')).toEqual([
      [1, 1],
      [null, 2],
    ]);
  });

  it('warns of a PRAGMA foreign_keys inside the transaction, where it does nothing', async () => {
    const report = await run((handle) => {
      handle.pragma('foreign_keys = OFF');
      handle.exec('PRAGMA main.foreign_keys = ON; PRAGMA foreign_keys');
    });
    expect(report.warnings).toEqual([
      "001_m: PRAGMA foreign_keys does nothing inside a transaction. Decant has turned them off, and checks them in the end; to have them enforced, declare foreignKeys: 'enforced'.",
    ]);
    expect((await run('PRAGMA foreign_keys', { name: '002_m' })).warnings).toEqual([]);
    expect((await run('PRAGMA foreign_keys = ON', { name: '003_m', transaction: false })).warnings).toEqual(
      [],
    );
  });

  it('checks them for a transaction that has outgrown the cache', async () => {
    db.pragma('cache_size = 5');
    db.pragma('foreign_keys = OFF');
    db.exec('INSERT INTO posts (user_id) VALUES (77)');
    expect(await rejectionOf(run(grow))).toMatchObject({ violations: [{ values: '78' }] });
  });
});

describe('what a body sets on the connection', () => {
  it.each(['legacy_alter_table', 'ignore_check_constraints', 'recursive_triggers', 'query_only'])(
    'ends with it: %s',
    async (name) => {
      for (const [index, body] of [`PRAGMA ${name} = ON`, `PRAGMA ${name} = ON; no SQL`].entries()) {
        await run(body, { name: `00${index}_m` }).catch(() => undefined);
        expect(db.pragma(name, { simple: true })).toBe(0);
      }
    },
  );

  it('is told of also when it fails', async () => {
    expect(await rejectionOf(run('PRAGMA foreign_keys = OFF; no SQL'))).toMatchObject({
      failure: {
        warnings: [expect.stringContaining('PRAGMA foreign_keys does nothing inside a transaction')],
      },
    });
  });

  it('is refused where nothing could be rolled back: journal mode OFF', async () => {
    db.unsafeMode();
    db.pragma('journal_mode = OFF');
    expect(await rejectionOf(run('CREATE TABLE t (x)'))).toMatchObject({
      code: 'DECANT_DATABASE',
      message: expect.stringContaining('is in journal mode OFF'),
    });
  });
});

describe('foreign keys', () => {
  it('are checked in memory, too', async () => {
    db.close();
    db = new Database(':memory:');
    db.exec(SCHEMA);
    db.pragma('foreign_keys = OFF');
    db.exec('INSERT INTO posts (user_id) VALUES (77)');
    expect(await rejectionOf(run('UPDATE posts SET user_id = 50 WHERE id = 1'))).toMatchObject({
      violations: [{ row: 'rowid 1', values: '50' }],
    });
    await run(REBUILD);
  });

  it('are owned by the synchronous functions as well', () => {
    db.exec(SCHEMA);
    migrations.splice(0, migrations.length, {
      name: '001_m',
      up: (handle) => handle.exec(REBUILD),
      down: () => undefined,
    });
    expect(runPendingMigrations(db)).toEqual(['001_m']);
    expect(rowsOf('posts')).toHaveLength(3);
    migrations.push({
      name: '002_m',
      up: (handle) => handle.exec('DELETE FROM users'),
      down: () => undefined,
    });
    expect(errorOf(() => runPendingMigrations(db))).toMatchObject({ code: 'DECANT_FOREIGN_KEY' });
    expect(foreignKeys()).toBe(1);
  });

  it.each(['SIGINT', 'SIGTERM'])('R4: are put back before a handler of %s runs', async (signal) => {
    expect(
      await resultOf(`
        import Database from 'better-sqlite3';
        import { migrations, runPendingMigrations } from 'decant';
        const db = new Database(':memory:');
        process.on('${signal}', () => {
          console.log(JSON.stringify([seen, db.pragma('foreign_keys', { simple: true }), db.inTransaction]));
          clearInterval(timer);
        });
        const timer = setInterval(() => {}, 1000);
        let seen;
        migrations.splice(0, migrations.length, { name: '001_m', up: (handle) => {
          seen = handle.pragma('foreign_keys', { simple: true });
          process.kill(process.pid, '${signal}');
          handle.exec('CREATE TABLE t (x)');
        } });
        runPendingMigrations(db);
      `),
    ).toEqual([0, 1, false]);
  });
});
