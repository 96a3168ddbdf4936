import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { batch } from '../../src/batch/batch.js';
import { migration, type MigrationOptions } from '../../src/domain/decorator.js';
import { Migration, type Database as Connection } from '../../src/domain/migration.js';
import { UndeclaredLossError } from '../../src/errors.js';
import { alterTable } from '../../src/sqlite/alter-table.js';
import { userTables } from '../../src/sqlite/user-tables.js';
import { recordedIn } from '../helpers/database.js';
import { rejectionOf } from '../helpers/errors.js';
import { makeFolder } from '../helpers/files.js';
import { serviceFor } from '../helpers/migrations.js';

const SCHEMA = `
  CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);
  CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users ON DELETE CASCADE);
  CREATE TABLE sessions (id INTEGER PRIMARY KEY, user_id INTEGER);
  CREATE TABLE tags (name TEXT UNIQUE ON CONFLICT REPLACE, id INTEGER);
  CREATE TABLE plain (a);
  CREATE TABLE owners (id INTEGER PRIMARY KEY);
  CREATE TABLE cars (owner REFERENCES owners ON DELETE CASCADE);
  CREATE TABLE _litestream_seq (id);
  INSERT INTO owners VALUES (1), (2);
  INSERT INTO cars VALUES (1), (2);
  INSERT INTO _litestream_seq VALUES (1);
  CREATE INDEX posts_user ON posts (user_id);
  CREATE INDEX users_name ON users (name);
  CREATE VIEW names AS SELECT name FROM users;
  CREATE TRIGGER sessions_go AFTER DELETE ON users BEGIN DELETE FROM sessions WHERE user_id = old.id; END;
  CREATE TRIGGER names_in INSTEAD OF INSERT ON names BEGIN INSERT INTO users (name) VALUES (new.name); END;
  INSERT INTO users (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c');
  INSERT INTO posts (user_id) VALUES (1), (1), (2), (3);
  INSERT INTO sessions (user_id) VALUES (1), (2), (9);
  INSERT INTO tags VALUES ('x', 1), ('y', 2);
  INSERT INTO plain VALUES (1), (2), (3);
`;
const NEW_POSTS =
  'CREATE TABLE new (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users ON DELETE CASCADE)';

let db: Connection;
let other: Connection;

beforeEach(() => {
  const file = join(makeFolder(), 'x.db');
  db = new Database(file);
  db.exec(SCHEMA);
  other = new Database(file);
});

afterEach(() => {
  db.close();
  other.close();
});

function run(sql: string | ((db: Connection) => void), options: MigrationOptions = {}) {
  @migration({ name: '001_m', ...options })
  class It extends Migration {
    up(handle: Connection): void {
      if (typeof sql === 'string') handle.exec(sql);
      else sql(handle);
    }
  }
  return serviceFor({ database: db, migrations: [It], backup: 'never', missing: 'allow' }).up();
}

const SELECTS = [
  ...['users', 'posts', 'sessions', 'tags', 'plain'].map((table) => `SELECT * FROM ${table}`),
  "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE '%migrations%' AND name NOT LIKE 'sqlite%'",
];

function contentOf(connection: Connection): unknown {
  return SELECTS.map((sql) => connection.prepare(sql).raw().all());
}

// The deletion fires a trigger, so all tables are counted, the new one among them.
function makeAndDrop(handle: Connection): void {
  handle.exec('CREATE TABLE made (x)');
  handle.exec('INSERT INTO made VALUES (1)');
  handle.exec('DELETE FROM users WHERE id = 99');
  handle.exec('DROP TABLE made');
}

function makeAndRename(handle: Connection): void {
  handle.exec('CREATE TABLE made (x)');
  alterTable(handle, 'made', (table) => table.renameTo('other'));
  handle.exec('DELETE FROM users WHERE id = 99');
  alterTable(handle, 'other', (table) => table.renameTo('third'));
}

function updateTwice(handle: Connection): void {
  const update = handle.prepare('UPDATE plain SET a = a + 1');
  update.run();
  handle.exec('CREATE TEMP TRIGGER t AFTER UPDATE ON plain BEGIN DELETE FROM posts; END');
  update.run();
}

function copyInSteps(handle: Connection): void {
  handle.exec('CREATE TABLE new AS SELECT * FROM tags');
  handle.prepare('DROP TABLE tags').run();
  handle.exec('ALTER TABLE new RENAME TO tags');
}

