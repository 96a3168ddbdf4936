import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { registerDecant, type DecantOptions } from '../../src/container.js';
import { migration } from '../../src/domain/decorator.js';
import { MigrationHooks, type HooksClass } from '../../src/domain/hooks.js';
import type { Database as Connection, MigrationDefinition } from '../../src/domain/migration.js';
import type { RunReport } from '../../src/domain/report.js';
import type { DecantError, MigrationFailedError } from '../../src/errors.js';
import { container as root, injectable } from '../../src/injection.js';
import { MigrationService } from '../../src/services/migration-service.js';
import { recordedIn, tablesOf } from '../helpers/database.js';
import { rejectionOf } from '../helpers/errors.js';
import { makeFolder } from '../helpers/files.js';
import { serviceFor, tableMigration } from '../helpers/migrations.js';

// As a class they cannot be spread.
type Hooks = Pick<MigrationHooks, keyof MigrationHooks>;

let folder: string;
let db: Connection;
let other: Connection;
let told: string[];

beforeEach(() => {
  folder = makeFolder();
  db = new Database(join(folder, 'x.db'), { timeout: 20 });
  db.pragma('journal_mode = WAL');
  other = new Database(join(folder, 'x.db'), { timeout: 20 });
  told = [];
});

afterEach(() => {
  db.close();
  other.close();
});

const TWO = ['001_a', '002_b'].map(tableMigration);
const FAILING: MigrationDefinition = { ...tableMigration('002_b'), up: () => fail('not today') };

