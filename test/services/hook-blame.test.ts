import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DecantOptions } from '../../src/container.js';
import { migration } from '../../src/domain/decorator.js';
import { MigrationHooks } from '../../src/domain/hooks.js';
import {
  Migration,
  type Database as Connection,
  type Direction,
  type MigrationDefinition,
  type MigrationObject,
} from '../../src/domain/migration.js';
import { batch } from '../../src/batch/batch.js';
import type { MigrationFailedError } from '../../src/errors.js';
import { recordedIn, tablesOf } from '../helpers/database.js';
import { rejectionOf } from '../helpers/errors.js';
import { makeFolder } from '../helpers/files.js';
import { serviceFor } from '../helpers/migrations.js';

const SCHEMA = `
  CREATE TABLE kept (x);
  CREATE TABLE t (x);
  CREATE TRIGGER t_kept AFTER INSERT ON t BEGIN DELETE FROM kept WHERE x = new.x; END;
  CREATE TABLE indexed (x);
  CREATE INDEX indexed_x ON indexed (x);
  CREATE TABLE parents (id INTEGER PRIMARY KEY, code);
  CREATE UNIQUE INDEX parents_code ON parents (code);
  CREATE TABLE children (parent REFERENCES parents (id), code REFERENCES parents (code));
  INSERT INTO kept VALUES (1), (2), (3);
  INSERT INTO parents VALUES (1, 'a'), (2, 'b');
  INSERT INTO children VALUES (1, 'a'), (2, 'b');
`;

type Deed = (handle: Connection) => void;

let folder: string;
let file: string;
let db: Connection;
let other: Connection;

beforeEach(() => {
  folder = makeFolder();
  file = join(folder, 'x.db');
  db = new Database(file, { timeout: 20 });
  db.pragma('journal_mode = WAL');
  db.exec(SCHEMA);
  other = new Database(file, { timeout: 20 });
});

afterEach(() => {
  db.close();
  other.close();
});

const says = (sql: string): Deed => {
  return (handle) => void handle.exec(sql);
};

function swallowing(deed: Deed): Deed {
  return (handle) => {
    try {
      deed(handle);
    } catch {
      // it goes on as if nothing were amiss
    }
  };
}

const REMAKE =
  'CREATE TABLE made (x); INSERT INTO made SELECT x FROM indexed; DROP TABLE indexed; ALTER TABLE made RENAME TO indexed';

/** What may not be done, the code of its error, and what that says. */
const DEEDS: Readonly<Record<string, readonly [deed: Deed, code: string, says: RegExp]>> = {
  'loses rows': [
    says('INSERT INTO t VALUES (1), (2)'),
    'UNDECLARED_LOSS',
    /^(.+) lost( at 001_a)? what it did not ask to remove: 2 of 3 rows of kept\.$/,
  ],
  'loses an index': [
    says(REMAKE),
    'UNDECLARED_LOSS',
    /^(.+) lost( at 001_a)? what it did not ask to remove: index indexed_x of indexed\.$/,
  ],
  'violates foreign keys': [
    says('DELETE FROM parents WHERE id = 2'),
    'FOREIGN_KEY',
    /^(.+) left foreign keys violated( at 001_a)? that were not before: 1 row of children /,
  ],
  'breaks a foreign key': [
    says('DROP INDEX parents_code'),
    'FOREIGN_KEY',
    /^(.+) left foreign keys violated( at 001_a)? that were not before: foreign key mismatch/,
  ],
  'commits and begins': [
    says('COMMIT; BEGIN'),
    'TRANSACTION_ENDED',
    /^(.+) ended the engine's transaction \(COMMIT, ROLLBACK or END\)( at 001_a, which| and) was not recorded\.$/,
  ],
  'commits, and says nothing of it': [
    swallowing(says('COMMIT')),
    'TRANSACTION_ENDED',
    /^(.+) ended the engine's transaction \(COMMIT, ROLLBACK or END\)( at 001_a, which| and) was not recorded\.$/,
  ],
  'commits behind the back of its handle': [
    () => void db.exec('COMMIT; BEGIN'),
    'TRANSACTION_ENDED',
    /^(.+) ended the engine's transaction \(COMMIT, ROLLBACK or END\)( at 001_a, which| and) was not recorded\.$/,
  ],
};

