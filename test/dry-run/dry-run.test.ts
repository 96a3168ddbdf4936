import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DecantOptions } from '../../src/container.js';
import { migration } from '../../src/domain/decorator.js';
import type { DryRunOptions, DryRunReport } from '../../src/domain/dry-run.js';
import type { Database as Connection, MigrationDefinition } from '../../src/domain/migration.js';
import type { Command } from '../../src/domain/plan.js';
import type { DecantError, MigrationFailedError } from '../../src/errors.js';
import { batch } from '../../src/batch/batch.js';
import { STRICT } from '../../src/domain/policy.js';
import { ListSource } from '../../src/services/list-source.js';
import { MigrationService } from '../../src/services/migration-service.js';
import { InMemoryMigrationRepository, InMemoryTransactionManager } from '../../src/testing.js';
import { alterTable } from '../../src/sqlite/alter-table.js';
import { recordedIn, tablesOf } from '../helpers/database.js';
import { canMountDisk, mount } from '../helpers/disk.js';
import { dumpOf } from '../helpers/dump.js';
import { rejectionOf } from '../helpers/errors.js';
import { makeFolder } from '../helpers/files.js';
import { serviceFor, tableMigration } from '../helpers/migrations.js';
import { decant as runDecant, ROOT, runNode } from '../helpers/processes.js';

let folder: string;
let file: string;
let db: Connection;
let other: Connection;

beforeEach(() => {
  folder = makeFolder();
});

afterEach(() => {
  db.close();
  other.close();
});

const BASE: MigrationDefinition = {
  name: '001_base',
  up(handle: Connection) {
    handle.exec(`
      CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT UNIQUE, age CHECK (age > 0));
      CREATE TABLE posts (id INTEGER PRIMARY KEY, user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE, body);
      CREATE TABLE pairs (a, b, PRIMARY KEY (a, b)) WITHOUT ROWID;
      CREATE TABLE awkward (x);
      CREATE INDEX posts_user ON posts (user);
      CREATE VIEW emails AS SELECT email FROM users;
      CREATE TRIGGER posts_gone AFTER DELETE ON posts BEGIN UPDATE pairs SET b = b + 1 WHERE a = OLD.id; END;
      CREATE VIRTUAL TABLE words USING fts5 (body);
      INSERT INTO users (email, age) VALUES ('a', 1), ('b', 2), ('c', 3);
      DELETE FROM users WHERE email = 'c';
      INSERT INTO posts VALUES (1, 1, 'x'), (2, 1, 'y'), (3, 2, 'z');
      INSERT INTO pairs VALUES (1, 1), (2, 1), (3, 1);
      INSERT INTO awkward VALUES (9007199254740993), (CAST(x'ff' AS TEXT)), (x'00'), (-0.0), (NULL), ('');
      INSERT INTO words VALUES ('one two');
      ANALYZE;
      PRAGMA user_version = 7`);
  },
  down: (handle: Connection) => void handle.exec('DROP VIEW emails'),
};

/** For each journal mode, a folder with a database with one applied migration, its backup, and whatever else SQLite keeps. */
const templates = new Map<string, string>();

async function templateFor(journal: string): Promise<string> {
  const known = templates.get(journal);
  if (known !== undefined) return known;
  const template = makeFolder();
  templates.set(journal, template);
  const connection = new Database(join(template, 'x.db'));
  connection.pragma(`journal_mode = ${journal}`);
  connection.exec('CREATE TABLE there (x)');
  await serviceFor({ database: connection, migrations: [BASE] }).up();
  connection.close();
  return template;
}

async function open(journal: 'wal' | 'delete' = 'wal'): Promise<void> {
  cpSync(await templateFor(journal), folder, { recursive: true });
  file = join(folder, 'x.db');
  db = new Database(file, { timeout: 20 });
  db.pragma('synchronous = OFF');
  other = new Database(file, { timeout: 20 });
  tablesOf(other);
}

function up(
  name: string,
  body: string | ((handle: Connection) => unknown),
  more: object = {},
): MigrationDefinition {
  const run = typeof body === 'string' ? (handle: Connection) => void handle.exec(body) : body;
  return { name, up: run, down: () => undefined, ...more };
}

