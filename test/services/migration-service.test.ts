import { readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DecantOptions } from '../../src/container.js';
import { migration } from '../../src/domain/decorator.js';
import {
  Migration,
  type Database as Connection,
  type MigrationDefinition,
} from '../../src/domain/migration.js';
import type { OutOfOrderError } from '../../src/errors.js';
import type { Progress } from '../../src/domain/report.js';
import type { MigrationService } from '../../src/services/migration-service.js';
import { openTwice, recordedIn, tablesOf } from '../helpers/database.js';
import { errorOf, rejectionOf } from '../helpers/errors.js';
import { makeFolder, printsOf } from '../helpers/files.js';
import { serviceFor, tableMigration, tableModule } from '../helpers/migrations.js';

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

function listService(
  migrations: readonly MigrationDefinition[],
  options: DecantOptions = {},
): MigrationService {
  return serviceFor({ database: db, migrations, ...options });
}

function filesService(
  files: Readonly<Record<string, string>>,
  options: DecantOptions = {},
): [MigrationService, string] {
  const directory = makeFolder(files);
  return [serviceFor({ database: db, directory, ...options }), directory];
}

function outcomes(): string[] {
  return db
    .prepare("SELECT name || ' ' || direction || ' ' || outcome FROM _migrations_journal ORDER BY id")
    .pluck()
    .all() as string[];
}

const THREE = ['001_a', '002_b', '010_c'].map(tableMigration);

const HOSTILE: unknown = Object.defineProperty(new Error('x'), 'message', {
  get() {
    throw new Error('from the getter');
  },
});

function broken(name: string): MigrationDefinition {
  return {
    name,
    up(handle: Connection) {
      handle.exec('CREATE TABLE half (x)');
      handle.exec('INSERT INTO nowhere VALUES (1)');
    },
    down: () => undefined,
  };
}

