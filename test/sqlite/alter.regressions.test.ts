import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import type { Database as Connection } from '../../src/domain/migration.js';
import { AlterTableError } from '../../src/errors.js';
import { alterTable, alterTableSql, rebuildTable, type Rebuild } from '../../src/sqlite/alter-table.js';
import type { TableBuilder } from '../../src/sqlite/table-builder.js';
import { errorOf } from '../helpers/errors.js';
import { serviceFor } from '../helpers/migrations.js';

// What alter.property.test.ts and strangers have found, each in its smallest form.

let db: Connection | undefined;
afterEach(() => void db?.close());

function databaseOf(sql: string): Connection {
  db = new Database(':memory:');
  db.exec(sql);
  return db;
}

function sqlOf(name: string): unknown {
  return db?.prepare('SELECT sql FROM sqlite_schema WHERE name = ?').pluck().get(name);
}

function refusal(sql: string, change: (table: TableBuilder) => void): AlterTableError {
  const opened = databaseOf(sql);
  const error = errorOf(() => alterTable(opened, 'users', change));
  expect(error).toBeInstanceOf(AlterTableError);
  return error as AlterTableError;
}

describe('alterTable', () => {
  it('hands statistics on to the indexes of keys, which take on the new name of the table', () => {
    const opened = databaseOf('CREATE TABLE users (a UNIQUE); INSERT INTO users VALUES (1); ANALYZE');
    const receipt = alterTable(opened, 'users', (table) => table.renameTo('people'));
    expect(opened.prepare('SELECT tbl, idx FROM sqlite_stat1').all()).toEqual([
      { tbl: 'people', idx: 'sqlite_autoindex_people_1' },
    ]);
    expect(receipt.kept).toContainEqual({ kind: 'statistics', name: 'sqlite_autoindex_people_1' });
    expect(receipt.dropped).toEqual([]);
  });

  it('keeps no statistics of an index that two keys shared and that is gone', () => {
    const opened = databaseOf(
      'CREATE TABLE users (a TEXT UNIQUE PRIMARY KEY); INSERT INTO users VALUES (1); ANALYZE',
    );
    alterTable(opened, 'users', (table) => table.setWithoutRowid('on').setType('a', 'VARCHAR'));
    expect(opened.prepare('SELECT idx FROM sqlite_stat1').pluck().all()).toEqual([]);
  });

  it('sees the indexes of a table that has a quote in its name', () => {
    const opened = databaseOf('CREATE TABLE users (a); CREATE INDEX i ON users (a)');
    const receipt = alterTable(opened, 'users', (table) => table.renameTo('p"q'));
    expect(receipt.dropped).toEqual([]);
    expect(receipt.changed).toContainEqual({ kind: 'index', name: 'i' });
  });

  it('does not take 9223372036854775808.0 for 9223372036854775807', () => {
    const error = refusal(
      'CREATE TABLE users (a INTEGER); INSERT INTO users VALUES (9223372036854775807)',
      (table) => table.setType('a', 'REAL'),
    );
    expect(error.reason).toBe('1 value of a would be altered beyond return.');
  });

  it.each([
    ['a key of a column', 'CREATE TABLE users (a, b REFERENCES users (a))'],
    ['a key of the table', 'CREATE TABLE users (a, b, FOREIGN KEY (b) REFERENCES "USERS" (a))'],
  ])('does not drop a column that %s refers to in its own table', (_what, sql) => {
    expect(refusal(sql, (table) => table.dropColumn('a')).reason).toMatch(/^the column a cannot be dropped/);
  });

  it('drops a column whose name is but a word of a constraint', () => {
    const opened = databaseOf('CREATE TABLE users ("key", "always", a, b AS (a), PRIMARY KEY (a))');
    alterTable(opened, 'users', (table) => table.dropColumn('key').dropColumn('always'));
    expect(sqlOf('users')).toBe('CREATE TABLE users (a, b AS (a), PRIMARY KEY (a))');
  });

  // SQLite 3.53 takes the NOT of NOT DEFERRABLE for that of NOT NULL.
  it.each<[what: string, column: string, change: (table: TableBuilder) => void, now: string]>([
    [
      'sets',
      'a REFERENCES p NOT DEFERRABLE',
      (t) => t.setNotNull('a'),
      'a REFERENCES p NOT DEFERRABLE NOT NULL',
    ],
    [
      'drops',
      'a REFERENCES p NOT DEFERRABLE NOT NULL',
      (t) => t.dropNotNull('a'),
      'a REFERENCES p NOT DEFERRABLE',
    ],
  ])('%s NOT NULL and leaves NOT DEFERRABLE', (_what, column, change, now) => {
    alterTable(
      databaseOf(`CREATE TABLE p (id PRIMARY KEY); CREATE TABLE users (${column})`),
      'users',
      change,
    );
    expect(sqlOf('users')).toBe(`CREATE TABLE "users" (${now})`);
  });

  it.each<[what: string, column: string, change: (table: TableBuilder) => void, now: string]>([
    ['drops all of several NOT NULL', 'a NOT NULL UNIQUE NOT NULL', (t) => t.dropNotNull('a'), 'a UNIQUE'],
    [
      'sets the DEFAULT that counts',
      'a DEFAULT 1 DEFAULT 2',
      (t) => t.setDefault('a', 3),
      'a DEFAULT 1 DEFAULT 3',
    ],
    ['drops all of several DEFAULT', 'a DEFAULT 1 DEFAULT 2', (t) => t.dropDefault('a'), 'a'],
  ])('%s', (_what, column, change, now) => {
    alterTable(databaseOf(`CREATE TABLE users (${column})`), 'users', change);
    expect(sqlOf('users')).toBe(`CREATE TABLE "users" (${now})`);
  });

  it.each<[what: string, change: (table: TableBuilder) => void, reason: RegExp]>([
    [
      'a collation that is not there',
      (t) => t.setCollate('a', 'nowhere'),
      /no such collation sequence: nowhere/,
    ],
    ['a type that is more', (t) => t.setType('a', 'TEXT NOT NULL'), /more than a type: TEXT NOT NULL/],
    ['a type that is two columns', (t) => t.setType('a', 'TEXT, b'), /more than a type: TEXT, b/],
    ['a CHECK that is two', (t) => t.addCheck('1) CHECK (0'), /not one expression: 1\) CHECK \(0/],
    [
      'a DEFAULT that is more',
      (t) => t.setDefault('a', { sql: '1) NOT NULL CHECK (1' }),
      /not one expression/,
    ],
    ['an open expression', (t) => t.setGenerated('a', '(1'), /not one expression: \(1/],
  ])('refuses %s', (_what, change, reason) => {
    expect(refusal('CREATE TABLE users (a)', change).reason).toMatch(reason);
    expect(sqlOf('users')).toBe('CREATE TABLE users (a)');
  });

  it('says of a text which row cannot be an INTEGER PRIMARY KEY', () => {
    const error = refusal(
      "CREATE TABLE users (a PRIMARY KEY); INSERT INTO users VALUES (1), ('x')",
      (table) => table.setType('a', 'INTEGER'),
    );
    expect(error.rows).toEqual([expect.stringContaining("'x'")]);
  });

  it.each<[what: string, user: string]>([
    ['virtual table f', "CREATE VIRTUAL TABLE f USING fts5 (a, content='users')"],
    ['view v', 'CREATE VIEW v AS SELECT rowid FROM users'],
    ['trigger t', 'CREATE TRIGGER t AFTER DELETE ON users BEGIN DELETE FROM log WHERE id = old.rowid; END'],
  ])('gives no column the name rowid that %s finds rows by', (what, user) => {
    for (const change of [
      (table: TableBuilder) => table.addColumn('ROWID'),
      (table: TableBuilder) => table.renameColumn('b', 'rowid'),
    ]) {
      const error = refusal(`CREATE TABLE users (a, b); CREATE TABLE log (id); ${user}`, change);
      expect(error.reason).toMatch(new RegExp(`hide the rowid, which is named by ${what}`));
      db?.close();
    }
  });

  it('makes a full-text index anew over what is computed from a column of another type', () => {
    const opened = databaseOf(`CREATE TABLE users (a, b AS (a || 'x')); INSERT INTO users VALUES (7.0);
      CREATE VIRTUAL TABLE f USING fts5 (b, content='users'); INSERT INTO f (f) VALUES ('rebuild')`);
    alterTable(opened, 'users', (table) => table.setType('a', 'INTEGER'));
    opened.exec("INSERT INTO f (f, rank) VALUES ('integrity-check', 1)");
    expect(opened.prepare("SELECT b FROM f WHERE f MATCH '7x'").pluck().all()).toEqual(['7x']);
  });
});

const USERS = `CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT); INSERT INTO users VALUES (1, 'a'), (2, 'b'), (3, 'c');
  CREATE TABLE posts (by_id INTEGER REFERENCES users (id) ON DELETE CASCADE); INSERT INTO posts VALUES (1), (3)`;

/** All that a database is, to compare it. */
function all(): unknown {
  const read = (sql: string): unknown => db?.prepare(sql).raw().all();
  return [
    read('SELECT name, sql FROM sqlite_schema'),
    read('SELECT * FROM users'),
    read('SELECT * FROM posts'),
    db?.pragma('foreign_keys'),
    db?.inTransaction,
  ];
}

function refusedOfUsers(change: (opened: Connection) => unknown): AlterTableError {
  const opened = databaseOf(USERS);
  const before = all();
  const error = errorOf(() => change(opened));
  expect(error).toBeInstanceOf(AlterTableError);
  expect(all()).toEqual(before);
  db?.close();
  return error as AlterTableError;
}

const TWO = 'CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT)';

it('makes a full-text index anew that finds its rows by a column that is changed', () => {
  const opened = databaseOf(`CREATE TABLE users (k, a, b); INSERT INTO users VALUES (1, 'x', 7), (2, 'y', 8);
    CREATE VIRTUAL TABLE f USING fts5 (a, content='users', content_rowid='K'); INSERT INTO f (f) VALUES ('rebuild')`);
  alterTable(opened, 'users', (table) => table.setGenerated('k', 'b', { lossy: 'allow' }));
  opened.exec("INSERT INTO f (f, rank) VALUES ('integrity-check', 1)");
  expect(opened.prepare("SELECT rowid, a FROM f WHERE f MATCH 'x'").raw().all()).toEqual([[7, 'x']]);
});

it('leaves a full-text index alone whose column is computed no longer, and keeps its values', () => {
  const opened = databaseOf(`CREATE TABLE users (a AS (b || 'x'), b); INSERT INTO users VALUES (1), (2);
    CREATE VIRTUAL TABLE f USING fts5 (a, content='users'); INSERT INTO f (f) VALUES ('rebuild')`);
  const { statements } = alterTable(opened, 'users', (table) => table.dropGenerated('a'));
  expect(statements.filter((sql) => sql.includes("'rebuild'"))).toEqual([]);
  opened.exec("INSERT INTO f (f, rank) VALUES ('integrity-check', 1)");
  expect(opened.prepare('SELECT a FROM users').pluck().all()).toEqual(['1x', '2x']);
});

it.each(['null', 'and', 'NOT', 'is'])('does not take a word of an expression for the column %s', (word) => {
  const opened = databaseOf(`CREATE TABLE users (a, "${word}");
    CREATE INDEX i ON users (a) WHERE a IS NOT NULL AND a IS NOT 1`);
  alterTable(opened, 'users', (table) => table.dropColumn(word));
  expect(sqlOf('users')).toBe('CREATE TABLE users (a)');
});

it('tells of a column that was dropped, and of another of its name', () => {
  const opened = databaseOf('CREATE TABLE users (a, b)');
  const receipt = alterTable(opened, 'users', (table) => table.dropColumn('a').addColumn('A'));
  expect(receipt.dropped).toEqual([{ kind: 'column', name: 'a' }]);
  expect(receipt.added).toEqual([{ kind: 'column', name: 'A' }]);
});

describe('a trigger that is broken already', () => {
  const BROKEN = `CREATE TABLE users (a AS ([c] || 'x') STORED, c, b);
    CREATE TRIGGER o AFTER UPDATE ON users BEGIN UPDATE users SET a = new.a WHERE 0; END`;

  it('keeps a column that it names from being dropped', () => {
    const error = refusal(BROKEN, (t) => t.renameColumn('a', 'n').dropColumn('n'));
    expect(error.reason).toMatch(/still used as it was by trigger o \(no such column: (?:new\.)?n\)/);
    expect(sqlOf('o')).toMatch(/SET a = new.a/);
  });

  it('stands in the way of nothing else', () => {
    expect(alterTable(databaseOf(BROKEN), 'users', (t) => t.dropColumn('b').setDefault('c', 1)).path).toBe(
      'rebuild',
    );
  });
});

describe('texts of SQL that are given', () => {
  it.each<[what: string, plan: Rebuild]>([
    ['an index', { sql: `${TWO}; CREATE INDEX by_email ON users (email)` }],
    ['a loss of rows', { sql: `${TWO}; DELETE FROM users` }],
    ['a loss of a table', { sql: `${TWO}; DROP TABLE posts;` }],
    ['a COMMIT', { sql: `${TWO}; COMMIT` }],
    ['what is no statement', { sql: `${TWO} AS SELECT 1` }],
    ['a statement in its list', { sql: 'CREATE TABLE users (id; DELETE FROM posts; SELECT email)' }],
    [
      'a statement in an expression',
      { sql: TWO, copy: { email: "'x' FROM users; DELETE FROM posts; SELECT 1" } },
    ],
    ['another FROM', { sql: TWO, copy: { email: "'x' FROM users --" } }],
    [
      'a parenthesis too many',
      { sql: TWO, copy: { email: "email) FROM users; DELETE FROM posts; SELECT ('x'" } },
    ],
  ])('are refused when rebuildTable is given %s after the definition or in it', (_what, plan) => {
    refusedOfUsers((opened) => rebuildTable(opened, 'users', plan));
  });

  it.each<[what: string, change: (table: TableBuilder) => void]>([
    ['a definition', (t) => t.addColumn('n', 'TEXT); DROP TABLE posts; CREATE TABLE x (y TEXT')],
    ['a definition that ends the list', (t) => t.addColumn('n', 'TEXT) STRICT --')],
    ['an open comment', (t) => t.addColumn('n', 'TEXT /* note')],
    [
      'what a column is filled with',
      (t) => t.addColumn('n', '', { from: '1 FROM users; DELETE FROM posts; SELECT 1' }),
    ],
    ['a type', (t) => t.setType('email', 'BLOB); DELETE FROM posts; --')],
    ['a default', (t) => t.setDefault('email', { sql: "'x'; DELETE FROM posts" })],
    ['a CHECK', (t) => t.addCheck('1); DELETE FROM posts; --')],
    ['an open string', (t) => t.addCheck("email <> 'x")],
    ['what is computed', (t) => t.setGenerated('email', '1; DELETE FROM posts')],
  ])('are refused when %s holds more than it may', (_what, change) => {
    refusedOfUsers((opened) => alterTable(opened, 'users', change));
  });

  it('may end with a semicolon', () => {
    rebuildTable(databaseOf(USERS), 'users', { sql: `${TWO} ; -- so\n;` });
    expect(sqlOf('users')).toMatch(/email TEXT\)$/);
    expect(db?.prepare('SELECT count(*) FROM users').pluck().get()).toBe(3);
  });

  it.each<[text: string, change: (table: TableBuilder) => void]>([
    ['"n" TEXT -- note', (t) => t.addColumn('n', 'TEXT -- note')],
    ['email BLOB -- note', (t) => t.setType('email', 'BLOB -- note', { lossy: 'allow' })],
    ['id > 0 -- positive', (t) => t.addCheck('id > 0 -- positive')],
    ["'x' -- so", (t) => t.setDefault('email', { sql: "'x' -- so" })],
    ['', (t) => t.addCheck('id > 0 -- positive').dropCheck({ sql: 'id > 0 -- positive' })],
    ['', (t) => t.addColumn('n', '', { from: 'id -- so' })],
  ])('may end with a comment: %j', (text, change) => {
    const opened = databaseOf(USERS);
    alterTable(opened, 'users', change);
    expect(sqlOf('users')).toEqual(expect.stringContaining(text));
    opened.exec("INSERT INTO users (id, email) VALUES (4, 'd'); ALTER TABLE users ADD COLUMN more");
    expect(opened.prepare('SELECT count(*) FROM users').pluck().get()).toBe(4);
  });

  it('shows the rows that fail a CHECK with a comment', () => {
    expect(
      refusedOfUsers((opened) => alterTable(opened, 'users', (t) => t.addCheck('id > 1 -- so'))).rows,
    ).toEqual(['id 1']);
  });
});