function declared(name: string, options: object, body: string): MigrationDefinition {
  class Declared {
    up(handle: Connection): void {
      handle.exec(body);
    }
    down(): void {
      return;
    }
  }
  migration({ name, ...options })(Declared as never);
  return Declared as never;
}

interface Trying extends DryRunOptions {
  readonly command?: Command;
  readonly decant?: DecantOptions;
}

function tryOut(
  migrations: readonly MigrationDefinition[],
  { command = 'up', decant = {}, ...options }: Trying = {},
): Promise<DryRunReport> {
  return serviceFor({ database: db, migrations: [BASE, ...migrations], ...decant }).dryRun(command, options);
}

const dataVersion = (): unknown => other.pragma('data_version', { simple: true });

const GOOD = [
  up('002_teams', `CREATE TABLE teams (id INTEGER PRIMARY KEY); INSERT INTO teams VALUES (1), (2)`),
  up(
    '003_users',
    `ALTER TABLE users ADD COLUMN team REFERENCES teams (id); UPDATE users SET team = 1; DELETE FROM posts WHERE id = 1`,
  ),
];
const FAILING = up('004_bad', `INSERT INTO users (email) VALUES ('d'); INSERT INTO nowhere VALUES (1)`);

describe.each(['wal', 'delete'] as const)('a dry run of a database in mode %s', (journal) => {
  beforeEach(() => open(journal));

  it.each<[string, readonly MigrationDefinition[], Trying]>([
    ['success', GOOD, {}],
    ['success on a copy', GOOD, { on: 'copy' }],
    ['failure', [...GOOD, FAILING], {}],
    ['failure on a copy', [...GOOD, FAILING], { on: 'copy' }],
    [
      'a body that commits',
      [...GOOD, up('004_c', `INSERT INTO teams VALUES (9); COMMIT; INSERT INTO teams VALUES (10)`)],
      {},
    ],
    ['a body that commits, on a copy', [...GOOD, up('004_c', 'COMMIT')], { on: 'copy' }],
    [
      'a trigger that rolls back',
      [
        up(
          '002_c',
          `CREATE TRIGGER r AFTER INSERT ON pairs BEGIN SELECT RAISE(ROLLBACK, 'no'); END; INSERT INTO pairs VALUES (8, 8)`,
        ),
      ],
      {},
    ],
    [
      'more than the page cache holds',
      [
        up(
          '002_big',
          `PRAGMA cache_size = 5; WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 3000) INSERT INTO awkward SELECT randomblob(500) FROM s`,
        ),
      ],
      {},
    ],
    [
      'settings of the file',
      [
        up(
          '002_set',
          'PRAGMA user_version = 8; PRAGMA application_id = 9; PRAGMA journal_mode = DELETE; PRAGMA journal_mode = WAL',
        ),
      ],
      {},
    ],
    [
      'statistics and sequences',
      [up('002_stat', `DELETE FROM sqlite_stat1; UPDATE sqlite_sequence SET seq = 99; REINDEX; ANALYZE`)],
      {},
    ],
    [
      'a migration without a transaction, on a copy',
      [declared('002_v', { transaction: false }, 'VACUUM')],
      { on: 'copy' },
    ],
    ['a rollback', [], { command: 'down' }],
    ['redo', [], { command: 'redo' }],
    ['reset on a copy', [], { command: 'reset', on: 'copy' }],
  ])('leaves everything as it was after %s', async (_what, migrations, options) => {
    const before = [dumpOf(file, folder), dataVersion()];
    const report = await tryOut(migrations, options);
    expect(report.steps.some(({ outcome }) => outcome !== 'not tried')).toBe(true);
    expect([dumpOf(file, folder), dataVersion()]).toEqual(before);
    expect(db.inTransaction).toBe(false);
    expect(db.pragma('foreign_keys', { simple: true })).toBe(1);
  });

  it('leaves everything as it was when it is killed in the middle', async () => {
    const before = dumpOf(file, folder);
    db.close();
    other.close();
    const { signal, stderr } = await runNode([
      '--input-type=module',
      '-e',
      `import { MigrationService, registerDecant } from '${ROOT}/lib/index.js';
       import { container } from '${ROOT}/node_modules/tsyringe/dist/cjs/index.js';
       const kill = (db) => {
         db.exec('PRAGMA cache_size = 1; UPDATE users SET age = 9; CREATE TABLE y AS SELECT randomblob(90000)');
         process.kill(process.pid, 'SIGKILL');
       };
       const migrations = [{ name: '002_a', up: (db) => db.exec('CREATE TABLE w (x)') }, { name: '003_k', up: kill }];
       registerDecant(container, { path: ${JSON.stringify(file)}, missing: 'allow', migrations });
       await container.resolve(MigrationService).dryRun('up');`,
    ]);
    expect({ signal, stderr }).toMatchObject({ signal: 'SIGKILL' });
    expect(dumpOf(file, folder)).toEqual(before);
  });
});