describe('up', () => {
  it('applies what is pending in numeric order, each with its record, and says so', async () => {
    const report = await listService(THREE.toReversed()).up();
    expect(report).toMatchObject({
      command: 'up',
      warnings: [],
      runId: expect.stringMatching(/^[\da-f]{12}$/),
      steps: ['001_a', '002_b', '010_c'].map((name) => ({ name, direction: 'up', outcome: 'applied' })),
    });
    expect(recordedIn(other)).toEqual(['001_a', '002_b', '010_c']);
    expect(tablesOf(other)).toEqual(['a', 'b', 'c']);
  });

  it('does nothing, and creates nothing, when nothing is pending', async () => {
    const before = printsOf(folder);
    expect((await listService([]).up()).steps).toEqual([]);
    expect(printsOf(folder)).toEqual(before);
    const service = listService(THREE);
    await service.up();
    expect((await service.up()).steps).toEqual([]);
    expect(recordedIn(other)).toHaveLength(3);
  });

  it.each<[object, string[]]>([
    [{ to: '002_b' }, ['001_a', '002_b']],
    [{ steps: 1 }, ['001_a']],
    [{ steps: 99 }, ['001_a', '002_b', '010_c']],
  ])('%j applies %j', async (options, names) => {
    const report = await listService(THREE).up(options);
    expect(report.steps.map(({ name }) => name)).toEqual(names);
    expect(recordedIn(other)).toEqual(names);
  });

  it('R25: rolls a failure back with its record, tries no later one, keeps the earlier ones, and can be run again', async () => {
    const migrations = [tableMigration('001_a'), broken('002_b'), tableMigration('003_c')];
    const error = await rejectionOf(listService(migrations).up());
    expect(error).toMatchObject({
      code: 'DECANT_MIGRATION_FAILED',
      exitCode: 1,
      message: 'Migration 002_b failed: no such table: nowhere',
      failure: {
        migration: '002_b',
        direction: 'up',
        sql: 'INSERT INTO nowhere VALUES (1)',
        sqliteCode: 'SQLITE_ERROR',
        rolledBack: 'all',
        completed: ['001_a'],
      },
    });
    expect(recordedIn(other)).toEqual(['001_a']);
    expect(tablesOf(other)).toEqual(['a']);
    expect(outcomes()).toEqual(['001_a up applied', '002_b up failed']);

    migrations[1] = tableMigration('002_b');
    const report = await listService(migrations).up();
    expect(report.steps.map(({ name }) => name)).toEqual(['002_b', '003_c']);
    expect(tablesOf(other)).toEqual(['a', 'b', 'c']);
    expect(outcomes()).toEqual([
      '001_a up applied',
      '002_b up failed',
      '002_b up applied',
      '003_c up applied',
    ]);
  });

  it.each<[string, (handle: Connection) => unknown]>([
    ['throws', (handle) => handle.exec('BOGUS')],
    ['returns a promise', async () => undefined],
    ["ends the engine's transaction", (handle) => handle.exec('COMMIT')],
  ])('writes into the journal what the user is told of a body that %s', async (_how, up) => {
    const error = await rejectionOf(listService([{ name: '001_a', up }]).up());
    expect(other.prepare('SELECT outcome, error FROM _migrations_journal').all()).toEqual([
      { outcome: 'failed', error: (error as Error).message },
    ]);
    expect((error as Error).message).toMatch(/^Migration 001_a /);
  });

  it('keeps what a failure of COMMIT was about', async () => {
    db.exec('CREATE TABLE p (id PRIMARY KEY); CREATE TABLE c (p REFERENCES p DEFERRABLE INITIALLY DEFERRED)');
    @migration({ name: '001_orphan', foreignKeys: 'enforced', foreignKeyCheck: 'none' })
    class Orphan extends Migration {
      up(handle: Connection): void {
        handle.exec('INSERT INTO c VALUES (5)');
      }
    }
    expect(await rejectionOf(listService([Orphan]).up())).toMatchObject({
      code: 'DECANT_MIGRATION_FAILED',
      message: expect.stringContaining('FOREIGN KEY constraint failed'),
      failure: { sqliteCode: 'SQLITE_CONSTRAINT_FOREIGNKEY', rolledBack: 'all' },
    });
    expect(recordedIn(other)).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ['an error', new TypeError('mine'), 'mine'],
    ['a string', 'just text', 'just text'],
    ['nothing', undefined, 'undefined'],
    ['what looks like an error of SQLite', { code: 'SQLITE_BUSY' }, '[object Object]'],
    ['what has no text', Object.create(null), 'it threw something that cannot be shown'],
    ['what throws when it is looked at', HOSTILE, 'it threw something that cannot be shown'],
  ])('tells of %s that a body throws', async (_what, thrown, message) => {
    const thrower = {
      name: '001_a',
      up() {
        throw thrown;
      },
    };
    const error = await rejectionOf(listService([thrower]).up());
    expect((error as Error).message).toBe(`Migration 001_a failed: ${message}`);
    expect((error as Error).cause).toBe(thrown);
  });

  it('works on a connection whose integers are BigInts', async () => {
    db.defaultSafeIntegers(true);
    const service = listService(THREE);
    await service.up();
    await service.down();
    const { migrations } = await service.status();
    expect(migrations.map(({ applied }) => applied)).toEqual([true, true, false]);
    expect(recordedIn(other)).toEqual(['001_a', '002_b']);
  });

  it('refuses to run inside a transaction of the application, and does not touch it', async () => {
    db.exec('BEGIN; CREATE TABLE mine (x)');
    expect(await rejectionOf(listService(THREE).up())).toMatchObject({
      code: 'DECANT_DATABASE',
      message: expect.stringContaining('transaction is already open'),
    });
    expect(db.inTransaction).toBe(true);
    db.exec('COMMIT');
    expect(tablesOf(other)).toEqual(['mine']);
  });

  it('says that the database is locked while another connection writes, and does nothing', async () => {
    other.exec('BEGIN IMMEDIATE');
    expect(await rejectionOf(listService(THREE).up())).toMatchObject({ code: 'DECANT_LOCKED', exitCode: 5 });
    other.exec('ROLLBACK');
    expect(tablesOf(other)).toEqual([]);
  });

  it('says what was done when the database is locked in the middle of a run', async () => {
    const onProgress = (progress: Progress): void => {
      if (progress.type === 'start' && progress.index === 1) other.exec('BEGIN IMMEDIATE');
    };
    const error = await rejectionOf(listService(THREE).up({ onProgress }));
    other.exec('ROLLBACK');
    expect(error).toMatchObject({
      code: 'DECANT_LOCKED',
      message: expect.stringContaining('Done before that: 001_a.'),
    });
    expect(recordedIn(other)).toEqual(['001_a']);
  });

  it('skips what another process applied meanwhile', async () => {
    const rival = serviceFor({ database: other, migrations: THREE });
    const slow = { ...tableMigration('001_a'), prepare: async () => void (await rival.up({ steps: 2 })) };
    const report = await listService([slow, ...THREE.slice(1)]).up();
    expect(report.steps.map(({ outcome }) => outcome)).toEqual(['skipped', 'skipped', 'applied']);
    expect(recordedIn(other)).toEqual(['001_a', '002_b', '010_c']);
    expect(outcomes()).toEqual(['001_a up applied', '002_b up applied', '010_c up applied']);
  });
});

describe('down, reset and redo', () => {
  beforeEach(async () => {
    await listService(THREE).up();
  });

  it.each<[object, string[]]>([
    [{}, ['010_c']],
    [{ name: '010_c' }, ['010_c']],
    [{ steps: 2 }, ['010_c', '002_b']],
    [{ to: '001_a' }, ['010_c', '002_b']],
  ])('down(%j) rolls back %j', async (options, names) => {
    const report = await listService(THREE).down(options);
    expect(report.steps.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual(
      names.map((name) => `${name} rolled-back`),
    );
    expect(recordedIn(other)).toEqual(['001_a', '002_b', '010_c'].filter((name) => !names.includes(name)));
  });

  it('refuses to roll back one that later ones are applied after, and names them', async () => {
    const error = await rejectionOf(listService(THREE).down({ name: '001_a' }));
    expect(error).toMatchObject({ code: 'DECANT_LATER_MIGRATIONS', later: ['002_b', '010_c'] });
    expect((error as Error).message).toContain('later migrations depend on it (002_b, 010_c)');
    expect(recordedIn(other)).toHaveLength(3);
  });

  it('reset rolls back all, newest first', async () => {
    const report = await listService(THREE).reset();
    expect(report.steps.map(({ name }) => name)).toEqual(['010_c', '002_b', '001_a']);
    expect(recordedIn(other)).toEqual([]);
    expect(tablesOf(other)).toEqual([]);
  });

  it('redo rolls the last one back and applies it again', async () => {
    const report = await listService(THREE).redo();
    expect(report.steps.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
      '010_c rolled-back',
      '010_c applied',
    ]);
    expect(recordedIn(other)).toEqual(['001_a', '002_b', '010_c']);
    expect(outcomes().slice(-2)).toEqual(['010_c down rolled-back', '010_c up applied']);
  });

  it('a failure of down leaves the change and its record, and keeps what was rolled back before', async () => {
    const migrations = [
      THREE[0] as MigrationDefinition,
      {
        ...tableMigration('002_b'),
        down(handle: Connection) {
          handle.exec('DROP TABLE b');
          throw new Error('no way back');
        },
      },
      THREE[2] as MigrationDefinition,
    ];
    expect(await rejectionOf(listService(migrations).reset())).toMatchObject({
      failure: { migration: '002_b', direction: 'down', rolledBack: 'all', completed: ['010_c'] },
    });
    expect(recordedIn(other)).toEqual(['001_a', '002_b']);
    expect(tablesOf(other)).toEqual(['a', 'b']);
  });
});