const REBUILD = (t: TableBuilder): void => void t.setType('email', 'BLOB', { lossy: 'allow' });
const REBUILD_AND_RENAME = (t: TableBuilder): void =>
  void t.addColumn('n', '', { from: 'counted(id)' }).renameTo('people').setNotNull('n');

describe('alterTableSql', () => {
  it.each([0, 1])(
    'gives a rebuild that deletes no children, run as it stands, with foreign keys %d',
    (keys) => {
      const opened = databaseOf(USERS);
      opened.pragma(`foreign_keys = ${String(keys)}`);
      const before = all();
      const statements = alterTableSql(opened, 'users', REBUILD);
      expect(all()).toEqual(before);
      for (const sql of statements) opened.exec(sql);
      expect(opened.prepare('SELECT by_id FROM posts').pluck().all()).toEqual([1, 3]);
      expect([opened.pragma('foreign_keys', { simple: true }), opened.inTransaction]).toEqual([keys, false]);
    },
  );

  it('gives no frame in place, nor in a migration, which has its own', async () => {
    const opened = databaseOf(USERS);
    expect(alterTableSql(opened, 'users', (t) => t.addColumn('n'))).toHaveLength(1);
    let statements: readonly string[] = [];
    const migration = {
      name: '001_a',
      up: (handle: Connection) => void (statements = alterTableSql(handle, 'users', REBUILD)),
    };
    await serviceFor({ database: opened, migrations: [migration] }).up();
    expect(statements[0]).toMatch(/^CREATE TABLE/);
    expect(statements).not.toContain('COMMIT');
  });

  it('plans a rebuild before a rename with foreign keys on, and copies no rows for it', () => {
    const opened = databaseOf(USERS);
    let copied = 0;
    opened.function('counted', (value) => {
      copied++;
      return value;
    });
    const before = all();
    const statements = alterTableSql(opened, 'users', REBUILD_AND_RENAME);
    expect(copied).toBe(0);
    expect(all()).toEqual(before);
    for (const sql of statements) opened.exec(sql);
    expect(opened.prepare('SELECT n FROM people').pluck().all()).toEqual([1, 2, 3]);
    expect(opened.prepare('SELECT by_id FROM posts').pluck().all()).toEqual([1, 3]);
  });
});