describe('what would fail', () => {
  beforeEach(() => open());

  it.each<[string, readonly MigrationDefinition[], Trying?]>([
    ['a syntax error', [up('002_x', 'CREATE TABEL t (x)')]],
    ['a table that is not there', [up('002_x', 'INSERT INTO nowhere VALUES (1)')]],
    ['a unique constraint', [up('002_x', `INSERT INTO users (email) VALUES ('a')`)]],
    ['a check', [up('002_x', 'UPDATE users SET age = 0')]],
    [
      'NOT NULL without a default, in a table with rows',
      [up('002_x', 'ALTER TABLE users ADD COLUMN n NOT NULL')],
    ],
    [
      'rows that alterTable() refuses',
      [up('002_x', (handle) => void alterTable(handle, 'awkward', (t) => void t.setNotNull('x')))],
    ],
    [
      'lost rows',
      [
        up(
          '002_x',
          'PRAGMA recursive_triggers = ON; CREATE TRIGGER c AFTER INSERT ON pairs BEGIN DELETE FROM awkward; END; INSERT INTO pairs VALUES (5, 5)',
        ),
      ],
    ],
    [
      'a lost index',
      [
        up(
          '002_x',
          'CREATE TABLE p2 AS SELECT * FROM posts; DROP TABLE posts; ALTER TABLE p2 RENAME TO posts',
        ),
      ],
    ],
    ['an orphan', [up('002_x', 'UPDATE posts SET user = 99')]],
    ['an orphan that is left', [up('002_x', 'DELETE FROM users WHERE id = 1')]],
    [
      'a broken parent key',
      [up('002_x', 'CREATE TABLE c (p REFERENCES users (age)); INSERT INTO c VALUES (1)')],
    ],
    [
      'foreign keys that are enforced',
      [declared('002_x', { foreignKeys: 'enforced' }, 'UPDATE posts SET user = 99')],
    ],
    ['an async body', [up('002_x', async () => undefined)]],
    [
      'a generator',
      [
        up('002_x', function* body() {
          yield 1;
        }),
      ],
    ],
    ['COMMIT', [up('002_x', 'COMMIT')]],
    ['COMMIT; BEGIN', [up('002_x', 'CREATE TABLE t (x); COMMIT; BEGIN')]],
    ['an error before a COMMIT', [up('002_x', 'INSERT INTO nowhere VALUES (1); COMMIT')]],
    ['END by a statement', [up('002_x', (handle) => void handle.prepare('END').run())]],
    ['ROLLBACK', [up('002_x', 'ROLLBACK')]],
    [
      'a COMMIT that is swallowed',
      [
        up('002_x', (handle) => {
          try {
            handle.exec('COMMIT');
          } catch {
            return;
          }
        }),
      ],
    ],
    [
      'a COMMIT that is swallowed, and more',
      [
        up('002_x', (handle) => {
          try {
            handle.exec('COMMIT');
          } catch {
            handle.exec('CREATE TABLE more (x)');
          }
        }),
      ],
    ],
    ['OR ROLLBACK', [up('002_x', `INSERT OR ROLLBACK INTO users (email) VALUES ('a')`)]],
    [
      'RAISE(ROLLBACK)',
      [
        up(
          '002_x',
          `CREATE TRIGGER r AFTER INSERT ON pairs BEGIN SELECT RAISE(ROLLBACK, 'no'); END; INSERT INTO pairs VALUES (8, 8)`,
        ),
      ],
    ],
    ['BEGIN', [up('002_x', 'BEGIN')]],
    ['VACUUM', [up('002_x', 'VACUUM')]],
    ['another journal mode', [up('002_x', 'PRAGMA journal_mode = DELETE')]],
    ['close()', [up('002_x', (handle) => void handle.close())]],
    ['a thrown Error', [up('002_x', throwing(new TypeError('not today')))]],
    ['a thrown text', [up('002_x', throwing('not today'))]],
    [
      'an open iterator, and a failure',
      [
        up('002_x', (handle) => {
          handle.prepare('SELECT * FROM users').iterate().next();
          handle.exec('DROP TABLE users');
        }),
      ],
    ],
    ['what only its predecessor has made', [...GOOD, up('004_x', 'INSERT INTO teams VALUES (1)')]],
    ['prepare()', [up('002_x', '', { prepare: throwing(new Error('offline')) })]],
    [
      'a hook',
      [up('002_x', 'CREATE TABLE t (x)')],
      { decant: { hooks: [{ afterEach: throwing(new Error('no')) }] } },
    ],
    [
      'an irreversible down',
      [],
      { command: 'down', decant: { migrations: [{ name: '001_base', up: () => undefined }] } },
    ],
    [
      'a down that throws',
      [],
      { command: 'down', decant: { migrations: [up('001_base', '', { down: throwing(new Error('no')) })] } },
    ],
    ['a missing migration', [], { command: 'down', decant: { migrations: [tableMigration('000_z')] } }],
    ['one that comes too late', [], { decant: { migrations: [tableMigration('000_z'), BASE] } }],
    ['an unknown name', [tableMigration('002_x')], { to: '9_nothing' }],
    ['two of one name', [tableMigration('002_x'), tableMigration('002_x')]],
    ['what is no migration', [{ name: '002_x' } as never]],
    [
      'what cannot be built',
      [
        class {
          constructor(readonly what: string) {}
          up(): void {
            return;
          }
        } as never,
      ],
    ],
  ])('fails in a dry run with the same message and exit code: %s', async (_what, migrations, trying = {}) => {
    const { command = 'up', decant = {}, ...options } = trying;
    const before = dumpOf(file, folder);
    const said = async (): Promise<DecantError> => {
      const report = tryOut(migrations, trying);
      return (await report.then(
        ({ error }) => error,
        (error: unknown) => error,
      )) as DecantError;
    };
    const tried = await said();
    expect(dumpOf(file, folder)).toEqual(before);
    const service = serviceFor({ database: db, migrations: [BASE, ...migrations], ...decant });
    const real = (await rejectionOf(service[command](options))) as DecantError;
    expect(factsOf(tried)).toEqual(factsOf(real));
  });

  it('says so, and that nothing was changed', async () => {
    const { error, steps } = await tryOut([...GOOD, FAILING, tableMigration('005_e')]);
    expect(error).toMatchObject({
      code: 'DECANT_MIGRATION_FAILED',
      hint: 'This was a dry run: nothing was changed. Mend the migration and run decant migrate:up again; the database is as it was before it.',
      failure: { rolledBack: 'all', completed: [] },
    });
    expect(steps.map(({ name, outcome, reason }) => [name, outcome, reason])).toEqual([
      ['002_teams', 'would apply', null],
      ['003_users', 'would apply', null],
      ['004_bad', 'fails', null],
      ['005_e', 'not tried', '004_bad fails before it'],
    ]);
  });

  it('fails with the lock of another process as it would', async () => {
    other.exec('BEGIN IMMEDIATE');
    const tried = (await rejectionOf(tryOut(GOOD))) as DecantError;
    const real = (await rejectionOf(
      serviceFor({ database: db, migrations: [BASE, ...GOOD] }).up(),
    )) as DecantError;
    other.exec('ROLLBACK');
    expect(factsOf(tried)).toEqual(factsOf(real));
    expect(tried.exitCode).toBe(5);
  });
});

