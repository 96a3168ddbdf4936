import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DecantOptions } from '../../src/container.js';
import { migration, type MigrationOptions } from '../../src/domain/decorator.js';
import {
  Migration,
  type Database as Connection,
  type MigrationDefinition,
} from '../../src/domain/migration.js';
import type { Progress } from '../../src/domain/report.js';
import { MigrationFailedError } from '../../src/errors.js';
import { MODES, valueIn } from '../helpers/backups.js';
import { rejectionOf } from '../helpers/errors.js';
import { makeFolder } from '../helpers/files.js';
import { serviceFor, tableMigration } from '../helpers/migrations.js';

let file: string;
let db: Connection;
beforeEach(() => openIn('wal'));
afterEach(() => void db.close());

function openIn(mode: string): void {
  file = `${makeFolder()}/app.db`;
  db = new Database(file, { timeout: 100 });
  db.pragma(`journal_mode = ${mode}`);
  db.exec("CREATE TABLE own (x); INSERT INTO own VALUES ('before')");
}

function service(migrations: readonly MigrationDefinition[], options: DecantOptions = {}) {
  return serviceFor({ database: db, migrations, lockTimeout: 500, ...options });
}

function declared(name: string, options: MigrationOptions, up: string | ((db: Connection) => void)) {
  @migration({ name, ...options })
  class It extends Migration {
    up(handle: Connection): void {
      if (typeof up === 'string') handle.exec(up);
      else up(handle);
    }
    override down(): void {
      return;
    }
  }
  return It;
}

const kept = (): string[] => {
  if (!existsSync(`${file}.backups`)) return [];
  return readdirSync(`${file}.backups`)
    .filter((entry) => entry.endsWith('.db'))
    .map((entry) => `${file}.backups/${entry}`);
};

const THREE = ['001_a', '002_b', '003_c'].map(tableMigration);
const journal = (): unknown[] =>
  db.prepare('SELECT name, outcome FROM _migrations_journal ORDER BY id').raw().all();

/** A migration that leaves something before it fails. */
function halfway(then?: () => void): MigrationDefinition {
  return declared('002_half', { transaction: false }, (handle) => {
    handle.exec("INSERT INTO own VALUES ('half'); DROP TABLE a");
    handle.exec('VACUUM');
    then?.();
    handle.exec('BOGUS');
  });
}

function vacuum(name: string): MigrationDefinition {
  return declared(name, { transaction: false }, 'VACUUM');
}

/** What the application does on the same connection, as soon as the copy lets it. */
function duringBackup(sql: string): (progress: Progress) => void {
  let isDone = false;
  const write = (): void => {
    if (isDone) return;
    try {
      db.exec(sql);
      isDone = true;
    } catch (error) {
      expect(error).toMatchObject({ code: 'SQLITE_BUSY' });
    }
  };
  return ({ type }) => {
    if (type === 'backup') queueMicrotask(write);
  };
}

function hideBackups(): void {
  rmSync(`${file}.backups`, { recursive: true });
  mkdirSync(`${file}.backups`);
}

function spoilBackups({ type }: Progress): void {
  if (type !== 'done') return;
  rmSync(`${file}.backups`, { recursive: true });
  writeFileSync(`${file}.backups`, '');
}

