import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Plan from '../../src/commands/migrate/plan.js';
import Up from '../../src/commands/migrate/up.js';
import { migration, type MigrationOptions } from '../../src/domain/decorator.js';
import {
  Migration,
  type Database as Connection,
  type MigrationClass,
  type MigrationDefinition,
} from '../../src/domain/migration.js';
import type { PrerequisiteError } from '../../src/errors.js';
import * as functions from '../../src/functions.js';
import { MigrationService } from '../../src/services/migration-service.js';
import { SqliteTransactionManager } from '../../src/services/sqlite-transaction-manager.js';
import { InMemoryMigrationRepository, InMemoryTransactionManager } from '../../src/testing.js';
import { ListSource } from '../../src/services/list-source.js';
import { ContainerMigrationFactory } from '../../src/build.js';
import { STRICT } from '../../src/domain/policy.js';
import { jsonErrorOf, runCommand } from '../helpers/command.js';
import { leaveKilled, openTwice, recordedIn, tablesOf } from '../helpers/database.js';
import { errorOf, rejectionOf } from '../helpers/errors.js';
import { makeFolder, printsOf } from '../helpers/files.js';
import { serviceFor, tableMigration } from '../helpers/migrations.js';

let folder: string;
let db: Connection;
let other: Connection;

beforeEach(() => {
  ({ folder, db, other } = openTwice());
});

afterEach(() => {
  db.close();
  other.close();
});

type Check = (db: Connection) => unknown;

function checked(name: string, check: Check): MigrationDefinition {
  return { ...tableMigration(name), check };
}

function requiring(name: string, requires: NonNullable<MigrationOptions['requires']>): MigrationClass {
  @migration({ name, requires })
  class Requiring extends Migration {
    up(handle: Connection): void {
      handle.exec(`CREATE TABLE "${name.slice(4)}" (id INTEGER PRIMARY KEY)`);
    }
    override down(handle: Connection): void {
      handle.exec(`DROP TABLE "${name.slice(4)}"`);
    }
  }
  return Requiring;
}

function service(...migrations: readonly MigrationDefinition[]): MigrationService {
  return serviceFor({ database: db, migrations, backup: 'never' });
}

const unmetIn = async (promise: Promise<unknown>): Promise<readonly string[]> => {
  const error = (await rejectionOf(promise)) as PrerequisiteError;
  expect(error).toMatchObject({ code: 'DECANT_PREREQUISITE', exitCode: 1 });
  return error.unmet.map(({ migration: name, what, message }) => `${name} ${what}: ${message}`);
};