describe('irreversible migrations', () => {
  @migration({ name: '001_declared', irreversible: 'the old values are gone' })
  class Declared extends Migration {
    up(handle: Connection): void {
      handle.exec('CREATE TABLE a (x)');
    }
    override down(handle: Connection): void {
      handle.exec('DROP TABLE a');
    }
  }

  @migration({ name: '001_without_down' })
  class WithoutDown extends Migration {
    up(handle: Connection): void {
      handle.exec('CREATE TABLE a (x)');
    }
  }

  it.each<[string, MigrationDefinition, string, string]>([
    ['one that says so', Declared, '001_declared', 'the old values are gone'],
    ['a class without down()', WithoutDown, '001_without_down', 'it has no down()'],
    ['an object without down()', { name: '001_x', up: () => undefined }, '001_x', 'it has no down()'],
  ])('nothing at all is rolled back when the plan needs %s', async (_what, definition, name, reason) => {
    const service = listService([definition, tableMigration('002_b')]);
    await service.up();
    const before = printsOf(folder);
    for (const refused of [service.reset(), service.down({ steps: 2 }), service.plan('reset')]) {
      expect(await rejectionOf(refused)).toMatchObject({
        code: 'DECANT_IRREVERSIBLE',
        migration: name,
        reason,
      });
    }
    expect(printsOf(folder)).toEqual(before);
    expect((await service.down()).steps).toHaveLength(1);
  });
});

describe('prepare', () => {
  it('is awaited before the transaction begins, with the direction, and its result can be used', async () => {
    const seen: string[] = [];
    class Fetching extends Migration {
      rows: readonly number[] = [];
      override readonly name = '001_fetching';
      override async prepare(direction: string): Promise<void> {
        await Promise.resolve();
        seen.push(`${direction}, in transaction: ${db.inTransaction}`);
        other.exec('CREATE TABLE IF NOT EXISTS written_meanwhile (x)');
        this.rows = [1, 2, 3];
      }
      up(handle: Connection): void {
        handle.exec('CREATE TABLE a (x)');
        for (const row of this.rows) handle.prepare('INSERT INTO a VALUES (?)').run(row);
      }
      override down(handle: Connection): void {
        handle.exec('DROP TABLE a');
      }
    }
    const service = listService([new Fetching()]);
    await service.up();
    expect(other.prepare('SELECT count(*) FROM a').pluck().get()).toBe(3);
    await service.down();
    expect(seen).toEqual(['up, in transaction: false', 'down, in transaction: false']);
  });

  it('that fails keeps every migration of the run from running, and is told like any failure', async () => {
    const failing = { ...tableMigration('002_b'), prepare: () => Promise.reject(new Error('no network')) };
    const before = printsOf(folder);
    expect(await rejectionOf(listService([tableMigration('001_a'), failing]).up())).toMatchObject({
      code: 'DECANT_MIGRATION_FAILED',
      message: 'prepare() of Migration 002_b failed: no network',
      hint: 'Mend it and run again; nothing was begun.',
      failure: { migration: '002_b', rolledBack: 'not begun', completed: [] },
    });
    expect(printsOf(folder)).toEqual(before);
  });
});

it.each<[string, string]>([
  ['an error', "throw new Error('no network')"],
  ['a promise that is rejected', "return Promise.reject(new Error('no network'))"],
])('prepare() of a file that ends with %s is told with file and line, as not begun', async (_what, body) => {
  const [service, directory] = filesService({
    '001_a.mjs': `export const up = () => {};\nexport function prepare() {\n  ${body};\n}\n`,
  });
  expect(await rejectionOf(service.up())).toMatchObject({
    message: 'prepare() of Migration 001_a (001_a.mjs:3) failed: no network',
    failure: {
      file: join(directory, '001_a.mjs'),
      line: 3,
      direction: 'up',
      rolledBack: 'not begun',
      completed: [],
    },
  });
  expect(db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get()).toBe(0);
});