/** A hook that does nothing wrong, by statements that the guards look at. */
class Audit extends MigrationHooks {
  override beforeEach(_step: unknown, handle: Connection): void {
    handle.exec('CREATE TABLE IF NOT EXISTS audit (x); INSERT INTO audit VALUES (1)');
  }

  override afterEach(_step: unknown, handle: Connection): void {
    handle.exec('UPDATE audit SET x = x + 1; DELETE FROM t');
    handle.prepare('INSERT INTO audit VALUES (2), (3) RETURNING x').iterate().next(); // and is left open
  }
}

type Place = 'beforeEach' | 'afterEach' | 'body';
type Deeds = Partial<Record<Place, Deed>>;

/** A migration, called for by a hook on either side, with what each of them does in one direction. */
function partsFor(direction: Direction, deeds: Deeds): DecantOptions {
  const doing = (place: Place) => (step: { readonly direction: Direction }, handle: Connection) =>
    step.direction === direction ? deeds[place]?.(handle) : undefined;
  class Bad extends MigrationHooks {
    override beforeEach = doing('beforeEach');
    override afterEach = doing('afterEach');
  }
  const body = doing('body');
  const definition: MigrationDefinition = {
    name: '001_a',
    up: (handle) => body({ direction: 'up' }, handle),
    down: (handle) => body({ direction: 'down' }, handle),
  };
  return { database: db, migrations: [definition], hooks: [Audit, Bad, Audit], backup: 'never' };
}

async function failureIn(direction: Direction, deeds: Deeds): Promise<MigrationFailedError> {
  const service = serviceFor(partsFor(direction, deeds));
  if (direction === 'down') await service.up();
  return (await rejectionOf(service[direction]())) as MigrationFailedError;
}

function up(deeds: Deeds): Promise<MigrationFailedError> {
  return failureIn('up', deeds);
}

const CULPRITS = [
  ['Hook Bad.beforeEach', 'beforeEach'],
  ['Hook Bad.afterEach', 'afterEach'],
  ['Migration 001_a', 'body'],
] as const;
const CASES = CULPRITS.flatMap(([culprit, place]) =>
  Object.keys(DEEDS).flatMap((what) =>
    (['up', 'down'] as const).map((direction) => ({ culprit, place, what, direction })),
  ),
);

