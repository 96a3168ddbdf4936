import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import type { Database as Connection, MigrationObject } from '../../src/domain/migration.js';
import { STRICT } from '../../src/domain/policy.js';
import type { Profile, ProfiledStatement } from '../../src/domain/profile.js';
import { MigrationFailedError } from '../../src/errors.js';
import { ListSource } from '../../src/services/list-source.js';
import { MigrationService } from '../../src/services/migration-service.js';
import { SqliteMigrationRepository } from '../../src/services/sqlite-migration-repository.js';
import { SqliteTransactionManager } from '../../src/services/sqlite-transaction-manager.js';
import { alterTable } from '../../src/sqlite/alter-table.js';
import { tableBehind } from '../../src/sqlite/aliases.js';
import { rejectionOf } from '../helpers/errors.js';

let db: Connection;

beforeEach(() => {
  db = new Database(':memory:');
  db.exec(`CREATE TABLE t (a INTEGER, b TEXT); CREATE TABLE log (a);
    CREATE TRIGGER logs AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.a); END`);
});

afterEach(() => {
  db.close();
});

function serviceFor(...migrations: readonly MigrationObject[]): MigrationService {
  return new MigrationService(
    new ListSource(migrations),
    new SqliteMigrationRepository(db),
    new SqliteTransactionManager(db),
    { create: () => [] },
    STRICT,
  );
}

async function profileOf(...bodies: readonly ((handle: Connection) => unknown)[]): Promise<Profile> {
  const migrations = bodies.map((up, index) => ({
    name: `00${String(index + 1)}_x`,
    up: (handle: Connection): void => void up(handle),
  }));
  const profiles: Profile[] = [];
  await serviceFor(...migrations)
    .up({ onProfile: (profile) => profiles.push(profile) })
    .catch(() => undefined);
  expect(profiles).toHaveLength(1);
  return profiles[0] as Profile;
}

function shown({ migrations }: Profile): unknown {
  return migrations.map(({ name, outcome, rows, statements }) => [
    name,
    outcome,
    rows,
    statements.map(({ sql, count, rows: own, indirectRows }) => [sql, count, own, indirectRows]),
  ]);
}

function statementsOf(profile: Profile): readonly ProfiledStatement[] {
  return profile.migrations.flatMap(({ statements }) => statements);
}

function fullDisk(): never {
  throw new Error('disk full');
}