function throwing(what: unknown): () => never {
  return () => {
    throw what;
  };
}

function withoutTimes(report: DryRunReport): object {
  const text = JSON.stringify(report, (key, value: unknown) => (key === 'durationMs' ? 0 : value));
  return JSON.parse(text) as object;
}

function factsOf(error: DecantError): object {
  const { name, code, exitCode, message } = error;
  const { failure } = error as MigrationFailedError;
  return {
    name,
    code,
    exitCode,
    message,
    sqlite: failure?.sqliteCode,
    line: failure?.line,
  };
}

function filling(handle: Connection): void {
  batch(handle, { table: 'posts', size: 1, set: { body: "'new'" } });
}

describe('what would go well', () => {
  beforeEach(() => open());
  const ORPHANS = declared('002_x', { foreignKeyCheck: 'none' }, 'UPDATE posts SET user = 99');
  const declaring = (name: string, transaction: 'batches', body: (handle: Connection) => void) => {
    const migrationOf = declared(name, { transaction }, '');
    Object.assign((migrationOf as { prototype: object }).prototype, { up: body });
    return migrationOf;
  };
  it.each<[string, readonly MigrationDefinition[]]>([
    ["a violation that is a predecessor's", [ORPHANS, up('003_y', 'UPDATE posts SET body = 1')]],
    [
      "a loss that is a predecessor's",
      [
        declared('002_x', { expectLoss: ['pairs'] }, 'DELETE FROM pairs'),
        up('003_y', 'UPDATE pairs SET b = 1'),
      ],
    ],
    [
      'a rollback to a savepoint of its own',
      [up('002_x', `SAVEPOINT mine; INSERT INTO pairs VALUES (7, 7); ROLLBACK TO mine; RELEASE mine`)],
    ],
    [
      'CASE … END, and a trigger that ends',
      [
        up(
          '002_x',
          `CREATE TRIGGER t AFTER INSERT ON pairs BEGIN UPDATE pairs SET b = CASE b WHEN 1 THEN 2 END; END`,
        ),
      ],
    ],
    [
      'transaction()',
      [up('002_x', (handle) => handle.transaction(() => void handle.exec('CREATE TABLE t (x)'))())],
    ],
    [
      'a rebuild by alterTable()',
      [up('002_x', (handle) => void alterTable(handle, 'posts', (t) => void t.setType('body', 'TEXT')))],
    ],
    ['batches in one transaction', [up('002_x', filling)]],
    [
      'batches that are committed',
      [declaring('002_x', 'batches', filling), up('003_y', 'CREATE TABLE t (x)')],
    ],
  ])('goes well in a dry run, here and on a copy: %s', async (_what, migrations) => {
    const before = dumpOf(file, folder);
    for (const on of ['transaction', 'copy'] as const) {
      const { error, steps } = await tryOut(migrations, { on });
      expect({ on, error }).toEqual({ on, error: null });
      expect(steps.map(({ outcome }) => outcome)).toEqual(migrations.map(() => 'would apply'));
    }
    expect(dumpOf(file, folder)).toEqual(before);
    await serviceFor({ database: db, migrations: [BASE, ...migrations] }).up();
  });

  it('where a statement that gives no rows is asked for some, and that is swallowed', async () => {
    const asking = up('002_x', (handle) => {
      expect(() => handle.prepare('COMMIT').all()).toThrow(/does not return data/);
      expect(() => handle.pragma('user_version; COMMIT')).toThrow(/more than one statement/);
    });
    expect((await tryOut([asking])).error).toBeNull();
    await serviceFor({ database: db, migrations: [BASE, asking] }).up();
  });

  it('tells of all the batches of a migration together', async () => {
    const { steps } = await tryOut([declaring('002_x', 'batches', filling)]);
    expect(steps[0]).toMatchObject({ rows: [{ table: 'posts', updated: 3 }] });
  });
});