function later(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

function fail(message: string): never {
  throw new Error(message);
}

function service(
  hooks: DecantOptions['hooks'],
  migrations: readonly MigrationDefinition[] = TWO,
  options: DecantOptions = {},
): MigrationService {
  return serviceFor({ database: db, migrations, hooks, ...options });
}

/** Hooks that tell of every call. */
function telling(name: string, more: Hooks = {}): Hooks {
  const tell = (text: string): void => void told.push(`${name} ${text}`);
  return {
    beforeRun: (plan) => tell(`beforeRun ${plan.steps.length}`),
    beforeEach: (step) => tell(`beforeEach ${step.direction} ${step.name}`),
    afterEach: (step) => tell(`afterEach ${step.direction} ${step.name}`),
    afterRun: (report) => tell(`afterRun ${report.steps.length}`),
    onError: (error, report) => tell(`onError ${report.steps.length} ${(error as Error).name}`),
    ...more,
  };
}

function auditing(event: 'beforeEach' | 'afterEach'): MigrationHooks {
  return { [event]: (step: { name: string }, handle: Connection) => audit(handle, step.name) };
}

function audit(handle: Connection, text: string): void {
  handle.exec('CREATE TABLE IF NOT EXISTS audit (what)');
  handle.prepare('INSERT INTO audit VALUES (?)').run(text);
}

function audited(): unknown[] {
  return tablesOf(other).includes('audit') ? other.prepare('SELECT what FROM audit').pluck().all() : [];
}

describe('hooks', () => {
  it('are called in the order in which they are given, after-hooks too, and the report says which ran', async () => {
    const report = await service([telling('A'), telling('B')]).up();
    expect(told).toEqual([
      'A beforeRun 2',
      'B beforeRun 2',
      ...['001_a', '002_b'].flatMap((name) => [
        `A beforeEach up ${name}`,
        `B beforeEach up ${name}`,
        `A afterEach up ${name}`,
        `B afterEach up ${name}`,
      ]),
      'A afterRun 2',
      'B afterRun 2',
    ]);
    const calls = { beforeRun: 1, beforeEach: 2, afterEach: 2, afterRun: 1 };
    expect(report.hooks).toEqual([
      { name: 'number 1', calls },
      { name: 'number 2', calls },
    ]);
    expect(Object.isFrozen(report)).toBe(true);
  });

  it('are called for each direction of each command', async () => {
    const both = service([telling('A')]);
    await both.up({ steps: 1 });
    told = [];
    await both.redo();
    expect(told).toEqual([
      'A beforeRun 2',
      'A beforeEach down 001_a',
      'A afterEach down 001_a',
      'A beforeEach up 001_a',
      'A afterEach up 001_a',
      'A afterRun 2',
    ]);
  });

  it('get frozen values that name the run, and the time that a migration took', async () => {
    const seen: unknown[] = [];
    const report = await service([
      {
        beforeRun: (plan) => void seen.push(plan.runId, Object.isFrozen(plan.steps)),
        beforeEach: (step) => void seen.push(step.runId, Object.isFrozen(step)),
        afterEach: (step) => void seen.push(step.runId, step.durationMs > 0),
        afterRun: (so) => void seen.push(so.runId, so.backup),
      },
    ]).up({ steps: 1 });
    expect(seen).toEqual([report.runId, true, report.runId, true, report.runId, true, report.runId, null]);
  });

  it('are neither built nor called where nothing is to run, and not by status, plan or execute()', async () => {
    const missing = join(folder, 'no-such-hooks.mjs');
    const none = service([missing]);
    await none.status();
    const plan = await none.plan('up');
    expect((await service([missing], []).up()).hooks).toEqual([]);
    expect((await rejectionOf(none.up())) as DecantError).toMatchObject({ code: 'DECANT_HOOK' });
    expect(plan.steps).toHaveLength(2);
    expect(tablesOf(other)).toEqual([]);
    expect(service([telling('A')]).execute({ ...plan, steps: [] }, new Map()).hooks).toEqual([]);
    expect(told).toEqual([]);
  });

  it('run outside of any transaction and are awaited, but for those of a migration, which are in its transaction', async () => {
    const inside: boolean[] = [];
    const look = async (): Promise<void> => {
      await later();
      inside.push(db.inTransaction);
    };
    await service([
      {
        beforeRun: look,
        beforeEach: (_step, handle) => void inside.push(handle.inTransaction),
        afterEach: (_step, handle) => void inside.push(handle.inTransaction),
        afterRun: look,
      },
    ]).up({ steps: 1 });
    expect(inside).toEqual([false, true, true, false]);
  });
});

describe('beforeEach and afterEach', () => {
  it.each(['beforeEach', 'afterEach'] as const)('%s commits with the migration', async (event) => {
    const seen: unknown[] = [];
    await service([auditing(event), { afterEach: () => void seen.push(audited()) }]).up();
    expect(seen).toEqual([[], ['001_a']]);
    expect(audited()).toEqual(['001_a', '002_b']);
  });

  it.each(['beforeEach', 'afterEach'] as const)(
    '%s is rolled back with a migration that fails, by its body or by another hook',
    async (event) => {
      const migrations = [tableMigration('001_a'), FAILING];
      await rejectionOf(service([auditing(event)], migrations).up());
      expect(audited()).toEqual(['001_a']);
      await rejectionOf(service([auditing(event), { afterEach: () => fail('no') }]).up());
      expect(audited()).toEqual(['001_a']);
    },
  );

  it.each(['beforeEach', 'afterEach'] as const)(
    '%s that throws rolls the migration back, is named, and tells what it ran',
    async (event) => {
      class Strict extends MigrationHooks {}
      Object.assign(Strict.prototype, {
        [event]: (step: { name: string }, handle: Connection) => {
          if (step.name === '002_b') handle.exec('INSERT INTO nowhere VALUES (1)');
        },
      });
      const error = await rejectionOf(service([Strict]).up());
      expect(error).toMatchObject({
        name: 'MigrationHookError',
        code: 'DECANT_MIGRATION_HOOK',
        exitCode: 1,
        message: `Hook Strict.${event} failed at 002_b: no such table: nowhere`,
        hint: 'Mend the hook and run decant migrate:up again; the database is as it was before it.',
        hook: 'Strict',
        event,
        failure: {
          migration: '002_b',
          direction: 'up',
          file: undefined,
          sql: 'INSERT INTO nowhere VALUES (1)',
          sqliteCode: 'SQLITE_ERROR',
          rolledBack: 'all',
          completed: ['001_a'],
        },
      });
      expect(recordedIn(other)).toEqual(['001_a']);
      expect(tablesOf(other)).toEqual(['a']);
    },
  );

  it('are refused where they return a promise, and their handle is dead then', async () => {
    let late: unknown;
    const hook = {
      beforeEach: (async (_step: unknown, handle: Connection) => {
        await Promise.resolve();
        try {
          handle.exec('CREATE TABLE late (x)');
        } catch (error) {
          late = error;
        }
      }) as never,
    };
    expect(await rejectionOf(service([hook]).up())).toMatchObject({
      code: 'DECANT_MIGRATION_HOOK',
      message: 'Hook number 1.beforeEach failed at 001_a: it returned a promise, and must be synchronous',
    });
    await later();
    expect(late).toMatchObject({ code: 'DECANT_DEAD_HANDLE' });
    expect(tablesOf(other)).toEqual([]);
  });

  it('leave an async body what it is: afterEach is not called for it', async () => {
    const body = { name: '001_a', up: async () => undefined };
    expect(await rejectionOf(service([telling('A')], [body]).up())).toMatchObject({
      code: 'DECANT_ASYNC_MIGRATION',
    });
    expect(told).toEqual(['A beforeRun 1', 'A beforeEach up 001_a', 'A onError 0 AsyncMigrationError']);
  });

  it('that end the transaction are found out and named', async () => {
    const error = await rejectionOf(
      service([{ afterEach: (_step, handle) => void handle.exec('COMMIT') }]).up(),
    );
    expect(error).toMatchObject({
      code: 'DECANT_MIGRATION_HOOK',
      message: "Hook number 1.afterEach failed at 001_a: it ended the engine's transaction",
      hint: 'What it had committed is in the database; look at it, take the statement out of the hook, and run again.',
      failure: { sql: 'COMMIT', rolledBack: 'unknown' },
    });
    expect(recordedIn(other)).toEqual([]);
  });

  it('are under the loss guard', async () => {
    db.exec('CREATE TABLE kept (x); INSERT INTO kept VALUES (1), (2)');
    db.exec('CREATE TABLE t (x); CREATE TRIGGER t_kept AFTER INSERT ON t BEGIN DELETE FROM kept; END');
    const hook = {
      afterEach: (_step: unknown, handle: Connection) => void handle.exec('INSERT INTO t VALUES (1)'),
    };
    expect(await rejectionOf(service([hook]).up())).toMatchObject({
      code: 'DECANT_UNDECLARED_LOSS',
      message: 'Hook number 1.afterEach lost at 001_a what it did not ask to remove: 2 of 2 rows of kept.',
    });
    expect(other.prepare('SELECT count(*) FROM kept').pluck().get()).toBe(2);
  });

  it('are not called for a step that another process has done meanwhile', async () => {
    const rival = serviceFor({ database: other, migrations: TWO });
    const hook = telling('A', { beforeRun: async () => void (await rival.up({ steps: 1 })) });
    const report = await service([hook]).up();
    expect(report.steps.map(({ outcome }) => outcome)).toEqual(['skipped', 'applied']);
    expect(told).toEqual(['A beforeEach up 002_b', 'A afterEach up 002_b', 'A afterRun 2']);
  });

  it('run outside of a transaction where the migration does, and are undone by its backup', async () => {
    db.exec('CREATE TABLE there (x)');
    const bare: HooksClass = class Bare extends MigrationHooks {
      override beforeEach(_step: unknown, handle: Connection): void {
        audit(handle, String(handle.inTransaction));
      }
      override afterEach(): void {
        fail('no');
      }
    };
    class Vacuum {
      up(handle: Connection): void {
        handle.exec('VACUUM');
      }
    }
    migration({ name: '001_vacuum', transaction: false })(Vacuum as never);
    const error = await rejectionOf(service([bare], [Vacuum as never]).up());
    expect(error).toMatchObject({
      code: 'DECANT_MIGRATION_HOOK',
      message: 'Hook Bare.afterEach failed at 001_vacuum: no',
      hint: expect.stringMatching(/restored from the backup .* Mend the hook and run again\.$/),
      failure: { rolledBack: 'restored' },
    });
    expect(tablesOf(other)).toEqual(['there']);
  });
});

describe('beforeRun', () => {
  it('may refuse: then nothing runs, nothing is backed up, and onError is told', async () => {
    db.exec('CREATE TABLE there (x)');
    const veto = telling('A', { beforeRun: () => fail('not on a Friday.') });
    const error = await rejectionOf(service([veto, telling('B')]).up());
    expect(error).toMatchObject({
      name: 'HookError',
      code: 'DECANT_HOOK',
      exitCode: 1,
      message: 'Hook number 1.beforeRun failed: not on a Friday.',
      hook: 'number 1',
      event: 'beforeRun',
    });
    expect(told).toEqual(['A onError 0 HookError', 'B onError 0 HookError']);
    expect(tablesOf(other)).toEqual(['there']);
    expect(existsSync(join(folder, 'x.db.backups'))).toBe(false);
  });

  it('comes after prepare(), which may fail without anybody having been told', async () => {
    const unprepared = { ...tableMigration('001_a'), prepare: () => fail('offline') };
    await rejectionOf(service([telling('A')], [unprepared]).up());
    expect(told).toEqual([]);
  });
});

describe('afterRun', () => {
  it('that throws undoes nothing, which its error says, and keeps no other from being called', async () => {
    const sick = telling('A', { afterRun: () => fail('mail server down') });
    const alsoSick = telling('C', { afterRun: () => fail('no pager') });
    const error = await rejectionOf(service([sick, telling('B'), alsoSick]).up());
    expect(error).toMatchObject({
      code: 'DECANT_HOOK',
      event: 'afterRun',
      message:
        'Hook number 1.afterRun failed: mail server down. The run itself has succeeded, and all of it is committed: 001_a, 002_b.',
      hint: 'Run nothing again for its sake; mend the hook. Hook number 3.afterRun failed: no pager.',
    });
    expect(told.slice(-4)).toEqual([
      'B afterRun 2',
      'A onError 2 HookError',
      'B onError 2 HookError',
      'C onError 2 HookError',
    ]);
    expect(recordedIn(other)).toEqual(['001_a', '002_b']);
  });
});

describe('onError', () => {
  it('is told of the failure, and of what the run had done', async () => {
    let seen: [unknown, RunReport] | undefined;
    const hook: MigrationHooks = {
      beforeEach: () => undefined,
      async onError(error, report) {
        await later();
        seen = [error, report];
      },
    };
    const error = await rejectionOf(service([hook], [tableMigration('001_a'), FAILING]).up());
    expect(seen?.[0]).toBe(error);
    expect(seen?.[1]).toMatchObject({
      steps: [{ name: '001_a', outcome: 'applied' }],
      hooks: [{ name: 'number 1', calls: { beforeEach: 2 } }],
    });
  });

  it('never takes the place of the first error: what it throws is a warning of it', async () => {
    const sick: Hooks = { onError: () => fail('no network') };
    const error = (await rejectionOf(service([sick, telling('B')], [FAILING]).up())) as MigrationFailedError;
    expect(error.message).toBe('Migration 002_b failed: not today');
    expect(error.failure.warnings).toEqual(['Hook number 1.onError failed: no network.']);
    expect(told.at(-1)).toBe('B onError 0 MigrationFailedError');
    const veto: Hooks = { ...sick, beforeRun: () => fail('no') };
    expect(await rejectionOf(service([veto]).up())).toMatchObject({
      message: 'Hook number 1.beforeRun failed: no.',
      hint: expect.stringMatching(/ Hook number 1\.onError failed: no network\.$/),
    });
    const own = new Error('from onProgress');
    const onProgress = (): never => {
      throw own;
    };
    expect(await rejectionOf(service([sick]).up({ onProgress }))).toBe(own);
  });
});

describe('hooks of a container', () => {
  class Log {
    readonly lines: string[] = told;
  }
  class Audit extends MigrationHooks {
    constructor(private readonly log: Log) {
      super();
    }
    override beforeRun(): void {
      this.log.lines.push('audit');
    }
  }
  injectable()(Log);
  Reflect.defineMetadata('design:paramtypes', [Log], Audit);

  it('are built with its services, anew for each run; what is registered comes after what is given', async () => {
    const container = root.createChildContainer();
    const log = new Log();
    container.register(Log, { useValue: log });
    registerDecant(container, { database: db, migrations: TWO, hooks: [Audit, telling('B')] });
    injectable()(Audit);
    container.register(MigrationHooks as never, { useClass: Audit });
    container.register(MigrationHooks as never, { useValue: telling('D') });
    const built = container.resolve(MigrationService);
    const report = await built.up({ steps: 1 });
    expect(log.lines.filter((line) => /^audit$|beforeRun/.test(line))).toEqual([
      'audit',
      'B beforeRun 1',
      'audit',
      'D beforeRun 1',
    ]);
    expect(report.hooks.map(({ name }) => name)).toEqual([
      'Audit',
      'number 2',
      'Audit',
      'number 2 of those registered',
    ]);
    await built.up();
    expect(log.lines.filter((line) => line === 'audit')).toHaveLength(4);
  });

  it('that cannot be built are named, before anything runs', async () => {
    class Lost extends MigrationHooks {
      constructor(readonly what: string) {
        super();
      }
      override beforeRun(): void {
        told.push(this.what);
      }
    }
    expect(await rejectionOf(service([Lost as never]).up())).toMatchObject({
      code: 'DECANT_INJECTION',
      message: expect.stringMatching(/^Cannot build Lost: /),
    });
    const container = root.createChildContainer();
    registerDecant(container, { database: db, migrations: TWO });
    container.register(MigrationHooks as never, { useClass: Lost });
    expect(await rejectionOf(container.resolve(MigrationService).up())).toMatchObject({
      code: 'DECANT_INJECTION',
      message: expect.stringMatching(/^Cannot build what is registered as MigrationHooks: /),
    });
    expect(tablesOf(other)).toEqual([]);
  });

  it('that have no method of a hook are refused', async () => {
    class Misspelt extends MigrationHooks {
      beforeEvery(): void {
        told.push('never');
      }
    }
    expect(await rejectionOf(service([Misspelt]).up())).toMatchObject({
      code: 'DECANT_HOOK',
      message: 'The hooks Misspelt have no method that is ever called.',
    });
  });

  it.each([
    [5, 'DECANT_USAGE', 'hooks must be a list.'],
    ['audit.ts', 'DECANT_USAGE', 'hooks must be a list.'],
    [[null], 'DECANT_HOOK', 'The hooks number 1 are neither a class nor an object nor a path.'],
    [[() => 5], 'DECANT_HOOK', 'The hooks number 1 are neither a class nor an object nor a path.'],
  ])('that are none are refused: %p', async (given, code, message) => {
    expect(await rejectionOf(service(given as never).up())).toMatchObject({ code, message });
    expect(tablesOf(other)).toEqual([]);
  });

  it('that have something else by the name of one are refused', async () => {
    const odd = { beforeRun: 5, afterRun: () => undefined } as never;
    expect(await rejectionOf(service([odd]).up())).toMatchObject({
      code: 'DECANT_HOOK',
      message: 'beforeRun of the hooks number 1 is no method.',
    });
    expect(tablesOf(other)).toEqual([]);
  });
});

describe('hooks of a file', () => {
  const files = {
    'class.mjs':
      'export default class Loud { beforeEach(step) { if (step.name === "002_b") throw new Error("no"); } }',
    'object.mjs': 'export default { beforeEach: () => {} };',
    'commonjs.cjs': 'exports.default = { afterRun: () => {} };',
    'none.mjs': 'export const beforeEach = () => {};',
    'five.mjs': 'export default 5;',
    'arrow.mjs': 'export default () => {};',
    'folder/x.mjs': '',
    'broken.mjs': 'export default {',
  };

  it('are its default export, a class or an object, and an error names file and line', async () => {
    const at = makeFolder(files);
    const paths = ['object.mjs', 'commonjs.cjs', 'class.mjs'].map((name) => join(at, name));
    const error = (await rejectionOf(service(paths).up())) as MigrationFailedError;
    expect(error.message).toBe('Hook Loud.beforeEach (class.mjs:1) failed at 002_b: no');
    expect(error.failure).toMatchObject({ file: paths[2], line: 1 });
  });

  it.each([
    ['none.mjs', /^The hooks .*none\.mjs have no default export\.$/],
    ['broken.mjs', /^Cannot load the hooks .*broken\.mjs: /],
    ['five.mjs', /^The hooks .*five\.mjs have a default export that is neither a class nor an object\.$/],
    ['arrow.mjs', /^The hooks .*arrow\.mjs have a default export that is neither a class nor an object\.$/],
    ['gone.mjs', /^There is no file of hooks .*gone\.mjs\.$/],
    ['folder', /^There is no file of hooks .*folder\.$/],
  ])('%s is refused before anything runs', async (name, message) => {
    const error = await rejectionOf(service([join(makeFolder(files), name)]).up());
    expect(error).toMatchObject({ code: 'DECANT_HOOK', message: expect.stringMatching(message) });
    expect(tablesOf(other)).toEqual([]);
  });
});