describe('onProfile', () => {
  it('tells of each statement: of an exec() of several, of prepared ones, of iterators and inner transactions', async () => {
    const profile = await profileOf(
      (handle) => handle.exec('CREATE TABLE x (a); INSERT INTO x VALUES (1), (2)'),
      (handle) => {
        const insert = handle.prepare('INSERT INTO t VALUES (?, ?)');
        handle.transaction(() => {
          for (let index = 0; index < 50; index += 1) insert.run(index, 'x');
        })();
        for (const row of handle.prepare('SELECT a FROM t').iterate()) expect(row).toBeDefined();
      },
    );
    expect(shown(profile)).toEqual([
      [
        '001_x',
        'applied',
        2,
        [
          ['CREATE TABLE x (a)', 1, 0, 0],
          ['INSERT INTO x VALUES (1), (2)', 1, 2, 0],
        ],
      ],
      [
        '002_x',
        'applied',
        100,
        [
          ['INSERT INTO t VALUES (?, ?)', 50, 50, 50],
          ['SELECT a FROM t', 1, 0, 0],
        ],
      ],
    ]);
    const [first, second] = profile.migrations;
    expect(first?.startMs).toBeLessThan(second?.startMs ?? 0);
    for (const { startMs, durationMs, statements } of profile.migrations) {
      for (const statement of statements) {
        expect(statement.durationMs).toBeGreaterThan(0);
        expect(statement.startMs).toBeGreaterThanOrEqual(startMs);
        expect(statement.startMs + statement.spanMs).toBeLessThanOrEqual(startMs + durationMs);
      }
    }
    expect(Object.isFrozen(profile.migrations)).toBe(true);
  });

  it('knows the plan that a statement had when it ran, and what that reads as a whole', async () => {
    db.exec(
      "INSERT INTO t SELECT value, 'x' FROM json_each('[' || substr(replace(hex(zeroblob(20)), '0', ',1'), 2) || ']')",
    );
    const query = 'SELECT b FROM t AS n WHERE n.a = ?';
    const profile = await profileOf((handle) => {
      handle.prepare(query).all(1);
      handle.exec('CREATE INDEX i ON t (a)');
      handle.prepare(query).all(1);
      handle.exec('CREATE TABLE gone (a); DELETE FROM gone WHERE a > 0; DROP TABLE gone');
    });
    const plans = statementsOf(profile).map(({ sql, plan, scans }) => [sql, plan, scans]);
    expect(plans).toEqual([
      [query, ['SCAN n'], [{ table: 't', rows: 40 }]],
      ['CREATE INDEX i ON t (a)', null, []],
      [query, ['SEARCH n USING INDEX i (a=?)'], []],
      ['CREATE TABLE gone (a)', null, []],
      ['DELETE FROM gone WHERE a > 0', ['SCAN gone'], [{ table: 'gone', rows: null }]],
      ['DROP TABLE gone', null, []],
    ]);
  });

  it('takes what a statement makes for itself for no table', async () => {
    const profile = await profileOf((handle) => {
      handle.exec(`WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 9)
        UPDATE t SET b = s.i FROM s WHERE s.i = t.a`);
    });
    const [{ plan, scans } = { plan: null, scans: [] }] = statementsOf(profile);
    expect(plan?.some((line) => line.includes('SCAN s'))).toBe(true);
    expect(scans.map(({ table }) => table)).not.toContain('s');
  });

  it('sees what alterTable() runs', async () => {
    db.exec("INSERT INTO t VALUES (1, 'x')");
    const profile = await profileOf((handle) =>
      alterTable(handle, 't', (table) => table.setDefault('b', 'y')),
    );
    const texts = statementsOf(profile).map(({ sql }) => sql);
    expect(texts.map((sql) => /^\w+ \w+/.exec(sql)?.[0])).toEqual([
      'CREATE TABLE',
      'INSERT OR',
      'PRAGMA legacy_alter_table',
      'DROP TABLE',
      'ALTER TABLE',
      'PRAGMA legacy_alter_table',
      'CREATE TRIGGER',
    ]);
  });

  it('tells of a run that fails as well, with the statement that failed', async () => {
    const profile = await profileOf(
      (handle) => handle.exec('CREATE TABLE x (a UNIQUE)'),
      (handle) => handle.exec('INSERT INTO x VALUES (1), (2); INSERT INTO x VALUES (3), (1); SELECT 1'),
      (handle) => handle.exec('SELECT 2'),
    );
    expect(profile.migrations.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['001_x', 'applied'],
      ['002_x', 'failed'],
    ]);
    expect(profile.migrations[1]?.statements.map(({ sql }) => sql)).toEqual([
      'INSERT INTO x VALUES (1), (2)',
      'INSERT INTO x VALUES (3), (1)',
    ]);
  });

  it('leaves the error as it is without it', async () => {
    const failing: MigrationObject = {
      name: '001_x',
      up: (handle) =>
        void handle.exec('CREATE TABLE x (a UNIQUE);\n INSERT INTO x VALUES (1), (1); SELECT 1'),
    };
    const plain = (await rejectionOf(serviceFor(failing).up())) as MigrationFailedError;
    const profiled = (await rejectionOf(
      serviceFor(failing).up({ onProfile: () => undefined }),
    )) as MigrationFailedError;
    expect(profiled.message).toBe(plain.message);
    expect(profiled.failure).toEqual(plain.failure);
    expect(plain.failure.sql).toContain('SELECT 1');
  });

  it('that throws never takes the place of the error that ended the run', async () => {
    const failing = {
      name: '001_x',
      up: (handle: Connection) => void handle.exec('SELECT 1; SELECT nowhere'),
    };
    const options = { onProfile: fullDisk };
    const error = (await rejectionOf(serviceFor(failing).up(options))) as MigrationFailedError;
    expect(error.message).toBe('Migration 001_x failed: no such column: nowhere');
    expect(error.failure.warnings).toEqual(['onProfile failed: disk full.']);
    const fine = { name: '002_x', up: (handle: Connection) => void handle.exec('SELECT 1') };
    expect(await rejectionOf(serviceFor(fine).up(options))).toMatchObject({ message: 'disk full' });
  });

  it('goes on telling of progress, and is not called where there is nothing to run', async () => {
    const service = serviceFor({ name: '001_x', up: (handle) => void handle.exec('SELECT 1') });
    const told: string[] = [];
    const options = {
      onProgress: ({ type }: { readonly type: string }) => void told.push(type),
      onProfile: () => void told.push('profile'),
    };
    const report = await service.up(options);
    expect(report.steps).toHaveLength(1);
    await service.up(options);
    expect(told).toEqual(['start', 'done', 'profile']);
  });

  it('is bounded, however many texts there are', async () => {
    const profile = await profileOf((handle) => {
      for (let index = 0; index < 1500; index += 1) {
        handle.prepare('SELECT a FROM t WHERE b = 1').all();
        handle.prepare('SELECT b FROM t WHERE a = 1').all();
      }
    });
    const statements = statementsOf(profile);
    expect(statements).toHaveLength(1000);
    expect(statements.reduce((sum, { count }) => sum + count, 0)).toBe(3000);
  });
});

describe('tableBehind', () => {
  it.each([
    ['SELECT * FROM orders AS o', 'o', 'orders'],
    ['SELECT * FROM orders o, "users" U', 'u', 'users'],
    ['SELECT o.x FROM a JOIN orders o ON o.x = a.x', 'o', 'orders'],
    ['UPDATE orders AS o SET x = 1', 'o', 'orders'],
    ['SELECT x FROM orders', 'orders', 'orders'],
    ['SELECT x FROM main.orders', 'main.orders', 'orders'],
    ['SELECT o FROM (SELECT 1) o', 'o', 'o'],
  ])('in %j takes %j for %j', (sql, name, table) => {
    expect(tableBehind(sql, name)).toBe(table);
  });
});
