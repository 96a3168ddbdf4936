import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Database as Connection } from '../../src/domain/migration.js';
import { rejectionOf } from '../helpers/errors.js';
import { makeFolder } from '../helpers/files.js';
import { serviceFor } from '../helpers/migrations.js';

// The SQL by which other tools change a table, as they emit it: here users loses its column `legacy`. Run by those
// tools, each of these was measured to lose the rows of posts, or an index, or a trigger.

const COLUMNS = 'id INTEGER PRIMARY KEY, email TEXT NOT NULL';

/** Make it anew beside the old one, copy, drop the old one, rename. */
const newFirst = (temporary: string): string => `
  CREATE TABLE ${temporary} (${COLUMNS});
  INSERT INTO ${temporary} (id, email) SELECT id, email FROM users;
  DROP TABLE users;
  ALTER TABLE ${temporary} RENAME TO users;`;

/** The same with foreign keys "off", which does nothing within a transaction. */
const switchedOff = (body: string): string => `PRAGMA foreign_keys = OFF; ${body} PRAGMA foreign_keys = ON;`;

/** Copy away, drop, make again, copy back. */
const thereAndBack = (create: string, temporary: string): string => `
  ${create} ${temporary} (${COLUMNS});
  INSERT INTO ${temporary} SELECT id, email FROM users;
  DROP TABLE users;
  CREATE TABLE users (${COLUMNS});
  INSERT INTO users SELECT id, email FROM ${temporary};
  DROP TABLE ${temporary};`;

/** Rename the old one away first, which has every reference follow it. */
const OLD_FIRST = `
  ALTER TABLE users RENAME TO temporary_users;
  CREATE TABLE users (${COLUMNS});
  INSERT INTO users (id, email) SELECT id, email FROM temporary_users;
  DROP TABLE temporary_users;`;

const RECIPES = {
  knex: switchedOff(newFirst('`_knex_temp_alter247`')),
  'Drizzle, Atlas': switchedOff(newFirst('__new_users')),
  MikroORM: switchedOff(newFirst('`users__temp_alter`')),
  Prisma: `PRAGMA defer_foreign_keys = ON; ${switchedOff(newFirst('"new_users"'))} PRAGMA defer_foreign_keys = OFF;`,
  TypeORM: newFirst('"temporary_users"'),
  "TypeORM's revert": OLD_FIRST,
  Sequelize: thereAndBack('CREATE TABLE IF NOT EXISTS', '`users_backup`'),
  Rails: thereAndBack('CREATE TEMPORARY TABLE', '"ausers"'),
  'Alembic, batch mode': newFirst('_alembic_tmp_users'),
  Django: newFirst('"new__users"'),
  'sqlite-utils': switchedOff(newFirst('[users_new_7ae8c9]')),
  'guides, by AS SELECT': switchedOff(`
    CREATE TABLE users_backup AS SELECT id, email FROM users;
    DROP TABLE users;
    ALTER TABLE users_backup RENAME TO users;`),
  'a copy that drops duplicates': newFirst('new')
    .replace('INSERT', 'INSERT OR IGNORE')
    .replace('SELECT id', 'SELECT id / 2'),
};
type Recipe = keyof typeof RECIPES;

const KEY = 'DECANT_FOREIGN_KEY';
const LOSS = 'DECANT_UNDECLARED_LOSS';

/** What comes of it: where only other tables' rows are at stake, and where users has an index and a trigger as well. */
const VERDICTS: readonly (readonly [Recipe, plain: string, rich: string])[] = [
  ['knex', 'loses nothing', LOSS],
  ['Drizzle, Atlas', 'loses nothing', LOSS],
  ['MikroORM', 'loses nothing', LOSS],
  ['Prisma', 'loses nothing', LOSS],
  ['TypeORM', 'loses nothing', LOSS],
  ["TypeORM's revert", KEY, LOSS],
  ['Sequelize', 'loses nothing', LOSS],
  ['Rails', 'loses nothing', LOSS],
  ['Alembic, batch mode', 'loses nothing', LOSS],
  ['Django', 'loses nothing', LOSS],
  ['sqlite-utils', 'loses nothing', LOSS],
  ['guides, by AS SELECT', LOSS, LOSS],
  ['a copy that drops duplicates', LOSS, LOSS],
];

let db: Connection;
let other: Connection;