describe('a run', () => {
  it('backs up first what it is about to change, and says where', async () => {
    const told: string[] = [];
    const onProgress = (progress: Progress): void => void told.push(progress.type);
    const report = await service(THREE).up({ onProgress });
    expect(kept()).toEqual([report.backup]);
    expect(report.backup).toMatch(new RegExp(`-${report.runId}\\.db$`));
    const tables = "SELECT group_concat(name) FROM sqlite_schema WHERE type = 'table'";
    expect(valueIn(report.backup ?? '', tables)).toBe('own');
    expect(told.slice(-6)).toEqual(['start', 'done', 'start', 'done', 'start', 'done']);
    expect(told.slice(0, -6).every((type) => type === 'backup')).toBe(true);
  });

  it('makes none when there is nothing to do, nor where there is nothing to lose', async () => {
    const empty = new Database(`${makeFolder()}/new.db`);
    expect(await service(THREE, { database: empty }).up()).toMatchObject({ backup: null });
    expect(existsSync(`${empty.name}.backups`)).toBe(false);
    empty.close();
    await service(THREE).up();
    expect(await service(THREE).up()).toMatchObject({ backup: null, steps: [] });
    expect(kept()).toHaveLength(1);
  });

  it('is not begun when the backup cannot be made', async () => {
    writeFileSync(`${file}.backups`, 'a file, where the folder would be');
    const error = await rejectionOf(service(THREE).up());
    expect(error).toMatchObject({
      code: 'DECANT_BACKUP',
      message: expect.stringMatching(/^Cannot back up .+app\.db to .+app\.db\.backups: /) as unknown,
      hint: expect.stringContaining('--no-backup') as unknown,
    });
    expect(valueIn(file, "SELECT count(*) FROM sqlite_schema WHERE name <> 'own'")).toBe(0);
  });

  it('leaves no backup of what is as it was: of a failure that was rolled back, or when others had done it all', async () => {
    const broken = { name: '001_broken', up: (handle: Connection) => handle.exec('BOGUS') };
    expect(await rejectionOf(service([broken]).up())).toMatchObject({ failure: { rolledBack: 'all' } });
    expect(kept()).toEqual([]);
    const other = new Database(file);
    const onProgress = ({ type }: Progress): void => {
      if (type === 'start') other.exec("CREATE TABLE a (x); INSERT INTO _migrations (name) VALUES ('001_a')");
    };
    const report = await service(THREE.slice(0, 1)).up({ onProgress });
    expect(report).toMatchObject({ backup: null, steps: [{ outcome: 'skipped' }] });
    expect(kept()).toEqual([]);
    other.close();
  });

  it('leaves none when the lock was waited for in vain, and nothing was done', async () => {
    const other = new Database(file);
    other.exec('BEGIN IMMEDIATE');
    expect(await rejectionOf(service(THREE).up())).toMatchObject({ code: 'DECANT_LOCKED' });
    expect(kept()).toEqual([]);
    other.close();
  });

  it('names the backup of before the run when it fails half way', async () => {
    const broken = { name: '002_broken', up: (handle: Connection) => handle.exec('BOGUS') };
    const error = (await rejectionOf(service([...THREE.slice(0, 1), broken]).up())) as MigrationFailedError;
    expect(error.failure).toMatchObject({ completed: ['001_a'], backup: kept()[0] });
  });

  it('keeps the newest five, or as many as it is told', async () => {
    await service(THREE).up();
    for (let redo = 0; redo < 6; redo++) await service(THREE).redo();
    expect(kept()).toHaveLength(5);
    const report = await service(THREE, { keep: 2 }).redo();
    expect(kept()).toHaveLength(2);
    expect(kept()).toContain(report.backup);
  });

  it('warns, and succeeds, when old ones cannot be removed', async () => {
    const report = await service(THREE.slice(0, 1)).up({ onProgress: spoilBackups });
    expect(report.warnings).toEqual([expect.stringMatching(/^Old backups could not be removed: /)]);
    expect(report.steps).toHaveLength(1);
  });

  it.each([
    ['always', {}, 'up', 1],
    ['never', {}, 'up', 0],
    ['never', { transaction: false }, 'up', 0],
    ['destructive', {}, 'up', 0],
    ['destructive', {}, 'down', 1],
    ['destructive', { expectLoss: ['own'] }, 'up', 1],
    ['destructive', { expectLoss: [] }, 'up', 0],
    ['destructive', { irreversible: 'x' }, 'up', 1],
    ['destructive', { transaction: false }, 'up', 1],
  ] as const)(
    'with backup: %s and %j, a migration that goes %s is preceded by %i',
    async (backup, options, direction, count) => {
      const list = [declared('001_it', options, 'SELECT 1')];
      if (direction === 'down') await service(list, { backup: 'never' }).up();
      await service(list, { backup })[direction]();
      expect(kept()).toHaveLength(count);
    },
  );

  it.each([{ backup: 'sometimes' }, { keep: 0 }, { keep: 1.5 }])('refuses %j', (options) => {
    expect(() => service(THREE, options as DecantOptions)).toThrow(/^(?:backup|keep) must be /);
  });
});