describe('the prerequisites of a plan', () => {
  it('are checked for the whole of it, before anything is prepared, backed up or run, and told together', async () => {
    const done: string[] = [];
    db.exec('CREATE TABLE kept (x)'); // so that there is something to back up
    const first = { ...tableMigration('001_a'), prepare: () => void done.push('prepared') };
    const all = [
      first,
      requiring('002_b', { sqlite: '>=99', freeSpace: 1e18, journalMode: 'delete' }),
      checked('003_c', () => 'there is nothing to go on'),
    ];
    const before = printsOf(folder);
    const loud = serviceFor({ database: db, migrations: all });
    const expected = [
      expect.stringMatching(/^002_b sqlite: SQLite must be >=99, and is 3\.\d+\.\d+$/),
      '002_b journalMode: the journal mode must be delete, and is wal',
      expect.stringMatching(
        /^002_b freeSpace: 1000000000.0 GB must be free on the disk of the database, and .* are$/,
      ),
      '003_c check: there is nothing to go on',
    ];
    expect(await unmetIn(loud.up({ onProgress: () => void done.push('progress') }))).toEqual(expected);
    expect(await unmetIn(loud.plan('up'))).toEqual(expected);
    expect(done).toEqual([]);
    expect(printsOf(folder)).toEqual(before);
    expect(tablesOf(other)).toEqual(['kept']);
  });

  it('are those of the planned migrations alone, and once met they hold nothing up', async () => {
    const all = [
      requiring('001_a', { sqlite: '>=3.40', foreignKeys: 'on', journalMode: 'wal', freeSpace: '2x' }),
      checked('002_b', () => 'not yet'),
    ];
    await service(...all).up({ to: '001_a' });
    expect(recordedIn(other)).toEqual(['001_a']);
  });

  it('hold for both directions, but for the check, which is for going up', async () => {
    let asked = 0;
    const check = (): void => void (asked += 1);
    const all = (journalMode: 'wal' | 'delete'): MigrationDefinition[] => [
      requiring('001_a', { journalMode }),
      checked('002_b', check),
    ];
    await service(...all('wal')).up();
    expect(asked).toBe(1);
    await service(...all('wal')).redo();
    await service(...all('delete')).down();
    expect(asked).toBe(1);
    for (const command of ['down', 'redo', 'reset'] as const) {
      expect(await unmetIn(service(...all('delete'))[command]())).toEqual([
        '001_a journalMode: the journal mode must be delete, and is wal',
      ]);
    }
    expect(recordedIn(other)).toEqual(['001_a']);
  });

  it('see foreign keys as they are', async () => {
    db.pragma('foreign_keys = OFF');
    db.exec(
      'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p); INSERT INTO c VALUES (1), (2)',
    );
    const all = [requiring('001_a', { foreignKeys: 'clean' }), requiring('002_b', { foreignKeys: 'on' })];
    expect(await unmetIn(service(...all).up())).toEqual([
      '001_a foreignKeys: no row may violate a foreign key, and there are 2 rows of c (p) without a row of p',
      '002_b foreignKeys: the connection must enforce foreign keys, and does not',
    ]);
    db.exec('DELETE FROM c');
    db.pragma('foreign_keys = ON');
    expect((await service(...all).up()).steps).toHaveLength(2);
  });

  it('name a range that is none', async () => {
    expect(await unmetIn(service(requiring('001_a', { sqlite: '3.53 or later' })).up())).toEqual([
      "001_a sqlite: '3.53 or later' is no range of versions",
    ]);
  });

  it('are not asked where nothing has any: a plan can be made inside a transaction, as ever', async () => {
    db.exec('BEGIN');
    expect((await service(tableMigration('001_a')).plan('up')).steps).toHaveLength(1);
    expect(await rejectionOf(service(checked('001_a', () => undefined)).plan('up'))).toMatchObject({
      code: 'DECANT_DATABASE',
    });
    expect(db.inTransaction).toBe(true);
    db.exec('ROLLBACK');
  });

  it('hold for the synchronous functions, too', () => {
    const builtIn = functions.migrations.splice(0, Infinity, checked('001_a', () => 'no') as Migration);
    try {
      expect(errorOf(() => functions.runPendingMigrations(db))).toMatchObject({
        code: 'DECANT_PREREQUISITE',
      });
      expect(tablesOf(other)).toEqual([]);
    } finally {
      functions.migrations.splice(0, Infinity, ...builtIn);
    }
  });

  it('do not hold up a service without a database', async () => {
    const repository = new InMemoryMigrationRepository();
    const mocked = new MigrationService(
      new ListSource([{ name: '001_a', up: () => undefined, check: () => 'no' }]),
      repository,
      new InMemoryTransactionManager(),
      new ContainerMigrationFactory(),
      STRICT,
    );
    expect((await mocked.up()).steps).toHaveLength(1);
  });
});