describe('the report of a dry run', () => {
  beforeEach(() => open());

  it('says of each migration what it did', async () => {
    const { steps, on, error } = await tryOut(GOOD);
    expect({ on, error }).toEqual({ on: 'transaction', error: null });
    expect(steps[1]).toEqual({
      name: '003_users',
      direction: 'up',
      outcome: 'would apply',
      reason: null,
      durationMs: expect.any(Number),
      statements: [
        expect.objectContaining({
          sql: 'ALTER TABLE users ADD COLUMN team REFERENCES teams (id)',
          count: 1,
          rows: 0,
        }),
        expect.objectContaining({ sql: 'UPDATE users SET team = 1', count: 1, rows: 2 }),
        expect.objectContaining({
          sql: 'DELETE FROM posts WHERE id = 1',
          count: 1,
          rows: 1,
          indirectRows: 1,
        }),
      ],
      rows: [
        { table: 'users', inserted: 0, updated: 2, deleted: 0 },
        { table: 'posts', inserted: 0, updated: 0, deleted: 1 },
      ],
      schema: expect.stringMatching(/^@@ [^]*\n\+ {2}team REFERENCES teams\(id\)\n/),
      losses: 'nothing lost',
      foreignKeys: 'no new violation',
    });
  });

  it('says what was run until it failed, and what the guards found', async () => {
    const bound = up('002_x', (handle) => {
      const update = handle.prepare('UPDATE posts SET user = ? WHERE id = ?');
      for (const id of [1, 2]) update.run(99, id);
    });
    const { steps, error } = await tryOut([bound]);
    expect(error).toMatchObject({ code: 'DECANT_FOREIGN_KEY' });
    expect(steps[0]).toMatchObject({
      outcome: 'fails',
      statements: [
        { sql: 'UPDATE posts SET user = ? WHERE id = ?', count: 2, rows: 2, values: ['99, 1', '99, 2'] },
      ],
      losses: null,
      foreignKeys: '2 rows of posts (user) without a row of users',
    });
  });

  it('is the same on a copy', async () => {
    const here = withoutTimes(await tryOut(GOOD));
    expect(withoutTimes(await tryOut(GOOD, { on: 'copy' }))).toEqual({ ...here, on: 'copy' });
  });

  it('of declared rules says what they let pass', async () => {
    const rules = { expectLoss: ['awkward'], foreignKeyCheck: 'none' };
    const { steps } = await tryOut([declared('002_x', rules, 'UPDATE posts SET user = 99')]);
    expect(steps[0]).toMatchObject({
      losses: 'nothing lost but what expectLoss declares (awkward)',
      foreignKeys: "not checked (foreignKeyCheck: 'none')",
    });
  });

  it('is refused where the place is none', async () => {
    expect(await rejectionOf(tryOut(GOOD, { on: 'moon' as never }))).toMatchObject({
      code: 'DECANT_USAGE',
      message: "on must be 'transaction' or 'copy', not moon.",
    });
  });

  it('is empty where there is nothing to do', async () => {
    expect(await tryOut([])).toMatchObject({ steps: [], error: null });
  });

  it('is frozen, and names the hooks that are part of a migration', async () => {
    const told: string[] = [];
    const report = await tryOut(GOOD, {
      decant: {
        hooks: [
          {
            beforeRun: () => void told.push('beforeRun'),
            beforeEach: (step) => void told.push(step.name),
            afterRun: () => void told.push('afterRun'),
            onError: () => void told.push('onError'),
          },
        ],
      },
    });
    expect(told).toEqual(['002_teams', '003_users']);
    expect(report.hooks).toEqual([{ name: 'number 1', calls: { beforeEach: 2 } }]);
    expect(Object.isFrozen(report) && Object.isFrozen(report.steps)).toBe(true);
  });

  it('of a rollback shows what is undone', async () => {
    const { steps } = await tryOut([], { command: 'down' });
    expect(steps).toMatchObject([
      {
        name: '001_base',
        direction: 'down',
        outcome: 'would roll back',
        schema: expect.stringMatching(/^-CREATE VIEW emails/m),
      },
    ]);
  });

  it('runs prepare(), and hands out a handle that dies', async () => {
    let prepared = 0;
    let late: Connection | undefined;
    const body = up('002_x', (handle) => void (late = handle), { prepare: async () => void (prepared += 1) });
    await tryOut([body]);
    expect(prepared).toBe(1);
    expect(() => late?.exec('CREATE TABLE late (x)')).toThrow(/has ended/);
  });
});