describe('an error names who did it', () => {
  it.each(CASES)('$culprit $what ($direction)', async ({ culprit, place, what, direction }) => {
    const [deed, code, pattern] = DEEDS[what] as (typeof DEEDS)[string];
    const error = await failureIn(direction, { [place]: deed });
    expect(error).toMatchObject({ code: `DECANT_${code}`, exitCode: 1, failure: { migration: '001_a' } });
    expect(error.message).toMatch(pattern);
    const [, named, at] = pattern.exec(error.message) ?? [];
    expect(named).toBe(culprit);
    expect(at?.includes('001_a') ?? false).toBe(place !== 'body');
    expect(error.hint.includes('hook')).toBe(place !== 'body');
    expect(recordedIn(other)).toEqual(direction === 'up' ? [] : ['001_a']);
  });

  it.each(CULPRITS)('%s, with a rollback journal', async (culprit, place) => {
    db.pragma('journal_mode = DELETE');
    const error = await up({ [place]: says('DELETE FROM parents') });
    expect(error.message).toMatch(`${culprit} left foreign keys violated`);
  });

  it.each(CULPRITS)('%s, in a dry run, in which the statement is refused', async (culprit, place) => {
    const service = serviceFor(partsFor('up', { [place]: swallowing(says('COMMIT; BEGIN')) }));
    const { error } = await service.dryRun('up');
    expect(error?.code).toBe('DECANT_TRANSACTION_ENDED');
    expect(error?.message).toMatch(`${culprit} ended the engine's transaction`);
  });

  it.each(CULPRITS)('%s, in a dry run, by what the guards find', async (culprit, place) => {
    const service = serviceFor(partsFor('up', { [place]: says('INSERT INTO t VALUES (1)') }));
    const { error, steps } = await service.dryRun('up');
    expect(error?.message).toMatch(`${culprit} lost`);
    expect(steps).toMatchObject([{ outcome: 'fails', losses: '1 of 3 rows of kept' }]);
  });

  it('and what it left, which is nothing', async () => {
    const error = await up({
      beforeEach: says('INSERT INTO t VALUES (1)'),
      body: says('CREATE TABLE b (x)'),
    });
    expect(error.failure.rolledBack).toBe('all');
    expect(tablesOf(other)).toEqual(['children', 'indexed', 'kept', 'parents', 't']);
    expect(other.prepare('SELECT x FROM kept').pluck().all()).toEqual([1, 2, 3]);
    expect(other.prepare('SELECT error FROM _migrations_journal').pluck().all()).toEqual([error.message]);
  });

  it('by the file of the hook', async () => {
    const path = join(folder, 'hooks.mjs');
    writeFileSync(path, "export default { afterEach: (_step, db) => db.exec('INSERT INTO t VALUES (1)') };");
    const error = await rejectionOf(serviceFor({ ...partsFor('up', {}), hooks: [path] }).up());
    expect(error).toMatchObject({
      message:
        'Hook hooks.mjs.afterEach (hooks.mjs) lost at 001_a what it did not ask to remove: 1 of 3 rows of kept.',
      hint: "The database is as it was before it. If the loss is meant, let a statement of the hook say so, or declare it on a class: @migration({ expectLoss: ['kept'] }).",
      failure: { file: path },
    });
  });
});

