import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Connection from 'better-sqlite3';
import { migration, type MigrationOptions } from '../../src/domain/decorator.js';
import { migrations, rollbackMigration, runPendingMigrations } from '../../src/functions.js';
import { ReversibleMigration } from '../../src/reversible/migration.js';
import type { ReversibleSchema } from '../../src/reversible/schema.js';
import { rejectionOf } from '../helpers/errors.js';
import { serviceFor, tableMigration } from '../helpers/migrations.js';
import { contentOf, down, reversible, up, type Change } from './helpers.js';

let db: Connection.Database;
beforeEach(() => {
  db = new Connection(':memory:');
  db.exec(`
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);
    INSERT INTO users VALUES (1, 'ann'), (2, 'bob');
    CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id) ON DELETE CASCADE);
    INSERT INTO posts VALUES (1, 1);
    CREATE TABLE nameless (rowid, _rowid_, oid);
    CREATE TABLE keyed (id TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE lonely (a);
    CREATE TABLE typeless (id PRIMARY KEY);
    INSERT INTO typeless VALUES (7), ('8');
    CREATE VIRTUAL TABLE found USING fts5(name);
  `);
});
afterEach(() => void db.close());

// As JavaScript, which no compiler has looked at.
type Loose = Record<string, (...args: readonly unknown[]) => unknown>;
const loose =
  (call: (schema: Loose) => unknown): Change =>
  (schema) =>
    void call(schema as unknown as Loose);

const REFUSED: readonly (readonly [what: string, change: Change, message: RegExp])[] = [
  [
    'a misspelt where',
    loose((s) => s.update?.('users', { set: { name: 'x' }, wehre: 'id = 1' })),
    /update\(\) was given .* as its argument 2/,
  ],
  [
    'an empty where',
    (s) => s.update('users', { set: { name: 'x' }, where: '' }),
    /update\(\) was given .*where: ''/,
  ],
  ['an empty where of a deletion', (s) => s.delete('users', { where: ' ' }), /delete\(\) was given/],
  ['the only column', (s) => s.dropColumn('lonely', 'a'), /a is its only column/],
  ['a deletion without where', loose((s) => s.delete?.('users', {})), /delete\(\) was given \{\}/],
  ['a value that is none', loose((s) => s.insert?.('users', [{ name: true }])), /insert\(\) was given/],
  ['NaN', (s) => s.insert('users', [{ id: Number.NaN }]), /insert\(\) was given/],
  ['nothing to set', (s) => s.update('users', { set: {} }), /update\(\) was given/],
  ['too many arguments', loose((s) => s.dropTable?.('users', 'posts')), /dropTable\(\) was given 'posts'/],
  [
    'a change of a column that says nothing known',
    loose((s) => s.alterColumn?.('users', 'name', { typ: 'INT' })),
    /alterColumn\(\)/,
  ],
  ['execute() without its way back', loose((s) => s.execute?.({ up: 'SELECT 1' })), /execute\(\)/],
  ['an asynchronous function', (s) => s.execute({ up: async () => undefined, down: '' }), /asynchronous/],
  ['an asynchronous change()', async () => undefined, /change\(\) is asynchronous/],
  ['two statements', (s) => s.createTable('CREATE TABLE a (x); DROP TABLE users'), /not one CREATE TABLE/],
  ['a statement of another kind', (s) => s.createIndex('CREATE TABLE a (x)'), /not one CREATE INDEX/],
  ['IF NOT EXISTS', (s) => s.createTable('CREATE TABLE IF NOT EXISTS users (x)'), /not one CREATE TABLE/],
  ['a temporary table', (s) => s.createTable('CREATE TEMP TABLE a (x)'), /not one CREATE TABLE/],
  ['another database', (s) => s.createView('CREATE VIEW temp.v AS SELECT 1'), /not one CREATE VIEW/],
  ['AS SELECT', (s) => s.createTable('CREATE TABLE a AS SELECT 1'), /no CREATE TABLE with a list of columns/],
  ['an index of a key', (s) => s.dropIndex('sqlite_autoindex_keyed_1'), /no index of that name/],
  ['a view that is not there', (s) => s.dropView('none'), /no view of that name/],
  ['rows that cannot be told apart', (s) => s.delete('nameless', { where: 'true' }), /cannot be told apart/],
  [
    'a key under another type',
    (s) => s.alterColumn('keyed', 'id', { type: 'BLOB' }),
    /is what tells its rows apart/,
  ],
  [
    'a key that would become the rowid',
    (s) => s.alterColumn('typeless', 'id', { type: 'INTEGER', lossy: 'allow' }),
    /id would become what tells its rows apart/,
  ],
  ['a virtual table', (s) => s.dropTable('found'), /virtual table/],
  ['rows of a virtual table', (s) => s.delete('found', { where: 'true' }), /virtual table/],
  [
    'a move into the same table',
    (s) => s.move('users', 'USERS', { id: { sql: 'id + 10' } }),
    /into their own table/,
  ],
  [
    'a condition that ends before its end',
    (s) => s.delete('users', { where: 'false) OR (true' }),
    /not one expression/,
  ],
  [
    'more than a condition',
    (s) => s.delete('users', { where: 'false; DROP TABLE posts' }),
    /does not end where it has to/,
  ],
  ['a column that is not there', (s) => s.update('users', { set: { none: 1 } }), /no column none/],
  ['rows that others refer to', (s) => s.delete('users', { where: 'id = 1' }), /foreign keys violated/],
  ['a parent that others refer to', (s) => s.dropTable('users'), /foreign keys violated|no such table/],
];