describe.each(MODES)('a migration without a transaction (%s)', (mode) => {
  beforeEach(() => {
    db.close();
    openIn(mode);
  });

  it('is undone by the backup of right before it when it fails, and says so', async () => {
    const run = service([tableMigration('001_a'), halfway(), tableMigration('003_c')]).up();
    const error = (await rejectionOf(run)) as MigrationFailedError;
    expect(error).toBeInstanceOf(MigrationFailedError);
    expect(error.hint).toMatch(/^It ran without a transaction, so the database was restored from the backup/);
    expect(error.failure).toMatchObject({ rolledBack: 'restored', completed: ['001_a'] });
    expect(kept()).toHaveLength(2);
    expect(kept()).toContain(error.failure.backup);
    expect(db.prepare('SELECT x FROM own').pluck().all()).toEqual(['before']);
    expect(db.prepare('SELECT count(*) FROM a').pluck().get()).toBe(0);
    expect(db.pragma('journal_mode', { simple: true })).toBe(mode);
    expect(journal()).toEqual([
      ['001_a', 'applied'],
      ['002_half', 'failed'],
      [expect.stringMatching(/^20/), 'restored'],
    ]);
    // And the next run goes on from there.
    const mended = declared('002_half', { transaction: false }, "INSERT INTO own VALUES ('whole')");
    const report = await service([tableMigration('001_a'), mended, tableMigration('003_c')]).up();
    expect(report.steps.map(({ name }) => name)).toEqual(['002_half', '003_c']);
    expect(db.prepare('SELECT x FROM own').pluck().all()).toEqual(['before', 'whole']);
  });

  it('is not undone when others have written since, and the error says where it was as before', async () => {
    const other = new Database(file);
    const theirs = (): void => void other.exec("INSERT INTO own VALUES ('of another')");
    const error = (await rejectionOf(
      service([tableMigration('001_a'), halfway(theirs)]).up(),
    )) as MigrationFailedError;
    expect(error.failure.rolledBack).toBe('unknown');
    expect(error.hint).toMatch(
      /^It ran without a transaction, and was not undone: others have written since\./,
    );
    expect(error.hint).toContain(error.failure.backup);
    const name = basename(error.failure.backup ?? '', '.db');
    expect(error.hint).toContain(`; decant migrate:restore ${name} brings it back.`);
    expect(db.prepare('SELECT x FROM own').pluck().all()).toEqual(['before', 'half', 'of another']);
    expect(valueIn(error.failure.backup ?? '', 'SELECT count(*) FROM a')).toBe(0);
    other.close();
  });

  it.each([
    ['rows', "INSERT INTO own VALUES ('of the application')", 2],
    ['a table', 'CREATE TABLE theirs (x)', 2],
    ['a version', 'PRAGMA user_version = 7', 8],
  ])(
    'is not undone when the application has committed %s on the same connection meanwhile',
    async (_, sql, value) => {
      const onProgress = duringBackup(sql);
      const broken = declared('001_b', { transaction: false }, 'CREATE TABLE b (x); BOGUS');
      const error = (await rejectionOf(service([broken]).up({ onProgress }))) as MigrationFailedError;
      expect(error.hint).toMatch(/was not undone: others have written since\./);
      const theirs = `SELECT (SELECT count(*) FROM own)
        + (SELECT count(*) FROM sqlite_schema WHERE name = 'theirs') + (SELECT user_version FROM pragma_user_version)`;
      expect(db.prepare(theirs).pluck().get()).toBe(value);
    },
  );

  it('is not undone when the application commits an open transaction meanwhile', async () => {
    const onProgress = duringBackup('COMMIT');
    const onPlan = (): void => void db.exec("BEGIN; INSERT INTO own VALUES ('of the application')");
    const broken = declared('001_b', { transaction: false }, 'CREATE TABLE b (x); BOGUS');
    const error = (await rejectionOf(service([broken]).up({ onProgress, onPlan }))) as MigrationFailedError;
    expect(db.prepare('SELECT x FROM own').pluck().all()).toEqual(['before', 'of the application']);
    expect(error.hint).toMatch(/was not undone: others have written since\./);
  });

  it('is not undone when the application has committed on the same connection after it failed', async () => {
    const writing = (): void =>
      queueMicrotask(() => db.exec("INSERT INTO own VALUES ('of the application')"));
    const error = (await rejectionOf(
      service([tableMigration('001_a'), halfway(writing)]).up(),
    )) as MigrationFailedError;
    expect(error.hint).toMatch(/was not undone: others have written since\./);
    expect(db.prepare('SELECT x FROM own').pluck().all()).toEqual(['before', 'half', 'of the application']);
  });

  it.each(
    mode === 'wal'
      ? ['PRAGMA journal_mode = DELETE']
      : ['PRAGMA journal_mode = WAL', 'PRAGMA page_size = 1024; VACUUM'],
  )('is not undone when it changed how the file is stored by %s, and the error says so', async (sql) => {
    const body = (handle: Connection): void => {
      handle.exec(sql);
      handle.exec('DELETE FROM own; BOGUS');
    };
    const error = (await rejectionOf(
      service([declared('001_b', { transaction: false }, body)]).up(),
    )) as MigrationFailedError;
    expect(error.failure.rolledBack).toBe('unknown');
    expect(error.hint).toMatch(
      /was not undone: it changed how the file is stored \(journal_mode .+, page_size 4096; now journal_mode .+\), after which/,
    );
    expect(error.hint).toContain('decant migrate:restore');
    expect(valueIn(error.failure.backup ?? '', 'SELECT x FROM own')).toBe('before');
  });

  it('is not undone where that fails, and the error says why', async () => {
    const error = (await rejectionOf(
      service([tableMigration('001_a'), halfway(hideBackups)]).up(),
    )) as MigrationFailedError;
    expect(error.failure.rolledBack).toBe('unknown');
    expect(error.message).toContain('BOGUS');
    expect(error.hint).toMatch(/and was not undone: Cannot (?:use|restore) .+ENOENT|unable to open/);
  });

  it('that fails again and again fills no disk', async () => {
    await service([tableMigration('001_a')]).up();
    for (let run = 0; run < 4; run++) {
      const error = await rejectionOf(service([tableMigration('001_a'), halfway()], { keep: 2 }).up());
      expect(kept()).toHaveLength(2);
      expect(kept()).toContain((error as MigrationFailedError).failure.backup);
    }
  });

  it('that succeeds leaves no backup but the one of before the run', async () => {
    const report = await service([
      vacuum('001_v'),
      tableMigration('002_b'),
      vacuum('003_v'),
      vacuum('004_v'),
    ]).up();
    expect(report.steps.map(({ outcome }) => outcome)).toEqual(Array(4).fill('applied'));
    expect(kept()).toEqual([report.backup]);
    expect(valueIn(report.backup ?? '', 'SELECT count(*) FROM sqlite_schema')).toBe(1);
  });
});

it('leaves no backup of right before a migration without a transaction that met a lock before it began', async () => {
  db.close();
  openIn('delete');
  const other = new Database(file);
  const onProgress = (progress: Progress): void => {
    if (progress.type === 'start' && progress.index === 1) other.exec('BEGIN EXCLUSIVE');
  };
  const error = await rejectionOf(service([tableMigration('001_a'), vacuum('002_v')]).up({ onProgress }));
  expect(error).toMatchObject({ code: 'DECANT_LOCKED' });
  expect(kept()).toHaveLength(1);
  other.close();
});