function outside(name: string, up: (handle: Connection) => void): MigrationDefinition {
  @migration({ name, transaction: false })
  class Outside extends Migration {
    up(handle: Connection): void {
      up(handle);
    }
    override down(handle: Connection): void {
      handle.exec('VACUUM');
    }
  }
  return Outside;
}

describe('migrations without a transaction', () => {
  it('can VACUUM and change the journal mode, and are recorded', async () => {
    const vacuum = outside('001_vacuum', (handle) => {
      handle.exec('VACUUM');
      handle.pragma('journal_mode = DELETE');
    });
    other.close();
    await listService([vacuum, tableMigration('002_b')]).up();
    expect(db.pragma('journal_mode', { simple: true })).toBe('delete');
    expect(recordedIn(db)).toEqual(['001_vacuum', '002_b']);
    const service = listService([vacuum, tableMigration('002_b')]);
    await service.reset();
    expect(recordedIn(db)).toEqual([]);
  });

  it('VACUUM fails in a migration with a transaction, and says how', async () => {
    const vacuum = { name: '001_vacuum', up: (handle: Connection) => handle.exec('VACUUM') };
    expect(await rejectionOf(listService([vacuum]).up())).toMatchObject({
      message: 'Migration 001_vacuum failed: cannot VACUUM from within a transaction',
      failure: { sql: 'VACUUM' },
    });
  });

  it('are not recorded when they fail, and without a backup nobody claims that they were rolled back', async () => {
    const failing = outside('001_x', (handle) => {
      handle.exec('CREATE TABLE stays (x)');
      throw new Error('half way');
    });
    expect(await rejectionOf(listService([failing], { backup: 'never' }).up())).toMatchObject({
      failure: { rolledBack: 'unknown' },
      hint: expect.stringContaining('without a transaction'),
    });
    expect(recordedIn(other)).toEqual([]);
    expect(tablesOf(other)).toEqual(['stays']);
    expect(outcomes()).toEqual(['001_x up failed']);
  });

  it('are skipped when another process applied them before or meanwhile, and are recorded once', async () => {
    const ran: string[] = [];
    const record = (name: string) => outside(name, () => void ran.push(name));
    const meanwhile = outside('002_b', () => {
      ran.push('002_b');
      other.exec("INSERT INTO _migrations (name) VALUES ('002_b')");
    });
    const onProgress = (progress: Progress): void => {
      if (progress.type === 'start' && progress.index === 0)
        other.exec("INSERT INTO _migrations (name) VALUES ('001_a')");
    };
    const { steps } = await listService([record('001_a'), meanwhile, record('003_c')]).up({ onProgress });
    expect(steps.map(({ outcome }) => outcome)).toEqual(['skipped', 'skipped', 'applied']);
    expect(ran).toEqual(['002_b', '003_c']);
    expect(recordedIn(other)).toEqual(['001_a', '002_b', '003_c']);
  });

  it('are recorded once they have run, even where another process has since applied a later one', async () => {
    const ran = outside('001_a', (handle) => {
      handle.exec('CREATE TABLE a (x)');
      other.exec("INSERT INTO _migrations (name) VALUES ('002_b')");
    });
    await listService([ran]).up();
    expect(recordedIn(other)).toEqual(['002_b', '001_a']);
    expect(outcomes()).toEqual(['001_a up applied']);
  });

  it('say so when they meet a lock, which is no failure to record', async () => {
    const locked = outside('002_b', (handle) => {
      other.exec('BEGIN IMMEDIATE');
      try {
        handle.exec('CREATE TABLE b (x)');
      } finally {
        other.exec('ROLLBACK');
      }
    });
    const error = await rejectionOf(listService([tableMigration('001_a'), locked], { backup: 'never' }).up());
    expect(error).toMatchObject({
      code: 'DECANT_LOCKED',
      exitCode: 5,
      message: 'Migration 002_b met a lock of another process: database is locked. Done before that: 001_a.',
      hint: expect.stringContaining('--lock-timeout'),
    });
    expect(outcomes()).toEqual(['001_a up applied']);
    expect(recordedIn(other)).toEqual(['001_a']);
  });

  it('are told of by an error of their own when they ran and could not be recorded', async () => {
    const done = tableMigration('001_a');
    await listService([done]).up();
    db.exec(
      `CREATE TRIGGER no BEFORE INSERT ON _migrations BEGIN SELECT RAISE(ABORT, 'not into this table'); END`,
    );
    const ran = outside('002_b', (handle) => handle.exec('CREATE TABLE b (x)'));
    const message = 'Migration 002_b ran, but was not recorded: ';
    expect(await rejectionOf(listService([done, ran]).up())).toMatchObject({
      code: 'DECANT_NOT_RECORDED',
      exitCode: 1,
      message: expect.stringMatching(new RegExp(`^${message}.*not into this table`)),
      hint: expect.stringContaining('once more with the next run'),
    });
    expect(tablesOf(other)).toEqual(['a', 'b']);
    expect(recordedIn(other)).toEqual(['001_a']);
    expect(outcomes()).toEqual(['001_a up applied', '002_b up failed']);
  });

  it('are told of as locked out when another process kept them from being recorded', async () => {
    const ran = outside('001_a', (handle) => {
      handle.exec('CREATE TABLE a (x)');
      other.exec('BEGIN IMMEDIATE');
    });
    const error = await rejectionOf(listService([ran]).up());
    other.exec('ROLLBACK');
    expect(error).toMatchObject({
      code: 'DECANT_NOT_RECORDED',
      exitCode: 5,
      message: `Migration 001_a ran, but was not recorded: ${db.name} is locked by another process.`,
    });
    expect(tablesOf(other)).toEqual(['a']);
    expect(recordedIn(other)).toEqual([]);
  });

  it('leave no transaction open on the connection when they fail inside one of their own', async () => {
    const failing = outside('001_x', (handle) => {
      handle.exec('BEGIN; CREATE TABLE gone (x)');
      throw new Error('half way');
    });
    await rejectionOf(listService([failing], { backup: 'never' }).up());
    expect(db.inTransaction).toBe(false);
    expect(tablesOf(other)).toEqual([]);
    expect(outcomes()).toEqual(['001_x up failed']);
  });
});