function renameFirst(handle: Connection): void {
  handle.exec('ALTER TABLE posts RENAME TO old');
  handle.exec('CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER)');
  handle.exec('INSERT INTO posts SELECT * FROM old');
  handle.exec('DROP TABLE old');
}

function deleteRecords(handle: Connection): void {
  handle.exec('CREATE TRIGGER t AFTER INSERT ON plain BEGIN DELETE FROM _migrations; END');
}

function changeSchema(handle: Connection): void {
  handle.unsafeMode();
  handle.exec("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name IN ('names', 'plain')");
}

it("looks after the tables that hold a user's rows", () => {
  db.exec(
    'CREATE VIRTUAL TABLE f USING fts5(a); CREATE TABLE s (id INTEGER PRIMARY KEY AUTOINCREMENT); CREATE TABLE _migrations (a)',
  );
  expect([...userTables(db)].toSorted()).toEqual([
    'cars',
    'owners',
    'plain',
    'posts',
    's',
    'sessions',
    'tags',
    'users',
  ]);
});

describe.each(['wal', 'delete'])('the loss guard, in journal mode %s', (mode) => {
  beforeEach(() => {
    db.pragma(`journal_mode = ${mode}`);
  });

  it.each<[what: string, sql: string, losses: readonly object[]]>([
    [
      'rows that a trigger removes elsewhere',
      'DELETE FROM users WHERE id = 1',
      [{ kind: 'rows', name: 'sessions', before: 3, after: 2 }],
    ],
    [
      'rows that a trigger of its own making removes',
      'CREATE TRIGGER t AFTER UPDATE ON plain BEGIN DELETE FROM posts; END; UPDATE plain SET a = 4; DROP TRIGGER t',
      [{ kind: 'rows', name: 'posts', before: 4, after: 0 }],
    ],
    [
      'rows that a trigger removes which another one fires',
      'CREATE TRIGGER one AFTER UPDATE ON plain BEGIN INSERT INTO users (name) VALUES (1); END; CREATE TRIGGER two AFTER INSERT ON users BEGIN DELETE FROM posts; END; UPDATE plain SET a = 4; DROP TRIGGER one; DROP TRIGGER two',
      [{ kind: 'rows', name: 'posts', before: 4, after: 0 }],
    ],
    [
      'rows that ON CONFLICT REPLACE in a definition removes',
      "INSERT INTO tags VALUES ('x', 5), ('x', 6), ('x', 7); UPDATE tags SET name = 'y' WHERE name = 'x'",
      [{ kind: 'rows', name: 'tags', before: 2, after: 1 }],
    ],
    [
      'a table that was made again and is smaller',
      'CREATE TABLE new (a UNIQUE); INSERT OR IGNORE INTO new SELECT a % 2 FROM plain; DROP TABLE plain; ALTER TABLE new RENAME TO plain',
      [{ kind: 'rows', name: 'plain', before: 3, after: 2 }],
    ],
    [
      'a table that was renamed, made again and is empty',
      'ALTER TABLE plain RENAME TO old; CREATE TABLE plain (a); DROP TABLE old',
      [{ kind: 'rows', name: 'plain', before: 3, after: 0 }],
    ],
    [
      'an index of a table that was made again',
      `${NEW_POSTS}; INSERT INTO new SELECT * FROM posts; DROP TABLE posts; ALTER TABLE new RENAME TO posts`,
      [{ kind: 'index', name: 'posts_user', table: 'posts' }],
    ],
    [
      'index and trigger of a table that was made again under another case',
      'CREATE TABLE n AS SELECT * FROM users; DROP TABLE users; DROP VIEW names; CREATE TABLE USERS (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO users SELECT * FROM n; DROP TABLE n',
      [
        { kind: 'index', name: 'users_name', table: 'users' },
        { kind: 'trigger', name: 'sessions_go', table: 'users' },
      ],
    ],
    [
      'the constraints of a table that was made again by AS SELECT',
      'CREATE TABLE new AS SELECT * FROM tags; DROP TABLE tags; ALTER TABLE new RENAME TO tags',
      [{ kind: 'constraints', name: 'tags' }],
    ],
    [
      'the INSTEAD OF trigger of a view that was made again',
      'DROP VIEW names; CREATE VIEW names AS SELECT name, id FROM users',
      [{ kind: 'trigger', name: 'names_in', table: 'names' }],
    ],
  ])('refuses to lose %s', async (_what, sql, losses) => {
    const before = contentOf(other);
    const error = await rejectionOf(run(sql));
    expect(error).toBeInstanceOf(UndeclaredLossError);
    expect(error).toMatchObject({ losses, failure: { rolledBack: 'all' }, exitCode: 1 });
    expect(contentOf(other)).toEqual(before);
    expect(recordedIn(other)).toEqual([]);
  });

  it.each<[what: string, sql: string, options?: MigrationOptions]>([
    ['rows of a table that it deletes from', 'DELETE FROM posts WHERE id > 1'],
    ['rows that it replaces', "REPLACE INTO tags VALUES ('x', 5); UPDATE OR REPLACE tags SET name = 'y'"],
    ['a table that it drops, with its index', 'DROP TABLE posts'],
    ['a table that it renames and drops', 'ALTER TABLE posts RENAME TO old; DROP TABLE old'],
    ['an index that it drops', 'DROP INDEX posts_user'],
    ['a view that it drops, with its trigger', 'DROP VIEW names'],
    [
      'the INSTEAD OF trigger of a view whose name a table takes',
      'DROP VIEW names; ALTER TABLE users RENAME TO names',
    ],
    ['nothing, in a rename', 'ALTER TABLE posts RENAME TO articles'],
    [
      'nothing, in a rebuild that makes everything again',
      `${NEW_POSTS}; INSERT INTO new SELECT * FROM posts; DROP TABLE posts; ALTER TABLE new RENAME TO posts; CREATE INDEX posts_user ON posts (user_id)`,
    ],
    [
      'rows of a rebuilt table that it deletes from',
      'CREATE TABLE new (a); INSERT INTO new SELECT * FROM plain; DELETE FROM new WHERE a = 1; DROP TABLE plain; ALTER TABLE new RENAME TO plain',
    ],
    [
      'rows of a table that is made again and is no affair of its own',
      'DROP TABLE _litestream_seq; CREATE TABLE _litestream_seq (id)',
    ],
    [
      'rows that a trigger removes, as declared',
      'DELETE FROM users WHERE id = 1; DELETE FROM posts',
      { expectLoss: ['Sessions'] },
    ],
    [
      'constraints, as declared',
      'CREATE TABLE new AS SELECT * FROM tags; DROP TABLE tags; ALTER TABLE new RENAME TO tags',
      { expectLoss: ['tags'] },
    ],
    [
      'nothing, where there was no constraint',
      'CREATE TABLE new AS SELECT * FROM plain; DROP TABLE plain; ALTER TABLE new RENAME TO plain',
    ],
    [
      'an index and rows, as declared',
      `${NEW_POSTS}; DROP TABLE posts; ALTER TABLE new RENAME TO posts`,
      { expectLoss: ['posts'] },
    ],
    [
      'an index, as declared by its own name',
      `${NEW_POSTS}; INSERT INTO new SELECT * FROM posts; DROP TABLE posts; ALTER TABLE new RENAME TO posts`,
      { expectLoss: ['posts_user'] },
    ],
    [
      'a table that was dropped in a savepoint that was rolled back',
      'SAVEPOINT s; DROP TABLE plain; ROLLBACK TO s; RELEASE s',
    ],
  ])('lets a migration lose %s', async (_what, sql, options = {}) => {
    await run(sql, options);
    expect(recordedIn(other)).toEqual(['001_m']);
  });

  it('sees what prepared statements, pragmas and transaction functions do', async () => {
    const before = contentOf(other);
    for (const body of [
      (handle: Connection) => handle.prepare('DELETE FROM users WHERE id = ?').run(1),
      (handle: Connection) => handle.prepare('DELETE FROM users WHERE id = ? RETURNING id').get(1),
      (handle: Connection) => handle.prepare('DELETE FROM users WHERE id = ? RETURNING id').pluck().all(1),
      (handle: Connection) => [...handle.prepare('DELETE FROM users WHERE id = ? RETURNING id').iterate(1)],
      (handle: Connection) => handle.transaction(() => handle.exec('DELETE FROM users WHERE id = 1'))(),
    ]) {
      expect(await rejectionOf(run((handle) => void body(handle)))).toMatchObject({
        losses: [{ kind: 'rows', name: 'sessions', before: 3, after: 2 }],
      });
      expect(contentOf(other)).toEqual(before);
    }
  });

  it('looks again when what a statement can reach has changed meanwhile', async () => {
    expect(await rejectionOf(run(updateTwice))).toMatchObject({
      losses: [{ name: 'posts', before: 4, after: 0 }],
    });
  });

  it('puts together what is done by several calls', async () => {
    expect(await rejectionOf(run(copyInSteps))).toMatchObject({
      losses: [{ kind: 'constraints', name: 'tags' }],
    });
  });

  it('finds the index of a table that was renamed first, statement by statement', async () => {
    expect(await rejectionOf(run(renameFirst))).toMatchObject({
      losses: [{ kind: 'index', name: 'posts_user', table: 'posts' }],
    });
  });

  it("looks after Decant's own records", async () => {
    await run(deleteRecords);
    expect(await rejectionOf(run('INSERT INTO plain VALUES (1)', { name: '002_m' }))).toMatchObject({
      losses: [{ kind: 'rows', name: '_migrations', before: 1, after: 0 }],
    });
  });

  it.each([
    ['a byte order mark', '\uFEFF'],
    ['a vertical tab', '\v'],
    ['a table named trigger', 'CREATE TABLE trigger (id); '],
  ])('is not misled by %s before a statement', async (_what, before) => {
    const sql = `${before}DROP TABLE plain; CREATE TABLE plain (a)`;
    expect(await rejectionOf(run(sql))).toMatchObject({
      losses: [{ kind: 'rows', name: 'plain', before: 3, after: 0 }],
    });
  });

  it.each([
    'INSERT INTO plain VALUES (1); CREATE TRIGGER temp.t AFTER INSERT ON plain BEGIN DELETE FROM posts; END; INSERT INTO plain VALUES (1)',
    'CREATE TRIGGER temp.t AFTER INSERT ON plain BEGIN DELETE FROM posts; END; INSERT INTO plain VALUES (1)',
  ])('sees what a temporary trigger removes: %s', async (sql) => {
    expect(await rejectionOf(run(sql))).toMatchObject({ losses: [{ name: 'posts', before: 4, after: 0 }] });
  });

  it('counts the rows of a table, and not those of a virtual one beside it', async () => {
    db.exec('CREATE VIRTUAL TABLE words USING fts5(a); INSERT INTO words VALUES (1)');
    await run('DROP TABLE words; CREATE VIRTUAL TABLE words USING fts5(b)');
    expect(
      await rejectionOf(run('DROP TABLE Plain; CREATE TABLE plain (a)', { name: '002_m' })),
    ).toMatchObject({ losses: [{ kind: 'rows', name: 'plain', before: 3, after: 0 }] });
  });

  it('counts no rows where triggers only add and change some', async () => {
    db.exec('CREATE TRIGGER t AFTER UPDATE ON plain BEGIN INSERT INTO users (name) VALUES (new.a); END');
    const prepare = jest.spyOn(db, 'prepare');
    await run('UPDATE plain SET a = a + 1');
    expect(prepare.mock.calls.filter(([sql]) => sql.includes('count(*)'))).toEqual([]);
    expect(prepare).toHaveBeenCalled();
  });

  it('checks the keys of what triggers write, also where only what was changed is checked', async () => {
    db.exec('CREATE TRIGGER t AFTER UPDATE ON plain BEGIN INSERT INTO cars VALUES (9); END');
    expect(
      await rejectionOf(run('UPDATE plain SET a = a + 1', { foreignKeyCheck: 'changed' })),
    ).toMatchObject({ violations: expect.arrayContaining([expect.objectContaining({ table: 'cars' })]) });
  });

  it('checks the keys of what a trigger of a batch writes, which sets no key itself', async () => {
    db.exec('CREATE TRIGGER t AFTER UPDATE ON plain WHEN new.a = 2 BEGIN INSERT INTO cars VALUES (9); END');
    const error = await rejectionOf(
      run((handle) => void batch(handle, { table: 'plain', set: { a: 'a + 1' } })),
    );
    expect(error).toMatchObject({ violations: [{ table: 'cars' }] });
  });

  it('finds ON CONFLICT REPLACE in whatever case, and whatever LIKE is set to', async () => {
    db.exec('create table low (a unique on conflict replace); insert into low values (1), (2)');
    db.pragma('case_sensitive_like = ON');
    expect(await rejectionOf(run('UPDATE low SET a = 1'))).toMatchObject({
      losses: [{ name: 'low', before: 2, after: 1 }],
    });
  });

  it('sees what a change of sqlite_schema itself removes', async () => {
    expect(await rejectionOf(run(changeSchema))).toMatchObject({
      losses: expect.arrayContaining([{ kind: 'view', name: 'names' }]),
    });
  });

  it('refuses rows that a cascade removes after the body itself has switched foreign keys on', async () => {
    const sql = 'PRAGMA foreign_keys = ON; DELETE FROM owners WHERE id = 1';
    expect(await rejectionOf(run(sql, { transaction: false }))).toMatchObject({
      losses: [{ kind: 'rows', name: 'cars', before: 2, after: 1 }],
    });
  });

  it('does not take a table that the migration has made for one that was there', async () => {
    await run(makeAndDrop);
    await run(makeAndRename, { name: '002_m' });
  });

  it("leaves Decant's own tables alone", async () => {
    db.exec('CREATE TABLE _decant_archive_1 (x); INSERT INTO _decant_archive_1 VALUES (1)');
    await run(
      'CREATE TRIGGER t AFTER INSERT ON plain BEGIN DELETE FROM _decant_archive_1; END; INSERT INTO plain VALUES (1)',
    );
    expect(userTables(db).filter((name) => name.startsWith('_decant'))).toEqual([]);
  });

  it('leaves the tables of Litestream alone', async () => {
    await run(
      'CREATE TRIGGER t AFTER INSERT ON plain BEGIN DELETE FROM _litestream_seq; END; INSERT INTO plain VALUES (1)',
    );
  });

  it('refuses rows that a cascade removes, whether it deletes or drops', async () => {
    for (const sql of [
      'DELETE FROM owners WHERE id = 1',
      'DROP TABLE owners; CREATE TABLE owners (id INTEGER PRIMARY KEY); INSERT INTO owners VALUES (1), (2)',
    ]) {
      expect(await rejectionOf(run(sql, { foreignKeys: 'enforced' }))).toMatchObject({
        losses: [{ kind: 'rows', name: 'cars' }],
      });
    }
  });

  it('refuses rows that a cascade removes, when foreign keys are enforced', async () => {
    const options = { foreignKeys: 'enforced', expectLoss: ['sessions'] } as const;
    expect(await rejectionOf(run('DELETE FROM users WHERE id = 1', options))).toMatchObject({
      losses: [{ kind: 'rows', name: 'posts', before: 4, after: 2 }],
    });
    await run('DELETE FROM users WHERE id = 1', { ...options, expectLoss: ['sessions', 'posts'] });
    expect(other.prepare('SELECT count(*) FROM posts').pluck().get()).toBe(2);
  });

  it('looks after TEMP triggers, too', async () => {
    db.exec('CREATE TEMP TRIGGER go AFTER INSERT ON plain BEGIN DELETE FROM posts; END');
    expect(await rejectionOf(run('INSERT INTO plain VALUES (1)'))).toMatchObject({
      losses: [{ name: 'posts' }],
    });
    expect(
      await rejectionOf(
        run('CREATE TABLE n AS SELECT * FROM plain; DROP TABLE plain; ALTER TABLE n RENAME TO plain'),
      ),
    ).toMatchObject({
      losses: [{ kind: 'trigger', name: 'go', table: 'plain' }],
    });
  });

  it('says what is lost, and how to say that it is meant', async () => {
    expect(await rejectionOf(run('DELETE FROM users WHERE id = 1'))).toMatchObject({
      message: 'Migration 001_m lost what it did not ask to remove: 1 of 3 rows of sessions.',
      hint: "The database is as it was before it. To change a table without loss use alterTable() or rebuildTable(); if the loss is meant, declare it on a class: @migration({ expectLoss: ['sessions'] }).",
    });
  });

  it('tells of a loss outside a transaction, where nothing can be taken back', async () => {
    expect(await rejectionOf(run('DELETE FROM users WHERE id = 1', { transaction: false }))).toMatchObject({
      code: 'DECANT_UNDECLARED_LOSS',
      failure: { rolledBack: 'unknown' },
      hint: expect.stringContaining('It ran without a transaction: what it did is in the database.'),
    });
    expect(recordedIn(other)).toEqual([]);
  });
});