/** A builder as JavaScript sees it, and TypeScript whose types nobody has checked. */
type Untyped = Readonly<Record<string, (...given: readonly unknown[]) => Untyped>>;

async function notedLater(table: TableBuilder): Promise<void> {
  await Promise.resolve();
  table.dropColumn('email');
  throw new Error('nobody waits for it');
}

describe('arguments of the wrong kind', () => {
  it.each<[call: string, change: (t: Untyped) => unknown, reason: string]>([
    ['setStrict(true)', (t) => t['setStrict']?.(true), 'setStrict() was given true as its argument 1.'],
    [
      'setWithoutRowid(1)',
      (t) => t['setWithoutRowid']?.(1),
      'setWithoutRowid() was given 1 as its argument 1.',
    ],
    [
      'setAutoincrement()',
      (t) => t['setAutoincrement']?.(),
      'setAutoincrement() was given undefined as its argument 1.',
    ],
    ['setType(a)', (t) => t['setType']?.('email'), 'setType() was given undefined as its argument 2.'],
    [
      'setDefault(a, undefined)',
      (t) => t['setDefault']?.('email', undefined),
      'setDefault() was given undefined as its argument 2.',
    ],
    [
      'setDefault(a, [])',
      (t) => t['setDefault']?.('email', []),
      'setDefault() was given [] as its argument 2.',
    ],
    ['addColumn()', (t) => t['addColumn']?.(), 'addColumn() was given undefined as its argument 1.'],
    [
      'a misspelt option',
      (t) => t['addColumn']?.('n', '', { form: 'id' }),
      "addColumn() was given { form: 'id' } as its argument 3.",
    ],
    ['renameTo()', (t) => t['renameTo']?.(), 'renameTo() was given undefined as its argument 1.'],
    ['addUnique(a)', (t) => t['addUnique']?.('email'), "addUnique() was given 'email' as its argument 1."],
    ['setPrimaryKey([])', (t) => t['setPrimaryKey']?.([]), 'setPrimaryKey() was given [] as its argument 1.'],
    [
      'setNotNull(a, b)',
      (t) => t['setNotNull']?.('id', 'email'),
      "setNotNull() was given 'email' as its argument 2.",
    ],
    [
      'two statements as an action',
      (t) =>
        t['addForeignKey']?.({
          columns: ['id'],
          references: 'posts',
          onDelete: 'CASCADE); DROP TABLE posts; --',
        }),
      expect.stringContaining('addForeignKey() was given {') as unknown as string,
    ],
    [
      'a kind that is none',
      (t) => t['setGenerated']?.('email', '1', { kind: 'PERSISTED' }),
      "setGenerated() was given { kind: 'PERSISTED' } as its argument 3.",
    ],
  ])('are refused with what they have to be: %s', (_call, change, reason) => {
    const error = refusedOfUsers((opened) =>
      alterTable(opened, 'users', change as unknown as (t: TableBuilder) => void),
    );
    expect(error.reason).toEqual(reason);
    expect(error.hint).toMatch(/^(?:This has to be|It takes) /);
  });

  it.each<[what: string, call: (opened: Connection) => unknown]>([
    ['no plan', (opened) => rebuildTable(opened, 'users', {} as Rebuild)],
    [
      'no expression',
      (opened) => rebuildTable(opened, 'users', { sql: TWO, copy: { email: 1 } } as unknown as Rebuild),
    ],
    ['no function', (opened) => alterTable(opened, 'users', undefined as unknown as () => void)],
    ['no name', (opened) => alterTableSql(opened, undefined as unknown as string, REBUILD)],
  ])('are refused when they are of the call itself: %s', (_what, call) => {
    expect(refusedOfUsers(call).reason).toMatch(/^(?:alterTable|rebuildTable)\(.* was given /);
  });

  it('are refused when a function would note things later', () => {
    expect(refusedOfUsers((opened) => alterTable(opened, 'users', notedLater)).reason).toMatch(
      /asynchronous/,
    );
  });
});

describe('what is said', () => {
  it.each(['aux', 'temp'])('of a definition in %s: that it is another table', (schema) => {
    const error = refusedOfUsers((opened) => {
      opened.exec("ATTACH ':memory:' AS aux");
      return rebuildTable(opened, 'users', {
        sql: `CREATE TABLE ${schema}.users (id INTEGER PRIMARY KEY, email)`,
      });
    });
    expect(error.reason).toMatch(/that of another table/);
  });

  it('takes main for what it is', () => {
    rebuildTable(databaseOf(USERS), 'users', {
      sql: 'CREATE TABLE Main.users (id INTEGER PRIMARY KEY, email)',
    });
    expect(sqlOf('users')).toBe('CREATE TABLE "users" (id INTEGER PRIMARY KEY, email)');
  });

  it('of rows that nothing tells apart: that columns have taken the names of the rowid', () => {
    const error = refusal(
      "CREATE TABLE users (rowid TEXT, _rowid_ TEXT, oid TEXT); INSERT INTO users VALUES ('1', '2', '3')",
      (t) => t.setType('oid', 'INTEGER'),
    );
    expect(error.reason).toMatch(/columns have taken all names of the rowid/);
    expect(error.hint).toMatch(/^Rename one of the columns/);
  });

  it("of another connection's transaction: which db to give", async () => {
    const opened = databaseOf(USERS);
    let error: unknown;
    const up = (): void => void (error = errorOf(() => alterTable(opened, 'users', REBUILD)));
    await serviceFor({ database: opened, migrations: [{ name: '001_a', up }] }).up();
    expect(error).toBeInstanceOf(AlterTableError);
    expect((error as AlterTableError).hint).toMatch(/^In a migration, give it the db that up\(\)/);
  });

  it.each<[what: string, sql: string, change: (t: TableBuilder) => void, rows: readonly string[]]>([
    [
      'a unique index',
      "CREATE TABLE users (e TEXT); CREATE UNIQUE INDEX i ON users (e); INSERT INTO users VALUES ('a'), ('b'), ('A')",
      (t) => t.setCollate('e', 'NOCASE'),
      ["rowid 1: 'a'", "rowid 3: 'A'"],
    ],
    [
      'a unique index of expressions, and of some rows',
      `CREATE TABLE users (e TEXT, f); CREATE UNIQUE INDEX i ON users (f DESC, (e || ',') COLLATE BINARY ASC) WHERE f > 0 OR f < 0 -- so;
       INSERT INTO users VALUES ('1', 0), ('01', 0), ('2', 1), ('02', 1)`,
      (t) => t.setType('e', 'INTEGER', { lossy: 'allow' }),
      ['rowid 3: 1', 'rowid 4: 1'],
    ],
    [
      'a UNIQUE whose values were different before',
      "CREATE TABLE users (e TEXT UNIQUE); INSERT INTO users VALUES ('1'), ('01'), ('x'), ('0'), (NULL)",
      (t) => t.setType('e', 'INTEGER', { lossy: 'allow' }),
      ["rowid 1: '1'", "rowid 2: '01'"],
    ],
    [
      'a UNIQUE of what comes to be texts',
      "CREATE TABLE users (e UNIQUE); INSERT INTO users VALUES ('1'), (1), (x'31')",
      (t) => t.setType('e', 'TEXT', { lossy: 'allow' }),
      ["rowid 1: '1'", 'rowid 2: 1'],
    ],
    [
      'a key that has no value',
      'CREATE TABLE users (id INTEGER, e); INSERT INTO users VALUES (NULL, 1), (2, 2)',
      (t) => t.setPrimaryKey(['id']),
      ['NULL would be a new number'],
    ],
  ])('of %s: the rows that stand in the way', (_what, sql, change, rows) => {
    const error = refusal(sql.replace('-- so;', '-- so\n;'), change);
    expect(error.rows).toEqual(rows);
    expect(error.hint).toMatch(/^(?:Correct these rows first|Give these rows numbers of their own first)/);
  });

  it('of a name that differs in case alone: how to get to it', () => {
    const error = refusedOfUsers((opened) => alterTable(opened, 'users', (t) => t.renameTo('Users')));
    expect(error.hint).toBe("Go by another name: renameTo('users_').renameTo('Users').");
    const opened = databaseOf(USERS);
    expect(alterTable(opened, 'users', (t) => t.renameTo('users')).path).toBe('nothing');
    expect(alterTable(opened, 'users', (t) => t.renameTo('users_').renameTo('Users')).table).toBe('Users');
  });

  it.each([
    ['locked by a writer', 'BEGIN IMMEDIATE', /^Nothing was changed. Wait until/],
    [
      'locked altogether',
      'PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE',
      /^Nothing was changed. Wait until/,
    ],
    ['read-only', '', /^Nothing was changed. Open the database for writing/],
  ])('of a database that is %s: what to do', (_what, lock, hint) => {
    const folder = mkdtempSync(join(tmpdir(), 'decant-alter-'));
    const other = new Database(join(folder, 'a.db'));
    try {
      other.exec(`${USERS}; ${lock}`);
      db = new Database(other.name, { timeout: 1, readonly: lock === '' });
      const error = errorOf(() => alterTable(db as Connection, 'users', REBUILD));
      expect(error).toBeInstanceOf(AlterTableError);
      expect((error as AlterTableError).hint).toMatch(hint);
      expect([db.inTransaction, db.pragma('foreign_keys', { simple: true })]).toEqual([false, 1]);
    } finally {
      other.close();
      db?.close();
      rmSync(folder, { recursive: true });
    }
  });
});