describe('bodies that break the rules', () => {
  it('one that is async is rolled back and refused, and what it goes on to do is not written', async () => {
    const late: unknown[] = [];
    let finished: Promise<void> | undefined;
    const asynchronous = {
      name: '001_async',
      up(handle: Connection) {
        finished = (async () => {
          handle.exec('CREATE TABLE early (x)');
          await Promise.resolve();
          late.push(errorOf(() => handle.exec('CREATE TABLE late (x)')));
        })();
        return finished;
      },
    };
    expect(await rejectionOf(listService([asynchronous]).up())).toMatchObject({
      code: 'DECANT_ASYNC_MIGRATION',
      message: 'Migration 001_async returned a promise or a generator: up() must be synchronous.',
      hint: expect.stringContaining('prepare()'),
      failure: { rolledBack: 'all' },
    });
    await finished;
    expect(late).toEqual([expect.objectContaining({ code: 'DECANT_DEAD_HANDLE' })]);
    expect(tablesOf(other)).toEqual([]);
    expect(recordedIn(other)).toEqual([]);
    expect(outcomes()).toEqual(['001_async up failed']);
  });

  it.each(['COMMIT', 'ROLLBACK', 'END', 'COMMIT; BEGIN'])(
    'one that runs %s is named and not recorded',
    async (sql) => {
      const ending = { name: '001_ending', up: (handle: Connection) => handle.exec(sql) };
      expect(await rejectionOf(listService([ending, tableMigration('002_b')]).up())).toMatchObject({
        code: 'DECANT_TRANSACTION_ENDED',
        message: expect.stringContaining("Migration 001_ending ended the engine's transaction"),
        failure: { rolledBack: 'unknown' },
      });
      expect(recordedIn(other)).toEqual([]);
      expect(tablesOf(other)).toEqual([]);
      expect(outcomes()).toEqual(['001_ending up failed']);
    },
  );

  it('one that swallows the error of its COMMIT is told of by that statement, and not by our savepoint', async () => {
    const swallowing = {
      name: '001_ending',
      up(handle: Connection) {
        try {
          handle.exec('COMMIT');
        } catch {
          return;
        }
      },
    };
    expect(await rejectionOf(listService([swallowing]).up())).toMatchObject({
      message:
        "Migration 001_ending ended the engine's transaction (COMMIT, ROLLBACK or END) and was not recorded.",
      failure: { sql: 'COMMIT', sqliteCode: undefined, rolledBack: 'unknown' },
    });
  });

  it('one that a trigger rolls back by RAISE(ROLLBACK) shows the message of the trigger', async () => {
    db.exec(
      `CREATE TABLE t (a); CREATE TRIGGER no BEFORE INSERT ON t BEGIN SELECT RAISE(ROLLBACK, 'over my dead body'); END`,
    );
    const raising = {
      name: '001_raising',
      up: (handle: Connection) => handle.exec('INSERT INTO t VALUES (1)'),
    };
    expect(await rejectionOf(listService([raising]).up())).toMatchObject({
      code: 'DECANT_MIGRATION_FAILED',
      message: 'Migration 001_raising failed: over my dead body',
      failure: { sql: 'INSERT INTO t VALUES (1)', rolledBack: 'all' },
    });
    expect(recordedIn(other)).toEqual([]);
  });

  it('one that leaves an iterator open is applied all the same', async () => {
    const open = {
      name: '001_open',
      up(handle: Connection) {
        handle.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)');
        handle.prepare('SELECT a FROM t').iterate().next();
      },
    };
    await listService([open]).up();
    expect(recordedIn(other)).toEqual(['001_open']);
  });

  it('one that closes the database is refused, and the database stays open', async () => {
    const closing = { name: '001_closing', up: (handle: Connection) => handle.close() };
    expect(await rejectionOf(listService([closing]).up())).toMatchObject({
      message: expect.stringContaining('cannot close the database'),
    });
    expect(db.open).toBe(true);
    expect(recordedIn(other)).toEqual([]);
  });
});

const deeplyFrozen = (value: unknown): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (Object.isFrozen(value) && Object.values(value).every((each) => deeplyFrozen(each)));