describe('a check()', () => {
  it.each<[string, Check, string | undefined]>([
    ['that returns nothing', () => undefined, undefined],
    ['that returns an empty text', () => '', undefined],
    ['that returns what it looked at', (handle) => handle.prepare('SELECT 1').all(), undefined],
    ['that returns a text', () => 'no', 'no'],
    [
      'that throws',
      () => {
        throw new Error('broken');
      },
      'check() failed: broken',
    ],
    [
      'that returns a promise',
      async () => undefined,
      'check() returned a promise: take `async` off it, and say by a text what is not so',
    ],
    [
      'that writes',
      (handle) => handle.exec('CREATE TABLE mine (x)'),
      'check() failed: attempt to write a readonly database',
    ],
    [
      'that makes itself able to write',
      (handle) => handle.pragma('query_only = OFF'),
      'check() failed: a look at the database cannot set query_only',
    ],
    [
      'that does so in another way',
      (handle) => handle.exec('SELECT 1; PRAGMA main."QUERY_ONLY"(0); CREATE TABLE mine (x)'),
      'check() failed: a look at the database cannot set query_only',
    ],
    ['that ends the look', (handle) => handle.exec('COMMIT'), 'check() ended the transaction'],
    [
      'that reads a table that is not there',
      (handle) => handle.exec('SELECT * FROM nowhere'),
      'check() failed: no such table: nowhere',
    ],
  ])('%s', async (_what, check, expected) => {
    const up = service(checked('001_a', check)).up();
    if (expected === undefined) expect((await up).steps).toHaveLength(1);
    else expect(await unmetIn(up)).toEqual([`001_a check: ${expected}`]);
    expect(tablesOf(other)).toEqual(expected === undefined ? ['a'] : []);
    expect(db.pragma('query_only', { simple: true })).toBe(0);
    expect(db.inTransaction).toBe(false);
  });

  it('sees the database as it is before the run, and as one for all of them', async () => {
    const seen: unknown[] = [];
    const look = (handle: Connection): void => {
      seen.push(handle.prepare('SELECT count(*) FROM sqlite_schema').pluck().get());
      if (seen.length === 1) other.exec('CREATE TABLE meanwhile (x)');
    };
    await service(checked('001_a', look), checked('002_b', look)).up();
    expect(seen).toEqual([0, 0]);
  });

  it('leaves a connection that could only read as it was', () => {
    db.pragma('query_only = ON');
    expect(new SqliteTransactionManager(db).look(() => 1)).toBe(1);
    expect(db.pragma('query_only', { simple: true })).toBe(1);
  });

  it('has a handle that dies with it', () => {
    let kept: Connection | undefined;
    new SqliteTransactionManager(db).look((handle) => (kept = handle));
    expect(errorOf(() => kept?.exec('CREATE TABLE late (x)'))).toMatchObject({ code: 'DECANT_DEAD_HANDLE' });
  });

  it('is no failed check where the database is locked', async () => {
    db.pragma('journal_mode = DELETE');
    const check = (handle: Connection): unknown => {
      other.exec('BEGIN EXCLUSIVE');
      return tablesOf(handle);
    };
    expect(await rejectionOf(service(checked('001_a', check)).up())).toMatchObject({
      code: 'DECANT_LOCKED',
      exitCode: 5,
    });
    other.exec('ROLLBACK');
    expect(db.pragma('query_only', { simple: true })).toBe(0);
  });

  it('belongs to a class as well', async () => {
    @migration({ name: '001_a' })
    class Checked extends Migration {
      up(): void {}
      override check(handle: Connection): string | void {
        if (handle.prepare('SELECT 1 FROM sqlite_schema').get() === undefined)
          return `${this.name} needs a table`;
      }
    }
    expect(await unmetIn(service(Checked).up())).toEqual(['001_a check: 001_a needs a table']);
    db.exec('CREATE TABLE t (x)');
    expect((await service(Checked).up()).steps).toHaveLength(1);
  });
});

describe('by the CLI', () => {
  const MODULE = `export { up, down } from '../plain.mjs';
export const check = () => 'the moon is not full';
`;
  const files = {
    'plain.mjs': `export const up = (db) => db.exec('CREATE TABLE a (x)'); export const down = () => undefined;`,
    'migrations/001_a.mjs': MODULE,
  };

  it.each([
    ['migrate:plan', Plan],
    ['migrate:up', Up],
  ])('%s refuses a plan whose prerequisites are not met, and creates nothing', async (_name, command) => {
    const project = makeFolder(files);
    const before = printsOf(project);
    const ran = await runCommand(command, [
      '-d',
      `${project}/new.db`,
      '--dir',
      `${project}/migrations`,
      '--json',
    ]);
    expect(ran.exit).toBe(1);
    expect(jsonErrorOf(ran)).toMatchObject({
      code: 'DECANT_PREREQUISITE',
      message: 'Not begun: 001_a: the moon is not full.',
      unmet: [{ migration: '001_a', what: 'check', message: 'the moon is not full' }],
    });
    expect(printsOf(project)).toEqual(before);
  });

  const WAL = `import { Migration, migration } from ${JSON.stringify(join(import.meta.dirname, '../../src/index.ts'))};
export default class UseWal extends Migration { up(db) { db.exec('CREATE TABLE a (x)'); } }
migration({ requires: { journalMode: MODE, freeSpace: '1x' } })(UseWal);
`;

  it.each<[string, string, (file: string) => unknown]>([
    ['that is not there yet', "'wal'", () => undefined],
    ['that is empty', "'wal'", (file) => new Database(file).close()],
    ['that a killed process left', "'delete'", (file) => leaveKilled(file, 'delete')],
  ])('looks at a database %s as it will be', async (_what, mode, prepare) => {
    const project = makeFolder({ 'migrations/003_a.ts': WAL.replace('MODE', mode) });
    await prepare(`${project}/app.db`);
    const flags = [
      '-d',
      `${project}/app.db`,
      '--dir',
      `${project}/migrations`,
      '--missing',
      'allow',
      '--json',
    ];
    expect((await runCommand(Plan, flags)).exit).toBeUndefined();
    expect((await runCommand(Up, flags)).exit).toBeUndefined();
  });
});