describe('of several, an error names', () => {
  it('each that has a part in the damage', async () => {
    const error = await up({
      beforeEach: says('INSERT INTO t VALUES (1)'),
      body: says('INSERT INTO t VALUES (2)'),
    });
    expect(error.message).toBe(
      'Hook Bad.beforeEach together with migration 001_a lost what it did not ask to remove: 2 of 3 rows of kept.',
    );
    expect(error.failure.file).toBeUndefined();
  });

  it('not the one whose damage the next has mended', async () => {
    const error = await up({
      beforeEach: says('INSERT INTO t VALUES (1); DELETE FROM parents WHERE id = 1'),
      body: says("INSERT INTO kept VALUES (1); INSERT INTO parents VALUES (1, 'a')"),
      afterEach: says('INSERT INTO t VALUES (2)'),
    });
    expect(error.message).toMatch(/^Hook Bad\.afterEach lost at 001_a .*: 1 of 3 rows of kept\.$/);
  });

  it('none, where all is mended in the end', async () => {
    const deeds = {
      beforeEach: says('INSERT INTO t VALUES (1); DELETE FROM parents WHERE id = 1'),
      afterEach: says("INSERT INTO kept VALUES (1); INSERT INTO parents VALUES (1, 'a')"),
    };
    expect((await serviceFor(partsFor('up', deeds)).up()).steps).toMatchObject([{ outcome: 'applied' }]);
  });

  it('the one that lost the rows of a table, and not who renamed it before or after', async () => {
    const rename = (from: string, to: string): Deed => says(`ALTER TABLE ${from} RENAME TO ${to}`);
    const lose = says('INSERT INTO t VALUES (1)');
    const first = await up({
      beforeEach: lose,
      body: rename('kept', 'had'),
      afterEach: rename('had', 'has'),
    });
    expect(first.message).toMatch(/^Hook Bad\.beforeEach lost at 001_a .*: 1 of 3 rows of has\.$/);
    const last = await up({ beforeEach: rename('kept', 'had'), body: rename('had', 'has'), afterEach: lose });
    expect(last.message).toMatch(/^Hook Bad\.afterEach lost at 001_a .*: 1 of 3 rows of has\.$/);
    const keys = await up({
      beforeEach: rename('parents', 'old'),
      body: says('DELETE FROM old'),
      afterEach: rename('children', 'young'),
    });
    expect(keys.message).toMatch(
      /^Migration 001_a left foreign keys violated that were not before: 2 rows of young/,
    );
  });

  it('the one that lost rows, where the table had fewer before', async () => {
    const error = await up({
      body: says('INSERT INTO kept VALUES (4), (5)'),
      afterEach: says('INSERT INTO t VALUES (5)'),
    });
    expect(error.message).toMatch(/^Hook Bad\.afterEach lost at 001_a .*: 1 of 5 rows of kept\.$/);
  });

  it('the migration that lost rows which were not there before it', async () => {
    const error = await up({
      body: (handle) => {
        handle.exec('INSERT INTO kept VALUES (4), (5)');
        handle.exec('INSERT INTO t VALUES (5)');
      },
    });
    expect(error.message).toBe('Migration 001_a lost what it did not ask to remove: 1 of 5 rows of kept.');
  });

  it('the last one of all that ended the transaction', async () => {
    class Last extends MigrationHooks {
      override afterEach(_step: unknown, handle: Connection): void {
        handle.exec('COMMIT; BEGIN');
      }
    }
    const error = await rejectionOf(serviceFor({ ...partsFor('up', {}), hooks: [Audit, Last] }).up());
    expect(error).toMatchObject({
      code: 'DECANT_TRANSACTION_ENDED',
      message: expect.stringMatching(/^Hook Last\.afterEach ended /),
    });
  });

  it('the first that ended the transaction, and none after it is called', async () => {
    const called: string[] = [];
    const error = await up({
      beforeEach: swallowing(says('ROLLBACK')),
      body: () => void called.push('body'),
      afterEach: says('SELECT 1'),
    });
    expect(error).toMatchObject({
      code: 'DECANT_TRANSACTION_ENDED',
      message:
        "Hook Bad.beforeEach ended the engine's transaction (COMMIT, ROLLBACK or END) at 001_a, which was not recorded.",
      hint: 'What it had committed is in the database; look at it, take the statement out of the hook, and run again.',
      failure: { sql: 'ROLLBACK', rolledBack: 'unknown' },
    });
    expect(called).toEqual([]);
  });

  it('the migration that ended it, and not the hook that would have run next', async () => {
    const error = await up({ body: swallowing(says('COMMIT')), afterEach: says('SELECT 1') });
    expect(error).toMatchObject({ code: 'DECANT_TRANSACTION_ENDED', failure: { sql: 'COMMIT' } });
    expect(error.message).toMatch(/^Migration 001_a ended/);
  });

  it('all, where there is no transaction to tell them apart by', async () => {
    class Bare extends Migration {
      up(handle: Connection): void {
        handle.exec('INSERT INTO t VALUES (1)');
      }
    }
    migration({ name: '001_a', transaction: false })(Bare);
    class Two extends MigrationHooks {
      override beforeEach(): void {
        return;
      }
      override afterEach(): void {
        return;
      }
    }
    const error = await rejectionOf(serviceFor({ database: db, migrations: [Bare], hooks: [Two] }).up());
    expect(error).toMatchObject({
      code: 'DECANT_UNDECLARED_LOSS',
      message:
        'One or more of hook Two.beforeEach, migration 001_a and hook Two.afterEach lost what it did not ask to remove: 1 of 3 rows of kept.',
      hint: expect.stringMatching(/restored from the backup/),
      failure: { rolledBack: 'restored' },
    });
  });
});