describe('reports', () => {
  it('are frozen through and through', async () => {
    const service = listService(THREE);
    const reports = [
      await service.plan('up', { steps: 1 }),
      await service.up(),
      await service.status(),
      await service.redo(),
      await service.down(),
      await service.reset(),
    ];
    expect(reports.map((report) => deeplyFrozen(report))).toEqual(reports.map(() => true));
  });

  it('progress is told for each step, synchronously, in the order of events', async () => {
    const told: string[] = [];
    const onProgress = (progress: Progress): void => {
      if (progress.type !== 'start' && progress.type !== 'done') return;
      const at = `${progress.index + 1}/${progress.total}`;
      const recorded = progress.index === 0 && progress.type === 'start' ? 0 : recordedIn(other).length;
      told.push(
        progress.type === 'start'
          ? `start ${at} ${progress.step.name}, ${recorded} recorded`
          : `done ${at} ${progress.result.name} ${progress.result.outcome}, ${recorded} recorded`,
      );
    };
    await listService(THREE).up({ steps: 2, onProgress });
    expect(told).toEqual([
      'start 1/2 001_a, 0 recorded',
      'done 1/2 001_a applied, 1 recorded',
      'start 2/2 002_b, 1 recorded',
      'done 2/2 002_b applied, 2 recorded',
    ]);
  });
});

describe('status and plan', () => {
  const files = { '001_a.mjs': tableModule('a'), '002_b.mjs': tableModule('b') };

  it.each(['wal', 'delete'])(
    'write nothing to an empty or a half migrated database in %s mode',
    async (mode) => {
      other.close();
      db.pragma(`journal_mode = ${mode}`);
      const [service] = filesService(files);
      const look = async (): Promise<void> => {
        const before = printsOf(folder);
        await service.status();
        for (const command of ['up', 'down', 'reset', 'redo'] as const)
          await service.plan(command).catch(() => undefined);
        expect(printsOf(folder)).toEqual(before);
      };
      await look();
      expect(db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get()).toBe(0);
      await service.up({ steps: 1 });
      await look();
    },
  );

  it('plan throws what the command would refuse with', async () => {
    const service = listService(THREE);
    await service.up();
    expect(await rejectionOf(service.plan('down', { name: '001_a' }))).toMatchObject({
      code: 'DECANT_LATER_MIGRATIONS',
    });
    expect(await rejectionOf(service.plan('up', { to: '999_x' }))).toMatchObject({
      code: 'DECANT_UNKNOWN_MIGRATION',
    });
  });

  it('plan says what would be done and what would not', async () => {
    expect(await listService(THREE).plan('up', { steps: 2 })).toMatchObject({
      command: 'up',
      steps: [{ name: '001_a' }, { name: '002_b' }],
      held: [{ name: '010_c' }],
    });
  });
});

describe('files', () => {
  const BOMB = 'throw new Error("was imported");';

  it('are not imported unless they are planned', async () => {
    const [service, directory] = filesService({ '001_a.mjs': tableModule('a'), '002_b.mjs': BOMB });
    await service.up({ to: '001_a' });
    expect((await service.status()).pending).toBe(1);
    expect(await rejectionOf(service.up())).toMatchObject({
      code: 'DECANT_INVALID_MIGRATION',
      message: expect.stringContaining(join(directory, '002_b.mjs')),
    });
    await service.down();
    expect(recordedIn(other)).toEqual([]);
  });

  it('are all imported before the first one runs', async () => {
    const [service] = filesService({ '001_a.mjs': tableModule('a'), '002_b.mjs': 'export {};' });
    const before = printsOf(folder);
    expect(await rejectionOf(service.up())).toMatchObject({ message: expect.stringContaining('002_b.mjs') });
    expect(printsOf(folder)).toEqual(before);
  });

  it('that are applied are not imported when there is nothing to do', async () => {
    const [service, directory] = filesService({ '001_a.mjs': tableModule('a') });
    await service.up();
    writeFileSync(join(directory, '001_a.mjs'), BOMB);
    const lenient = serviceFor({ database: db, directory, changed: 'allow' });
    expect((await lenient.up()).steps).toEqual([]);
  });

  it('of another runner work as they are, two with one prefix and one without down() included', async () => {
    const [service] = filesService({
      '001_users.cjs': `module.exports = { up(db) { db.exec('CREATE TABLE users (id)'); }, down(db) { db.exec('DROP TABLE users'); } };`,
      '002_a.mjs': tableModule('a'),
      '002_b.mjs': `export default { name: '002_b', up: (db) => db.exec('CREATE TABLE b (x)'), down: (db) => db.exec('DROP TABLE b') };`,
      '003_c.mjs': `export function up(db) { db.prepare('CREATE TABLE c (x)').run(); }`,
      'README.md': 'Our migrations',
      'index.js': BOMB,
    });
    await service.up();
    expect(recordedIn(other)).toEqual(['001_users', '002_a', '002_b', '003_c']);
    expect(await rejectionOf(service.down())).toMatchObject({
      code: 'DECANT_IRREVERSIBLE',
      reason: 'it has no down()',
    });
  });

  it('give their name to the instance of the class that is in them', async () => {
    const [service] = filesService({
      '001_named.mjs': 'export default class X { up(db) { db.exec(`CREATE TABLE "${this.name}" (x)`); } }',
    });
    await service.up();
    expect(tablesOf(other)).toEqual(['001_named']);
  });

  it('a failure tells file and line', async () => {
    const [service, directory] = filesService({
      '001_a.mjs': `\n\nexport function up(db) {\n  db.exec('CREATE TABLE a (x)');\n  db.exec('BOGUS');\n}\n`,
    });
    expect(await rejectionOf(service.up())).toMatchObject({
      message: 'Migration 001_a (001_a.mjs:5) failed: near "BOGUS": syntax error',
      failure: { file: join(directory, '001_a.mjs'), line: 5, sql: 'BOGUS' },
    });
  });

  it.each(["001_it's.mjs", '001_say "hi".mjs', '001_add users.mjs', '001_数据 é.mjs'])(
    'are applied by the name of %j',
    async (file) => {
      const [service] = filesService({ [file]: tableModule('a') });
      await service.up();
      expect(recordedIn(other)).toEqual([file.replace('.mjs', '')]);
      await service.down();
      expect(recordedIn(other)).toEqual([]);
    },
  );
});