function attaching(how: string, statement = `ATTACH ${how} AS shop`): MigrationDefinition {
  return up(
    '002_x',
    `${statement}; CREATE TABLE IF NOT EXISTS shop.goods (x); INSERT INTO shop.goods VALUES (1)`,
  );
}

describe('another database that a body attaches', () => {
  let shop: string;

  beforeEach(async () => {
    await open();
    shop = join(folder, 'shop.db');
    new Database(shop).exec('CREATE TABLE goods (x)').close();
  });

  it('is as it was after a dry run in a transaction, and not in the way of the real one', async () => {
    const migrations = [BASE, attaching(`'${shop}'`)];
    const before = dumpOf(shop, folder);
    expect((await serviceFor({ database: db, migrations }).dryRun('up')).error).toBeNull();
    expect(dumpOf(shop, folder)).toEqual(before);
    await serviceFor({ database: db, migrations }).up();
    other.exec(`ATTACH '${shop}' AS shop`);
    expect(other.prepare('SELECT x FROM shop.goods').pluck().all()).toEqual([1]);
  });

  it.each([
    ['by a text', (path: string) => attaching(`'${path}'`)],
    ['in other words', (path: string) => attaching('', `/**/ aTTach database "${path}" as shop`)],
    ['where one in memory seems to be meant', (path: string) => attaching(`'' || '${path}'`)],
    [
      'by a bound value',
      (path: string) => up('002_x', (handle) => void handle.prepare('ATTACH ? AS shop').run(path)),
    ],
    [
      'without a transaction',
      (path: string) =>
        declared('002_x', { transaction: false }, `ATTACH '${path}' AS s; INSERT INTO s.goods VALUES (1)`),
    ],
  ])('is refused on a copy, as it is none: %s', async (_what, migrationOf) => {
    const before = [dumpOf(file, folder), dumpOf(shop, folder)];
    const { error } = await tryOut([migrationOf(shop)], { on: 'copy' });
    expect(error?.message).toMatch(/^Migration 002_x failed: ATTACH is refused on a copy/);
    expect([dumpOf(file, folder), dumpOf(shop, folder)]).toEqual(before);
  });

  it.each([`':memory:'`, `''`])('may be on a copy what no file is: %s', async (how) => {
    expect((await tryOut([attaching(how)], { on: 'copy' })).error).toBeNull();
  });
});