/** `partsFor`, for a migration that has no transaction. */
function bareParts(direction: Direction, deeds: Deeds): DecantOptions {
  const { migrations, ...parts } = partsFor(direction, deeds);
  const [{ up: apply, down }] = migrations as [MigrationObject];
  class Bare extends Migration {
    up(handle: Connection): void {
      apply(handle);
    }
    override down(handle: Connection): void {
      down?.(handle);
    }
  }
  migration({ name: '001_a', transaction: false })(Bare);
  return { ...parts, migrations: [Bare], backup: 'destructive' };
}

describe('of a transaction that is left open where there is none, an error names', () => {
  const OPEN = 'it began a transaction (BEGIN or SAVEPOINT) and did not end it';
  const places = CULPRITS.flatMap(([culprit, place]) =>
    ['BEGIN; CREATE TABLE made (x)', 'SAVEPOINT q'].flatMap((sql) =>
      (['up', 'down'] as const).map((direction) => ({ culprit, place, sql, direction })),
    ),
  );

  it.each(places)('$culprit, by $sql ($direction)', async ({ culprit, place, sql, direction }) => {
    const called: Place[] = [];
    const noting = (at: Place): Deed => {
      return (handle) => {
        called.push(at);
        if (at === place) handle.exec(sql);
        else handle.exec('VACUUM');
      };
    };
    const deeds = { beforeEach: noting('beforeEach'), body: noting('body'), afterEach: noting('afterEach') };
    const service = serviceFor(bareParts(direction, deeds));
    if (direction === 'down') await service.up();
    const error = await rejectionOf(service[direction]());
    const isHook = place !== 'body';
    expect(error).toMatchObject({
      code: isHook ? 'DECANT_MIGRATION_HOOK' : 'DECANT_MIGRATION_FAILED',
      message: `${culprit} failed${isHook ? ' at 001_a' : ''}: ${OPEN}`,
      hint: expect.stringMatching(
        isHook ? /restored from .* Mend the hook and/ : /restored from .* Mend the migration and/,
      ),
      failure: { migration: '001_a', rolledBack: 'restored' },
      ...(isHook ? { hook: 'Bad', event: place } : {}),
    });
    const order: readonly Place[] = ['beforeEach', 'body', 'afterEach'];
    expect(called).toEqual(order.slice(0, order.indexOf(place) + 1));
    expect(db.inTransaction).toBe(false);
    expect(tablesOf(other)).not.toContain('made');
    expect(recordedIn(other)).toEqual(direction === 'up' ? [] : ['001_a']);
  });

  it.each(CULPRITS)('%s, in a dry run on a copy', async (culprit, place) => {
    const service = serviceFor(bareParts('up', { [place]: says('SAVEPOINT q') }));
    const { error } = await service.dryRun('up', { on: 'copy' });
    expect(error?.message).toBe(`${culprit} failed${place === 'body' ? '' : ' at 001_a'}: ${OPEN}`);
    expect(error?.hint.includes('hook')).toBe(place !== 'body');
  });

  it('the file of the hook, and what is left where there is no backup', async () => {
    const path = join(folder, 'hooks.mjs');
    writeFileSync(path, "export default { afterEach: (_step, db) => db.exec('BEGIN') };");
    const parts = bareParts('up', { body: says('CREATE TABLE stays (x)') });
    const error = await rejectionOf(serviceFor({ ...parts, hooks: [path], backup: 'never' }).up());
    expect(error).toMatchObject({
      message: `Hook hooks.mjs.afterEach (hooks.mjs) failed at 001_a: ${OPEN}`,
      hint: 'It ran without a transaction: look at what it left, mend the hook, and run again.',
      failure: { file: path, rolledBack: 'unknown' },
    });
    expect(tablesOf(other)).toContain('stays');
  });

  it('nobody, where each ends what it began', async () => {
    const whole = says('BEGIN; INSERT INTO kept VALUES (4); COMMIT; SAVEPOINT q; RELEASE q');
    const report = await serviceFor(
      bareParts('up', { beforeEach: whole, body: whole, afterEach: whole }),
    ).up();
    expect(report.steps).toMatchObject([{ outcome: 'applied' }]);
  });
});