// What up does about the history: refuse it, or run these steps with so many warnings.
async function upUnder(policy: DecantOptions, directory: string): Promise<object> {
  try {
    const { steps, warnings } = await serviceFor({ database: db, directory, ...policy }).up();
    return { steps: steps.map(({ name }) => name), warnings: warnings.length };
  } catch (error) {
    const { code, exitCode, migrations } = error as OutOfOrderError;
    return { code, exitCode, migrations };
  }
}

describe('history', () => {
  const files = { '001_a.mjs': tableModule('a'), '003_c.mjs': tableModule('c') };

  it.each([
    ['line ends of Windows', (text: string) => text.replaceAll('\n', '\r\n')],
    ['a byte order mark', (text: string) => `\uFEFF${text}`],
  ])('%s raise no alarm', async (_what, edit) => {
    const [service, directory] = filesService(files);
    await service.up();
    const file = join(directory, '001_a.mjs');
    writeFileSync(file, edit(readFileSync(file, 'utf8')));
    expect((await service.status()).anomalies).toEqual([]);
    expect((await service.up()).warnings).toEqual([]);
  });

  it('a file that was compiled since raises no alarm', async () => {
    const [service, directory] = filesService(files);
    await service.up();
    renameSync(join(directory, '001_a.mjs'), join(directory, '001_a.js'));
    writeFileSync(join(directory, '001_a.js'), '"use strict"; // built');
    expect((await service.status()).anomalies).toEqual([]);
    expect((await service.up()).steps).toEqual([]);
  });

  it.each([
    ['error', { code: 'DECANT_CHANGED', exitCode: 4, migrations: ['001_a'] }],
    ['warn', { steps: ['004_d'], warnings: 1 }],
    ['allow', { steps: ['004_d'], warnings: 0 }],
  ] as const)('an edit is seen; up with changed: %j gives %j', async (changed, expected) => {
    const [strict, directory] = filesService(files);
    await strict.up();
    writeFileSync(join(directory, '001_a.mjs'), `${tableModule('a')}// edited`);
    expect((await strict.status()).anomalies).toMatchObject([{ kind: 'changed', name: '001_a' }]);
    writeFileSync(join(directory, '004_d.mjs'), tableModule('d'));
    expect(await upUnder({ changed }, directory)).toEqual(expected);
  });

  it('where up has nothing to do, it reads no file, so an edit does not keep a server from starting', async () => {
    const [service, directory] = filesService(files);
    await service.up();
    for (const file of ['001_a.mjs', '003_c.mjs']) {
      rmSync(join(directory, file));
      symlinkSync(join(directory, 'nowhere'), join(directory, file)); // to read it would fail
    }
    await expect(service.status()).rejects.toMatchObject({ code: 'DECANT_INVALID_MIGRATION' });
    expect(await service.up()).toMatchObject({ steps: [], warnings: [] });
  });

  it('a file that has become an entry of a list raises no alarm', async () => {
    const [service] = filesService(files);
    await service.up();
    const list = listService(['001_a', '003_c'].map(tableMigration));
    expect((await list.status()).anomalies).toEqual([]);
    expect((await list.up()).warnings).toEqual([]);
  });

  it('an edit between down and up raises no alarm', async () => {
    const [service, directory] = filesService(files);
    await service.up();
    await service.down();
    writeFileSync(join(directory, '003_c.mjs'), `${tableModule('c')}// edited`);
    await service.up();
    expect((await service.status()).anomalies).toEqual([]);
  });

  it.each([
    ['error', { code: 'DECANT_MISSING', exitCode: 4, migrations: ['001_a'] }],
    ['warn', { steps: ['003_c'], warnings: 1 }],
    ['allow', { steps: ['003_c'], warnings: 0 }],
  ] as const)(
    'a missing file with something pending; up with missing: %j gives %j',
    async (missing, expected) => {
      const [strict, directory] = filesService(files);
      await strict.up({ steps: 1 });
      rmSync(join(directory, '001_a.mjs'));
      expect(await strict.status()).toMatchObject({
        total: 2,
        applied: 1,
        anomalies: [{ kind: 'missing', name: '001_a' }],
      });
      expect(await upUnder({ missing }, directory)).toEqual(expected);
    },
  );

  it('a missing file with nothing pending is warned of', async () => {
    const [service, directory] = filesService(files);
    await service.up();
    rmSync(join(directory, '001_a.mjs'));
    expect((await service.up()).warnings).toEqual([expect.stringContaining('001_a recorded as applied')]);
  });

  it.each([
    ['error', { code: 'DECANT_OUT_OF_ORDER', exitCode: 4, migrations: ['002_b'] }],
    ['warn', { steps: ['002_b'], warnings: 1 }],
    ['allow', { steps: ['002_b'], warnings: 0 }],
  ] as const)('one that comes too late; up with outOfOrder: %j gives %j', async (outOfOrder, expected) => {
    const [strict, directory] = filesService(files);
    await strict.up();
    writeFileSync(join(directory, '002_b.mjs'), tableModule('b'));
    expect((await strict.status()).anomalies).toMatchObject([{ kind: 'out-of-order', name: '002_b' }]);
    expect(await upUnder({ outOfOrder }, directory)).toEqual(expected);
  });
});