const DROPPING: Change = (s) => s.dropTable('posts');
const FAILING_UP: Change = (s) =>
  s
    .dropTable('posts')
    .update('users', { set: { name: 'x' } })
    .execute({ up: 'no sql', down: '' });
const FAILING_DOWN: Change = (s) =>
  s
    .dropTable('posts')
    .execute({ up: '', down: 'no sql' })
    .update('users', { set: { name: 'x' } });

describe('a reversible migration', () => {
  it.each(REFUSED)('refuses %s, and leaves all as it was', async (_what, change, message) => {
    const before = contentOf(db);
    const error = (await rejectionOf(up(db, change))) as Error;
    expect(error.message).toMatch(message);
    expect(contentOf(db)).toEqual(before);
  });

  it.each<readonly [string, MigrationOptions]>([
    ['no transaction', { transaction: false }],
    ['a transaction for each batch', { transaction: 'batches' }],
    ['foreign keys that are enforced', { foreignKeys: 'enforced' }],
  ])('refuses %s', async (_what, options) => {
    @migration({ name: '001_change', ...options })
    class Wrong extends ReversibleMigration {
      override change(schema: ReversibleSchema): void {
        schema.delete('posts', { where: 'true' });
      }
    }
    const before = contentOf(db);
    const error = await rejectionOf(serviceFor({ database: db, migrations: [Wrong], backup: 'never' }).up());
    expect(error).toMatchObject({ cause: { code: 'DECANT_REVERSIBLE' } });
    expect(contentOf(db)).toEqual(before);
  });

  it('says what to do about what it refuses', async () => {
    const error = await rejectionOf(up(db, (s) => s.delete('nameless', { where: 'true' })));
    expect(error).toMatchObject({
      hint: 'Use execute({ up, down }), and write the way back by hand. The database is as it was before it.',
    });
  });

  it('refuses to run outside the engine', () => {
    const own = new (reversible((s) => s.dropTable('posts')))();
    expect(() => own.up(db)).toThrow('one transaction');
    expect(() => db.transaction(() => own.up(db))()).toThrow('one transaction');
  });

  it.each<readonly [string, Change, RegExp]>([
    [
      'another operation',
      (s) => s.dropTable('posts').dropTable('nameless'),
      /operation 2 was drop table\(keyed\), and is drop table\(nameless\)/,
    ],
    [
      'one more',
      (s) => s.dropTable('posts').dropTable('keyed').dropTable('nameless'),
      /operation 3 was nothing, and is drop table\(nameless\)/,
    ],
    ['one less', (s) => s.dropTable('posts'), /operation 2 was drop table\(keyed\), and is nothing/],
  ])('refuses to go back by %s than was applied', async (_what, edited, message) => {
    await up(db, (s) => s.dropTable('posts').dropTable('keyed'));
    const before = contentOf(db);
    const error = await rejectionOf(down(db, edited));
    expect(error).toMatchObject({
      cause: { code: 'DECANT_REVERSIBLE', message: expect.stringMatching(message) },
    });
    expect(contentOf(db)).toEqual(before);
  });

  it.each<readonly [string, Change, Change]>([
    ['a value', (s) => s.insert('users', [{ id: 7 }]), (s) => s.insert('users', [{ id: 7n }])],
    [
      'a sign',
      (s) => s.update('users', { set: { name: 0 } }),
      (s) => s.update('users', { set: { name: -0 } }),
    ],
    [
      'a rule',
      (s) => s.update('users', { set: { name: 0 } }),
      (s) => s.update('users', { set: { name: 0 }, onConflict: 'restore' }),
    ],
  ])('tells that %s is another', async (_what, applied, edited) => {
    await up(db, applied);
    expect(await rejectionOf(down(db, edited))).toMatchObject({
      cause: { message: expect.stringContaining('with other arguments') },
    });
  });

  it.each<readonly [string, () => Change]>([
    ['random values', () => (s) => s.insert('users', [{ name: String(Math.random()) }])],
    [
      'more each time',
      () => {
        let count = 0;
        return (s) => {
          for (let at = 0; at <= count; at++) s.insert('users', [{ name: 'x' }]);
          count++;
        };
      },
    ],
  ])('refuses a change() that is another each time, before anything runs: %s', async (_what, make) => {
    const before = contentOf(db);
    expect(await rejectionOf(up(db, make()))).toMatchObject({
      cause: {
        code: 'DECANT_REVERSIBLE',
        message: expect.stringMatching(/operation \d, insert\(users\), is another/),
      },
    });
    expect(contentOf(db)).toEqual(before);
  });

  it('says that nothing is known of one that was none when it was applied', async () => {
    await serviceFor({ database: db, migrations: [tableMigration('001_change')], backup: 'never' }).up();
    expect(await rejectionOf(down(db, DROPPING))).toMatchObject({
      cause: {
        code: 'DECANT_REVERSIBLE',
        message: expect.stringContaining('nothing about it in _decant_archives'),
      },
    });
  });

  it.each<readonly [string, Change, string, RegExp]>([
    [
      'an archive',
      (s) => s.delete('posts', { where: 'true' }),
      '_decant_archive_1',
      /_decant_archive_1, in which it parked .*, is gone/,
    ],
    ['its table', (s) => s.delete('posts', { where: 'true' }), 'posts', /there is no table posts any more/],
    [
      'its altered table',
      (s) => s.renameColumn('posts', 'id', 'no'),
      'posts',
      /there is no table posts any more/,
    ],
    [
      'a table that it made',
      (s) => s.createTable('CREATE TABLE made (x)'),
      'made',
      /there is no table made any more/,
    ],
  ])(
    'tells that %s was dropped by hand, and does not blame the file',
    async (_what, change, gone, message) => {
      await up(db, change);
      db.exec(`DROP TABLE ${gone}`);
      const before = contentOf(db);
      const error = await rejectionOf(down(db, change));
      expect(error).toMatchObject({
        cause: { code: 'DECANT_REVERSIBLE', message: expect.stringMatching(message) },
        hint: expect.stringContaining('Nothing is wrong with the file.'),
      });
      expect(contentOf(db)).toEqual(before);
    },
  );

  it('refuses to park twice what it has parked, where its record was deleted by hand', async () => {
    await up(db, DROPPING);
    db.exec('DELETE FROM _migrations; CREATE TABLE posts (x)');
    expect(await rejectionOf(up(db, DROPPING))).toMatchObject({
      cause: { code: 'DECANT_REVERSIBLE', message: expect.stringContaining('is still there') },
    });
  });

  it('leaves nothing of itself when a later operation fails', async () => {
    const before = contentOf(db);
    await rejectionOf(up(db, FAILING_UP));
    expect(contentOf(db)).toEqual(before);
    await up(db, FAILING_DOWN);
    const applied = contentOf(db);
    await rejectionOf(down(db, FAILING_DOWN));
    expect(contentOf(db)).toEqual(applied);
  });

  it('runs by the synchronous functions', () => {
    const before = contentOf(db);
    const Change = reversible((s) => s.dropTable('posts').dropColumn('users', 'name'));
    migrations.splice(0, migrations.length, new Change());
    expect(runPendingMigrations(db)).toEqual(['001_change']);
    expect(rollbackMigration(db, '001_change')).toBe(true);
    expect(contentOf(db)).toEqual(before);
  });
});
