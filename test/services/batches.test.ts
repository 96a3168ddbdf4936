import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { batch } from '../../src/batch/batch.js';
import type { BatchOptions } from '../../src/batch/options.js';
import type { DecantOptions } from '../../src/container.js';
import { migration } from '../../src/domain/decorator.js';
import { MigrationHooks, type FinishedStep, type RunningStep } from '../../src/domain/hooks.js';
import { Migration, type Database as Handle, type MigrationClass } from '../../src/domain/migration.js';
import type { OnProgress, Progress } from '../../src/domain/report.js';
import type { MigrationFailedError } from '../../src/errors.js';
import { migrations, rollbackMigration, runPendingMigrations } from '../../src/functions.js';
import type { MigrationService } from '../../src/services/migration-service.js';
import { recordedIn, tablesOf } from '../helpers/database.js';
import { rejectionOf } from '../helpers/errors.js';
import { makeFolder } from '../helpers/files.js';
import { serviceFor, tableMigration } from '../helpers/migrations.js';

const ROWS = 100;

let db: Handle;
let other: Handle;

beforeEach(() => {
  const file = join(makeFolder(), 'x.db');
  db = new Database(file, { timeout: 1000 });
  db.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, n INT NOT NULL, text TEXT);
    WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < ${ROWS}) INSERT INTO t SELECT i, 0, i FROM s`);
  other = new Database(file, { timeout: 1000 });
});

afterEach(() => {
  db.close();
  other.close();
});

type Body = (db: Handle) => unknown;

const PLUS_ONE: BatchOptions = { table: 't', size: 10, set: { n: 'n + 1' } };
const addOne: Body = (handle) => batch(handle, PLUS_ONE);
const takeOne: Body = (handle) => batch(handle, { ...PLUS_ONE, set: { n: 'n - 1' } });

/** A migration that commits each batch. */
function inBatches(up: Body, down: Body = takeOne, name = '002_n'): MigrationClass {
  @migration({ name, transaction: 'batches' })
  class InBatches extends Migration {
    up(handle: Handle): void {
      return up(handle) as void;
    }
    override down(handle: Handle): void {
      return down(handle) as void;
    }
  }
  return InBatches;
}

function service(up: Body = addOne, down?: Body, options: DecantOptions = {}): MigrationService {
  const migrated = [tableMigration('001_a'), inBatches(up, down), tableMigration('003_c')];
  return serviceFor({ database: db, migrations: migrated, backup: 'never', ...options });
}

const twoWalks: Body = (handle) => {
  const first = batch(handle, PLUS_ONE);
  const second = batch(handle, {
    table: 't',
    size: 40,
    where: 'id > 10',
    each: ({ n }) => ({ n: Number(n) * 2 }),
  });
  handle.prepare("INSERT INTO t (n, text) VALUES (7, 'end')").run();
  expect([first, second]).toEqual([
    { rows: 100, batches: 10 },
    { rows: 90, batches: 3 },
  ]);
};

const fails: Body = (handle) =>
  batch(handle, { ...PLUS_ONE, set: { n: "CASE WHEN text = '35' THEN NULL ELSE n + 1 END" } });

const walksOther: Body = (handle) => batch(handle, { ...PLUS_ONE, table: 'other' });

const write = (handle: Handle): unknown => handle.prepare("UPDATE t SET text = text || 'x'").run();

const addInEach = (handle: Handle): unknown =>
  batch(handle, {
    table: 't',
    size: 30,
    each: ({ id }, inner) => {
      inner.prepare('UPDATE t SET n = n + 1 WHERE id = ?').run(id);
    },
  });

const orphan: Body = (handle) => batch(handle, { table: 'child', size: 1, set: { parent: 'parent * 100' } });

const runOn = (database: Handle) =>
  serviceFor({ database, migrations: [inBatches(addOne)], backup: 'never' }).up();

/** How many rows have been done how often. */
function counts(of: Handle = other): unknown[] {
  return of.prepare('SELECT n, count(*) FROM t GROUP BY n ORDER BY n').raw().all();
}

/** Runs up or down, and pauses it when so many rows of a batch are done. */
async function pausedAt(
  rows: number,
  run: (options: { signal: AbortSignal; onProgress: OnProgress }) => Promise<unknown>,
): Promise<unknown> {
  const controller = new AbortController();
  const onProgress = (progress: Progress): void => {
    if (progress.type === 'batch' && progress.done >= rows) controller.abort();
  };
  return rejectionOf(run({ signal: controller.signal, onProgress }));
}

async function halfUp(of = service()): Promise<void> {
  expect(await pausedAt(30, (options) => of.up(options))).toMatchObject({ code: 'DECANT_PAUSED' });
}

describe("with transaction: 'batches', a migration", () => {
  it('commits each batch, and its record with the last', async () => {
    const seen: unknown[] = [];
    const report = await service().up({
      onProgress: (progress) => {
        if (progress.type !== 'batch') return;
        expect(db.inTransaction).toBe(false);
        const done = other.prepare('SELECT count(*) FROM t WHERE n = 1').pluck().get();
        seen.push([progress.done, progress.total, progress.ifEnded, done, recordedIn(other).length]);
      },
    });
    expect(seen).toEqual(Array.from({ length: 10 }, (_, i) => [10 * (i + 1), ROWS, 'stay', 10 * (i + 1), 1]));
    expect(report.steps.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
      '001_a applied',
      '002_n applied',
      '003_c applied',
    ]);
    expect(counts()).toEqual([[1, ROWS]]);
    expect(tablesOf(other)).toEqual(['a', 'c', 't']);
  });

  it('is paused between two batches, shown as half done, and goes on from there', async () => {
    expect(await pausedAt(30, (options) => service().up(options))).toMatchObject({
      code: 'DECANT_PAUSED',
      exitCode: 130,
      message: 'Paused in 002_n, after 30 of 100 rows.',
      hint: 'Run decant migrate:up again: it goes on from here.',
    });
    expect(counts()).toEqual([
      [0, 70],
      [1, 30],
    ]);
    expect((await service().status()).migrations).toMatchObject([
      { name: '001_a', applied: true },
      { name: '002_n', applied: false, progress: { done: 30, total: ROWS } },
      { name: '003_c', applied: false },
    ]);
    const done: number[] = [];
    await service().up({ onProgress: (each) => void (each.type === 'batch' && done.push(each.done)) });
    expect(done[0]).toBe(40);
    expect(counts()).toEqual([[1, ROWS]]);
    expect((await service().status()).pending).toBe(0);
  });

  it('is rolled back in batches, too, and that goes on as well', async () => {
    await service().up({ to: '002_n' });
    const paused = await pausedAt(50, (options) => service().down(options));
    expect(paused).toMatchObject({ message: 'Paused in 002_n, after 50 of 100 rows.' });
    expect((await service().status()).migrations[1]).toMatchObject({ applied: true, progress: { done: 50 } });
    await service().down();
    expect(counts()).toEqual([[0, ROWS]]);
    expect(recordedIn(other)).toEqual(['001_a']);
    expect(tablesOf(other)).toEqual(['a', 't']);
  });

  it('is paused before it begins, and between migrations after it, but not where no batch is committed', async () => {
    const { signal } = AbortSignal.abort() && new AbortController();
    await service().up({ to: '001_a', signal: AbortSignal.abort() });
    expect(recordedIn(other)).toEqual(['001_a']);
    expect(signal.aborted).toBe(false);
    expect(await rejectionOf(service().up({ signal: AbortSignal.abort() }))).toMatchObject({
      message: 'Paused before 002_n.',
    });
    const controller = new AbortController();
    const onProgress = (each: Progress): void => {
      if (each.type === 'done') controller.abort();
    };
    expect(await rejectionOf(service().up({ signal: controller.signal, onProgress }))).toMatchObject({
      message: 'Paused before 003_c.',
    });
    expect(recordedIn(other)).toEqual(['001_a', '002_n']);
  });

  it('does one batch() after the other, and what is written after the last of them once', async () => {
    await service(twoWalks).up();
    expect(counts()).toEqual([
      [1, 10],
      [2, 90],
      [7, 1],
    ]);
  });

  it('runs through when its table is empty, and when it has no batch()', async () => {
    db.exec('DELETE FROM t');
    await service(addOne, () => undefined).up();
    await service(addOne, () => undefined).reset();
    expect(tablesOf(other)).toEqual(['t']);
  });

  it('may be run by the synchronous functions', () => {
    const before = migrations.splice(0);
    migrations.push(new (inBatches(addOne))(...([] as never[])));
    try {
      expect(runPendingMigrations(db)).toEqual(['002_n']);
      expect(counts()).toEqual([[1, ROWS]]);
      expect(rollbackMigration(db, '002_n')).toBe(true);
      expect(counts()).toEqual([[0, ROWS]]);
    } finally {
      migrations.splice(0, Infinity, ...before);
    }
  });
});

describe('a batch that fails', () => {
  it('leaves what plan and graph say is half done', async () => {
    await rejectionOf(service(fails).up());
    expect((await service(fails).plan('up')).steps[0]).toMatchObject({
      name: '002_n',
      reason: 'pending, half done: 30 of 100 rows',
    });
    expect((await service(fails).graph()).migrations[1]).toMatchObject({
      state: 'pending',
      progress: { done: 30, total: ROWS },
    });
  });

  it('is rolled back alone, and the error says what stays', async () => {
    const error = (await rejectionOf(
      service(fails, undefined, { backup: 'always' }).up(),
    )) as MigrationFailedError;
    expect(error).toMatchObject({
      code: 'DECANT_MIGRATION_FAILED',
      message: 'Migration 002_n failed: NOT NULL constraint failed: t.n',
      hint: 'Mend the migration and run decant migrate:up again: it goes on there. The batch that failed was rolled back; 30 of 100 rows are done, and stay.',
      failure: {
        rolledBack: 'batch',
        progress: { done: 30, total: ROWS },
        completed: ['001_a'],
        sql: expect.stringContaining('WHERE ("id") > (30) AND ("id") <= (40)'),
      },
    });
    expect(error.failure.backup).toMatch(/\.db$/);
    expect(counts()).toEqual([
      [0, 70],
      [1, 30],
    ]);
  });

  it('leaves nothing when it is the first', async () => {
    const error = await rejectionOf(
      service((handle) => batch(handle, { ...PLUS_ONE, set: { n: 'NULL' } })).up(),
    );
    expect(error).toMatchObject({ failure: { rolledBack: 'all' } });
    expect(tablesOf(other)).toEqual(['a', 't']);
  });

  it('goes on with the text that was mended only where changed migrations are allowed', async () => {
    await rejectionOf(service(fails).up());
    expect(await rejectionOf(service().up())).toMatchObject({
      message:
        'Migration 002_n failed: batch() on t: its set has been changed since its first batches were committed.',
      failure: { rolledBack: 'batch' },
    });
    expect(counts()).toEqual([
      [0, 70],
      [1, 30],
    ]);
    await service(addOne, undefined, { changed: 'allow' }).up();
    expect(counts()).toEqual([[1, ROWS]]);
  });

  it('names a flag only where the command has it', async () => {
    await service().up({ to: '002_n' });
    await pausedAt(50, (options) => service().down(options));
    const edited = service(addOne, (handle) => batch(handle, { ...PLUS_ONE, set: { n: 'n - 2' } }));
    expect(await rejectionOf(edited.down())).toMatchObject({
      hint: expect.stringMatching(/as it is now, say changed: 'allow' in the config, and run again;/),
    });
  });
});

const backups = (): readonly string[] => {
  const folder = `${db.name}.backups`;
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.db')) : [];
};
const backedUp = (up: Body): MigrationService =>
  serviceFor({ database: db, migrations: [inBatches(up)], backup: 'destructive' });

describe('the backup of before', () => {
  it('stays when a run is paused or fails after some batches, and goes when nothing was committed', async () => {
    await rejectionOf(backedUp((handle) => batch(handle, { ...PLUS_ONE, set: { n: 'NULL' } })).up());
    expect(backups()).toEqual([]);
    await pausedAt(30, (options) => backedUp(addOne).up(options));
    expect(backups()).toHaveLength(1);
    await rejectionOf(backedUp((handle) => handle.exec('BOGUS')).up());
    expect(backups()).toHaveLength(1);
    expect(await backedUp(addOne).up()).toMatchObject({ backup: expect.stringMatching(/\.db$/) });
    expect(backups()).toHaveLength(2);
  });
});

describe('what is half done', () => {
  it.each<[string, BatchOptions, RegExp]>([
    ['another condition', { ...PLUS_ONE, where: 'id > 5' }, /its where has been changed/],
    ['a function', { table: 't', each: () => undefined }, /its set has been changed/],
    ['another table', { ...PLUS_ONE, table: 'other' }, /its table has been changed/],
  ])('does not go on with %s', async (_what, options, message) => {
    db.exec('CREATE TABLE other (id INTEGER PRIMARY KEY, n)');
    await halfUp();
    const error = (await rejectionOf(service((handle) => batch(handle, options)).up())) as Error;
    expect(error.message).toMatch(message);
    expect(counts()).toEqual([
      [0, 70],
      [1, 30],
    ]);
  });

  it('does not go on without its batch(), nor on another table even where changes are allowed', async () => {
    db.exec('CREATE TABLE other (id INTEGER PRIMARY KEY, n)');
    await halfUp();
    const options = { changed: 'allow' } as const;
    const gone = await rejectionOf(service(() => undefined, undefined, options).up());
    expect(gone).toMatchObject({ message: expect.stringContaining('is no longer in the migration') });
    expect(await rejectionOf(service(walksOther, undefined, options).up())).toMatchObject({
      message: expect.stringContaining('its table has been changed'),
    });
  });

  it('goes on with batches of another size', async () => {
    await halfUp();
    await service((handle) => batch(handle, { ...PLUS_ONE, size: 7 })).up();
    expect(counts()).toEqual([[1, ROWS]]);
  });

  it('is in the way of whatever does not finish it', async () => {
    await halfUp();
    const message = '002_n is half applied (30 of 100 rows), and has to be finished first.';
    for (const act of ['down', 'reset', 'redo'] as const) {
      expect(await rejectionOf(service()[act]())).toMatchObject({
        code: 'DECANT_HALF_DONE',
        exitCode: 4,
        message,
      });
    }
    const gone = serviceFor({ database: db, migrations: [tableMigration('001_a')] });
    expect(await rejectionOf(gone.up())).toMatchObject({ message });
    expect((await gone.status()).migrations).toMatchObject([
      { name: '001_a' },
      { name: '002_n', applied: false },
    ]);
    await service().up();
    await pausedAt(50, (options) => service().down({ ...options, to: '001_a' }));
    expect(await rejectionOf(service().up())).toMatchObject({
      message: '002_n is half rolled back (50 of 100 rows), and has to be finished first.',
    });
    expect(recordedIn(other)).toEqual(['001_a', '002_n']);
  });

  it('is in the way of a run that had been planned before', async () => {
    await service().up({ to: '001_a' });
    let isFirst = true;
    const overtaken = service().down({
      onPlan: async () => {
        if (isFirst) await halfUp();
        isFirst = false;
      },
    });
    expect(await rejectionOf(overtaken)).toMatchObject({ code: 'DECANT_HALF_DONE' });
    expect(recordedIn(other)).toEqual(['001_a']);
  });
});

describe('the place in a table', () => {
  it.each([
    ['TABLE k (k PRIMARY KEY, n INT NOT NULL) WITHOUT ROWID', 'WITHOUT ROWID'],
    ['TABLE k (k PRIMARY KEY, n INT NOT NULL)', 'with rowids, which a VACUUM may change'],
    ['TABLE k (k UNIQUE, n INT NOT NULL, other, PRIMARY KEY (n DESC, k))', 'of two columns'],
  ])('is exact in a %s (%s)', async (table) => {
    db.exec(`CREATE ${table};
      INSERT INTO k (k, n) VALUES (9007199254740993, 0), (9007199254740992, 0), (-1, 0), (0.1, 0), (0.30000000000000004, 0),
        (-9e999, 0), (x'00ff', 0), (x'', 0), (CAST(x'ff41' AS TEXT), 0), ('a' || char(0) || 'b', 0), ('''', 0), ('', 0)`);
    const isKey = table.includes('n DESC');
    db.exec(isKey ? 'UPDATE k SET other = 0' : 'SELECT 1');
    const column = isKey ? 'other' : 'n';
    const options = { table: 'k', size: 1, set: { [column]: `${column} + 1` } };
    const keyed = (): MigrationService =>
      serviceFor({
        database: db,
        migrations: [inBatches((handle) => batch(handle, options))],
        backup: 'never',
      });
    for (const done of [1, 4, 7, 10]) {
      await pausedAt(done, (run) => keyed().up(run));
      db.exec('DELETE FROM k WHERE k = -1; VACUUM');
    }
    await keyed().up();
    expect(other.prepare(`SELECT count(*), min(${column}), max(${column}) FROM k`).raw().get()).toEqual([
      11, 1, 1,
    ]);
  });

  it('is refused in a table that has only rowids, which a VACUUM may change', async () => {
    db.exec('CREATE TABLE bare (n); INSERT INTO bare VALUES (1)');
    const error = await rejectionOf(service((handle) => batch(handle, { ...PLUS_ONE, table: 'bare' })).up());
    expect(error).toMatchObject({
      message: expect.stringContaining('it has no primary key, and a VACUUM between two batches'),
    });
  });

  it('does not go beyond the last row that there was when it began', async () => {
    await halfUp();
    db.exec('INSERT INTO t VALUES (1000, 0, NULL); DELETE FROM t WHERE id = 100');
    await service().up();
    expect(counts()).toEqual([
      [0, 1],
      [1, ROWS - 1],
    ]);
  });
});

describe('hooks', () => {
  it('are called before the first batch and after the last, whatever happens in between', async () => {
    db.exec('CREATE TABLE audit (what)');
    class Audit extends MigrationHooks {
      override beforeEach({ name }: RunningStep, handle: Handle): void {
        handle.prepare('INSERT INTO audit VALUES (?)').run(`before ${name}`);
      }
      override afterEach({ name }: FinishedStep, handle: Handle): void {
        handle.prepare('INSERT INTO audit VALUES (?)').run(`after ${name}`);
      }
    }
    const hooked = (): MigrationService =>
      serviceFor({ database: db, migrations: [inBatches(addOne)], hooks: [Audit] });
    await pausedAt(30, (options) => hooked().up(options));
    await hooked().up();
    expect(other.prepare('SELECT what FROM audit').pluck().all()).toEqual(['before 002_n', 'after 002_n']);
    expect(counts()).toEqual([[1, ROWS]]);
  });
});

describe('a dry run', () => {
  it('does all batches that are left in its transaction, counts their rows and no other, and leaves all as it is', async () => {
    await halfUp();
    const before = other.prepare('SELECT * FROM _decant_batches').all();
    const dry = await service().dryRun('up', { to: '002_n' });
    expect(dry).toMatchObject({
      error: null,
      steps: [{ outcome: 'would apply', rows: [{ table: 't', updated: 70 }], schema: '' }],
    });
    expect(dry.steps[0]?.statements.filter(({ indirectRows }) => indirectRows > 0)).toEqual([]);
    expect(counts()).toEqual([
      [0, 70],
      [1, 30],
    ]);
    expect(other.prepare('SELECT * FROM _decant_batches').all()).toEqual(before);
  });
});

describe('two runs at once', () => {
  it('do each batch once, on connections of their own', async () => {
    const reports = await Promise.all([runOn(db), runOn(other)]);
    expect(counts()).toEqual([[1, ROWS]]);
    expect(reports.map(({ steps }) => steps[0]?.outcome)).toEqual(
      expect.arrayContaining(['applied', 'skipped']),
    );
  });

  it('do each batch once, on one connection', async () => {
    await Promise.all([runOn(db), runOn(db)]);
    expect(counts()).toEqual([[1, ROWS]]);
  });

  it('leave the other nothing to do when one ends it all in between', async () => {
    let isFirst = true;
    const mine = serviceFor({ database: db, migrations: [inBatches(addOne)] });
    const before = migrations.splice(0, Infinity, new (inBatches(addOne))(...([] as never[])));
    const report = await mine.up({
      onProgress: ({ type }) => {
        if (type === 'batch' && isFirst) expect(runPendingMigrations(other)).toEqual(['002_n']);
        if (type === 'batch') isFirst = false;
      },
    });
    migrations.splice(0, Infinity, ...before);
    expect(report.steps[0]?.outcome).toBe('skipped');
    expect(counts()).toEqual([[1, ROWS]]);
  });
});

describe('a body that would do more than once what is outside of its batches', () => {
  it.each<[string, Body, RegExp]>([
    ['writes before batch()', (handle) => [write(handle), addOne(handle)], /has written something before it/],
    [
      'changes the schema before batch()',
      (handle) => [handle.exec('CREATE TABLE made (x)'), addOne(handle)],
      /has written something before it/,
    ],
    ['swallows what ends it', (handle) => swallow(() => addOne(handle)), /went on after it/],
    [
      'writes in finally',
      (handle) =>
        insist(
          () => addOne(handle),
          () => write(handle),
        ),
      /went on after it/,
    ],
    [
      'begins a transaction of its own around it',
      (handle) => handle.transaction(() => addOne(handle))(),
      /undid its batch by a transaction/,
    ],
    [
      'swallows the failure of a batch',
      (handle) => swallow(() => batch(handle, { ...PLUS_ONE, set: { n: 'NULL' } })),
      /went on after it/,
    ],
    ['is asynchronous', async (handle) => addOne(handle), /returned a promise/],
  ])('and %s is refused, and nothing is left', async (_what, body, message) => {
    const error = (await rejectionOf(service(body).up())) as MigrationFailedError;
    expect(error.message).toMatch(message);
    expect(error.failure.rolledBack).toBe('all');
    expect(counts()).toEqual([[0, ROWS]]);
    expect(tablesOf(other)).toEqual(['a', 't']);
    expect(other.prepare("SELECT count(*) FROM t WHERE text LIKE '%x'").pluck().get()).toBe(0);
  });

  it('is refused on an empty table, too, so that it is found out before there are rows', async () => {
    db.exec('DELETE FROM t');
    expect(await rejectionOf(service((handle) => [write(handle), addOne(handle)]).up())).toMatchObject({
      message: expect.stringContaining('has written something before it'),
    });
  });

  it('may read and write in each()', async () => {
    await service((handle) => [handle.prepare('SELECT count(*) FROM t').get(), addInEach(handle)]).up();
    expect(counts()).toEqual([[1, ROWS]]);
  });
});

function swallow(act: () => unknown): void {
  try {
    act();
  } catch {
    return;
  }
}

function insist(act: () => unknown, after: () => unknown): void {
  try {
    act();
  } finally {
    after();
  }
}

describe('within one transaction, batch()', () => {
  it('tells how far it is, and leaves nothing when its migration fails', async () => {
    const told: Progress[] = [];
    const plain = { name: '001_n', up: (handle: Handle) => [addOne(handle), handle.exec('BOGUS')] };
    const failing = serviceFor({ database: db, migrations: [plain] });
    await rejectionOf(failing.up({ onProgress: (progress) => void told.push(progress) }));
    const batches = told.filter(({ type }) => type === 'batch');
    expect(batches.map((each) => each.type === 'batch' && [each.done, each.total, each.ifEnded])).toEqual(
      Array.from({ length: 10 }, (_, i) => [10 * (i + 1), ROWS, 'go']),
    );
    expect(counts()).toEqual([[0, ROWS]]);
  });

  it('is refused in a migration that has none', async () => {
    @migration({ name: '001_n', transaction: false })
    class Unguarded extends Migration {
      up(handle: Handle): void {
        addOne(handle);
      }
    }
    expect(await rejectionOf(serviceFor({ database: db, migrations: [Unguarded] }).up())).toMatchObject({
      message: expect.stringContaining('there is no transaction'),
    });
    expect(counts()).toEqual([[0, ROWS]]);
  });
});

describe('the guards, batch for batch', () => {
  it.each([
    ['a column that children refer to', { set: { code: "code || 'x'" } }],
    ['the same by what each returns', { each: () => ({ code: 'x' }) }],
    [
      'the same by the db of each',
      { each: (_row: unknown, handle: Handle) => void handle.exec("UPDATE parent SET code = 'x'") },
    ],
  ])('look at foreign keys when %s is set', async (_what, how) => {
    db.exec(`CREATE TABLE parent (id INTEGER PRIMARY KEY, code TEXT UNIQUE, note); INSERT INTO parent VALUES (1, 'a', 0);
      CREATE TABLE child (id INTEGER PRIMARY KEY, code REFERENCES parent (code)); INSERT INTO child VALUES (1, 'a')`);
    expect(
      await rejectionOf(service((handle) => batch(handle, { table: 'PARENT', ...how })).up()),
    ).toMatchObject({
      code: 'DECANT_FOREIGN_KEY',
    });
    await service((handle) => batch(handle, { table: 'parent', set: { note: '1' } })).up();
  });

  it('refuse a foreign key that a batch violates, and a loss by a trigger', async () => {
    db.exec(
      'CREATE TABLE child (id INTEGER PRIMARY KEY, parent REFERENCES t); INSERT INTO child VALUES (1, 1), (2, 2)',
    );
    expect(await rejectionOf(service(orphan).up())).toMatchObject({
      code: 'DECANT_FOREIGN_KEY',
      failure: { rolledBack: 'batch', progress: { done: 1, total: 2 } },
      hint: expect.stringContaining('1 of 2 rows are done, and stay'),
    });
    db.exec('CREATE TRIGGER gone AFTER UPDATE OF text ON t WHEN new.id = 25 BEGIN DELETE FROM child; END');
    const lossy: Body = (handle) => [
      orphan(handle),
      batch(handle, { table: 't', size: 10, set: { text: "'x'" } }),
    ];
    db.exec('DELETE FROM child WHERE id = 2; INSERT INTO child VALUES (3, 1)');
    expect(await rejectionOf(service(lossy).up())).toMatchObject({ code: 'DECANT_UNDECLARED_LOSS' });
    expect(other.prepare('SELECT count(*) FROM child').pluck().get()).toBe(2);
  });
});