beforeEach(() => {
  const file = join(makeFolder(), 'app.db');
  db = new Database(file);
  db.pragma('journal_mode = WAL');
  db.exec(`
    CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, legacy TEXT);
    CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE);
    CREATE TABLE photos (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id) ON DELETE SET NULL);
    INSERT INTO users VALUES (1, 'a@x', 'l'), (2, 'b@x', NULL), (3, 'c@x', 'm');
    INSERT INTO posts (user_id) VALUES (1), (1), (2), (3), (3), (3);
    INSERT INTO photos (user_id) VALUES (1), (2), (NULL);
  `);
  other = new Database(file);
});

afterEach(() => {
  db.close();
  other.close();
});

const rowsOf = (table: string): unknown => other.prepare(`SELECT * FROM ${table} ORDER BY id`).raw().all();
const childrenRows = (): unknown => [rowsOf('posts'), rowsOf('photos')];
const usersObjects = (): unknown =>
  other
    .prepare("SELECT type, name, sql FROM sqlite_schema WHERE tbl_name = 'users' AND type <> 'table'")
    .raw()
    .all();

function run(sql: string) {
  return serviceFor({ database: db, migrations: [{ name: '001_m', up: (handle) => handle.exec(sql) }] }).up();
}

describe('the recipes of other tools', () => {
  it('are all judged', () => {
    expect(VERDICTS.map(([name]) => name)).toEqual(Object.keys(RECIPES));
  });

  it.each(VERDICTS)('%s: with children only: %s', async (name, verdict) => {
    const before = { children: childrenRows(), users: rowsOf('users') };
    if (verdict === 'loses nothing') {
      await run(RECIPES[name]);
      expect(rowsOf('users')).toEqual([
        [1, 'a@x'],
        [2, 'b@x'],
        [3, 'c@x'],
      ]);
    } else {
      expect(await rejectionOf(run(RECIPES[name]))).toMatchObject({
        code: verdict,
        failure: { rolledBack: 'all' },
      });
      expect(rowsOf('users')).toEqual(before.users);
    }
    expect(childrenRows()).toEqual(before.children);
    expect(other.pragma('foreign_key_check')).toEqual([]);
  });

  it.each(VERDICTS.map(([name, , rich]) => [name, rich] as const))(
    '%s: with an index and a trigger: %s',
    async (name, verdict) => {
      db.exec(`CREATE UNIQUE INDEX users_email ON users (email);
      CREATE TRIGGER users_lower AFTER INSERT ON users BEGIN UPDATE users SET email = lower(email) WHERE id = new.id; END`);
      const before = { children: childrenRows(), users: rowsOf('users'), objects: usersObjects() };
      expect(await rejectionOf(run(RECIPES[name]))).toMatchObject({
        code: verdict,
        failure: { rolledBack: 'all' },
      });
      expect({ children: childrenRows(), users: rowsOf('users'), objects: usersObjects() }).toEqual(before);
    },
  );

  // The recipe of many guides, both ways.
  it.each([
    [
      'by AS SELECT, is stopped: users would lose its key',
      'CREATE TABLE users_backup AS SELECT id, email, legacy FROM users',
      LOSS,
    ],
    [
      'with a definition, loses nothing',
      'CREATE TABLE users_backup (id INTEGER PRIMARY KEY, email TEXT NOT NULL, legacy TEXT); INSERT INTO users_backup SELECT id, email, legacy FROM users',
      undefined,
    ],
  ])('add email_verified, and take it back: %s', async (_what, copy, code) => {
    const service = serviceFor({
      database: db,
      migrations: [
        {
          name: '001_email_verified',
          up: (handle) =>
            handle.exec('ALTER TABLE users ADD COLUMN email_verified INTEGER NOT NULL DEFAULT 0'),
          down: (handle) => {
            handle.pragma('foreign_keys = OFF');
            handle.exec(`${copy}; DROP TABLE users; ALTER TABLE users_backup RENAME TO users`);
            handle.pragma('foreign_keys = ON');
          },
        },
      ],
    });
    const before = childrenRows();
    await service.up();
    if (code === undefined) {
      const report = await service.down();
      expect(report.warnings).toEqual([
        expect.stringContaining('PRAGMA foreign_keys does nothing inside a transaction'),
      ]);
    } else {
      expect(await rejectionOf(service.down())).toMatchObject({ code });
    }
    expect(childrenRows()).toEqual(before);
    expect(other.prepare('SELECT count(*) FROM users').pluck().get()).toBe(3);
  });
});