describe('between hooks', () => {
  it('lies a savepoint, where there are hooks, and nowhere else', async () => {
    const told: string[] = [];
    const traced = new Database(file, { verbose: (sql) => void told.push(String(sql)) });
    const run = async (hooks: DecantOptions['hooks'], name: string): Promise<number> => {
      const definition = { name, up: says(`CREATE TABLE "${name}" (x)`) };
      told.length = 0;
      await serviceFor({
        database: traced,
        migrations: [definition],
        hooks,
        backup: 'never',
        missing: 'allow',
      }).up();
      return told.filter((sql) => sql.startsWith('SAVEPOINT')).length;
    };
    const none = await run([], '001_a');
    expect(await run([{ beforeRun: () => undefined }], '002_b')).toBe(none);
    expect(await run([{ beforeEach: () => undefined, afterEach: () => undefined }], '003_c')).toBe(none + 4);
    traced.close();
  });

  it('ends what a hook left open: a savepoint, an iterator', async () => {
    const deeds = {
      beforeEach: (handle: Connection) => {
        handle.exec('SAVEPOINT mine; CREATE TABLE made (x)');
        handle.prepare('SELECT * FROM kept').iterate().next();
      },
      body: says('INSERT INTO made VALUES (1)'),
    };
    await serviceFor(partsFor('up', deeds)).up();
    expect(other.prepare('SELECT x FROM made').pluck().all()).toEqual([1]);
    const error = await failureIn('down', { body: says('SAVEPOINT mine'), afterEach: says('RELEASE mine') });
    expect(error).toMatchObject({
      code: 'DECANT_MIGRATION_HOOK',
      message: 'Hook Bad.afterEach failed at 001_a: no such savepoint: mine',
      failure: { rolledBack: 'all' },
    });
  });

  it('ends an iterator that a hook left open, also where there is no transaction', async () => {
    const deeds = {
      beforeEach: (handle: Connection) => void handle.prepare('SELECT * FROM kept').iterate().next(),
      body: says('VACUUM'),
    };
    expect((await serviceFor(bareParts('up', deeds)).up()).steps).toMatchObject([{ outcome: 'applied' }]);
  });

  it('a setting that a hook makes still holds, and is put back in the end', async () => {
    const seen: unknown[] = [];
    const hook = {
      beforeEach: (_step: unknown, handle: Connection) => void handle.pragma('query_only = ON'),
    };
    const body: Deed = (handle) => void seen.push(handle.pragma('query_only', { simple: true }));
    await serviceFor({ database: db, migrations: [{ name: '001_a', up: body }], hooks: [hook] }).up();
    expect([...seen, db.pragma('query_only', { simple: true })]).toEqual([1, 0]);
  });

  it('batches are told apart from hooks, too', async () => {
    class Batched extends Migration {
      up(handle: Connection): void {
        batch(handle, { table: 'numbers', size: 1, set: { x: '5' } });
      }
    }
    migration({ name: '001_a', transaction: 'batches' })(Batched);
    db.exec('CREATE TABLE numbers (id INTEGER PRIMARY KEY, x); INSERT INTO numbers VALUES (1, 1), (2, 2)');
    const parts = partsFor('up', { afterEach: says('INSERT INTO t VALUES (1)') });
    const error = await rejectionOf(serviceFor({ ...parts, migrations: [Batched] }).up());
    expect(error).toMatchObject({
      message: 'Hook Bad.afterEach lost at 001_a what it did not ask to remove: 1 of 3 rows of kept.',
      failure: { rolledBack: 'batch', progress: { done: 2, total: 2 } },
    });
  });
});