describe('what cannot be tried in one transaction', () => {
  beforeEach(() => open());
  const VACUUM = declared('002_vacuum', { transaction: false }, 'VACUUM; CREATE TABLE made (x)');
  const ENFORCED = declared(
    '004_enforced',
    { foreignKeys: 'enforced', expectLoss: ['posts'] },
    'DELETE FROM users WHERE id = 2',
  );

  it('is named, and those after it are tried', async () => {
    const { steps, error } = await tryOut([
      VACUUM,
      tableMigration('003_c'),
      ENFORCED,
      tableMigration('005_e'),
    ]);
    expect(error).toBeNull();
    expect(steps.map(({ name, outcome, reason }) => [name, outcome, reason])).toEqual([
      ['002_vacuum', 'not tried', 'it runs without a transaction'],
      ['003_c', 'would apply', null],
      ['004_enforced', 'not tried', 'it wants foreign keys enforced, and they are off here'],
      ['005_e', 'would apply', null],
    ]);
  });

  it('is offered on a copy, where a later one fails that may have needed it', async () => {
    const needing = up('003_c', 'INSERT INTO made VALUES (1)');
    const { error } = await tryOut([VACUUM, needing]);
    expect(error).toMatchObject({
      message: 'Migration 003_c failed: no such table: made',
      hint: expect.stringMatching(
        /^This was a dry run: nothing was changed\. 002_vacuum could not be tried before it, which may be why: --on-copy tries all\. Mend/,
      ),
    });
    const copied = await tryOut([VACUUM, needing, ENFORCED], { on: 'copy' });
    expect(copied.steps.map(({ outcome }) => outcome)).toEqual(['would apply', 'would apply', 'would apply']);
  });

  it('depends on the first that can: foreign keys are as that one wants them', async () => {
    const { steps } = await tryOut([VACUUM, ENFORCED, tableMigration('005_e')]);
    expect(steps.map(({ outcome }) => outcome)).toEqual(['not tried', 'would apply', 'not tried']);
    expect(steps[1]?.statements.at(-1)).toMatchObject({ rows: 1, indirectRows: 2 });
  });
});