// Another process migrates between the plan and the lock: here, while prepare() is awaited.
function overtaken(name: string, later: string): MigrationDefinition {
  return {
    ...tableMigration(name),
    prepare: () => void other.prepare('INSERT INTO _migrations (name) VALUES (?)').run(later),
  };
}

describe('a step that is no longer next when the lock is held', () => {
  it('is not rolled back under a later one', async () => {
    await listService([tableMigration('001_a')]).up();
    const error = await rejectionOf(listService([overtaken('001_a', '002_b')]).down());
    expect(error).toMatchObject({ code: 'DECANT_LATER_MIGRATIONS', later: ['002_b'] });
    expect(tablesOf(other)).toEqual(['a']);
    expect(recordedIn(other)).toEqual(['001_a', '002_b']);
  });

  it('is not applied behind a later one', async () => {
    await listService([tableMigration('001_a')]).up();
    const two = [tableMigration('001_a'), overtaken('002_b', '003_c')];
    expect(await rejectionOf(listService(two).up())).toMatchObject({ code: 'DECANT_OUT_OF_ORDER' });
    expect(tablesOf(other)).toEqual(['a']);
    expect(recordedIn(other)).toEqual(['001_a', '003_c']);
  });

  it.each(['error', 'allow'] as const)(
    'is not applied without the one that it comes after, with outOfOrder: %j',
    async (outOfOrder) => {
      const first = tableMigration('001_a');
      await listService([first]).up();
      const rival = serviceFor({ database: other, migrations: [first] });
      const second = { ...tableMigration('002_b'), prepare: async () => void (await rival.down()) };
      expect(await rejectionOf(listService([first, second], { outOfOrder }).up())).toMatchObject({
        code: 'DECANT_OVERTAKEN',
        exitCode: 4,
        message:
          '002_b was not applied: 001_a, which it comes after, has been rolled back by another process.',
      });
      expect(tablesOf(other)).toEqual([]);
      expect(recordedIn(other)).toEqual([]);
    },
  );

  it('is not applied when that happens in the middle of the run', async () => {
    const rival = serviceFor({ database: other, migrations: THREE });
    const failures: unknown[] = [];
    const onProgress = (progress: Progress): void => {
      if (progress.type !== 'start' || progress.index !== 2) return;
      other.exec("DROP TABLE b; DELETE FROM _migrations WHERE name = '002_b'");
    };
    failures.push(await rejectionOf(listService(THREE).up({ onProgress })));
    expect(failures).toMatchObject([{ code: 'DECANT_OVERTAKEN' }]);
    expect(recordedIn(other)).toEqual(['001_a']);
    expect((await rival.up()).steps.map(({ name }) => name)).toEqual(['002_b', '010_c']);
  });

  it('is applied behind a later one where the policy allows it', async () => {
    await listService([tableMigration('001_a')]).up();
    const two = [tableMigration('001_a'), overtaken('002_b', '003_c')];
    await listService(two, { outOfOrder: 'allow' }).up();
    expect(recordedIn(other)).toEqual(['001_a', '003_c', '002_b']);
  });
});

describe('an edit', () => {
  it('that a file makes to itself while it is imported is seen: the checksum is of what was there before', async () => {
    const [service, directory] = filesService({
      '001_a.mjs': `import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
appendFileSync(fileURLToPath(import.meta.url.split('?')[0]), '// edited');
${tableModule('a')}`,
    });
    await service.up();
    expect(readFileSync(join(directory, '001_a.mjs'), 'utf8')).toMatch(/\n\/\/ edited$/);
    expect((await service.status()).anomalies).toMatchObject([{ kind: 'changed', name: '001_a' }]);
  });
});

describe('onPlan', () => {
  it('is told of the frozen plan before anything is prepared or run', async () => {
    const events: string[] = [];
    const prepared = { ...tableMigration('001_a'), prepare: () => void events.push('prepared') };
    await listService([prepared]).up({
      onPlan: (plan) => {
        events.push(`planned ${plan.steps.map(({ name }) => name).join()}`);
        expect(Object.isFrozen(plan.steps)).toBe(true);
      },
    });
    expect(events).toEqual(['planned 001_a', 'prepared']);
  });

  it('ends the run before it began, by what it rejects with', async () => {
    const refused = listService(THREE).up({ onPlan: () => Promise.reject(new Error('not this')) });
    expect(await rejectionOf(refused)).toMatchObject({ message: 'not this' });
    expect(tablesOf(other)).toEqual([]);
  });
});