describe('a copy', () => {
  beforeEach(() => open());

  it.each<[string, MigrationDefinition[]]>([
    ['success', []],
    ['failure', [FAILING]],
  ])('is in a folder for temporary files, and gone after %s', async (_what, more) => {
    let seen = '';
    const look = up('002_x', (handle) => {
      seen = dirname(handle.name);
      if (!existsSync(seen)) throw new Error('it is not there');
    });
    const { error } = await tryOut([look, ...more], { on: 'copy' });
    expect(error === null).toBe(more.length === 0);
    expect(seen.startsWith(join(tmpdir(), 'decant-dry-run-'))).toBe(true);
    expect(existsSync(seen)).toBe(false);
  });

  it('of a database in memory has what that holds', async () => {
    const memory = new Database(':memory:');
    await serviceFor({ database: memory, migrations: [BASE] }).up();
    const report = await serviceFor({ database: memory, migrations: [BASE, ...GOOD] }).dryRun('up', {
      on: 'copy',
    });
    expect(report).toMatchObject({
      error: null,
      steps: [{ outcome: 'would apply' }, { outcome: 'would apply' }],
    });
    expect(tablesOf(memory)).not.toContain('teams');
    memory.close();
  });

  it('is made beside writers, and without their lock', async () => {
    other.exec('BEGIN IMMEDIATE; INSERT INTO there VALUES (1)');
    expect((await tryOut(GOOD, { on: 'copy' })).error).toBeNull();
    other.exec('COMMIT');
  });

  (canMountDisk() ? it : it.skip)(
    'goes beside the database where the folder for temporary files is too small',
    async () => {
      db.exec('CREATE TABLE big AS SELECT randomblob(3000000) AS x');
      const temporary = join(makeFolder({ 'tmp/.keep': '' }), 'tmp');
      const text = 'export const up = (db) => db.exec(`CREATE TABLE "${db.name}" (x)`);';
      const directory = makeFolder({ '002_x.mjs': text });
      mount('-t', 'tmpfs', '-o', 'size=1m', 'decant-test', temporary);
      try {
        const argv = [
          'migrate:up',
          '-d',
          file,
          '--dir',
          directory,
          '--missing',
          'allow',
          '--dry-run',
          '--on-copy',
        ];
        const { stdout } = await runDecant(argv, { env: { TMPDIR: temporary } });
        expect(stdout).toContain(`"${join(folder, 'decant-dry-run-')}`);
      } finally {
        spawnSync('umount', [temporary]);
      }
      expect(readdirSync(folder).filter((name) => name.startsWith('decant'))).toEqual([]);
    },
  );
});

describe('a service without a database', () => {
  it('has no dry run', async () => {
    await open();
    const parts = [
      new ListSource([]),
      new InMemoryMigrationRepository(),
      new InMemoryTransactionManager(),
    ] as const;
    const service = new MigrationService(...parts, { create: () => [] }, STRICT);
    expect(await rejectionOf(service.dryRun('up'))).toMatchObject({ code: 'DECANT_USAGE' });
    expect(recordedIn(db)).toEqual(['001_base']);
  });
});
