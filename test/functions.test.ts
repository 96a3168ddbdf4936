import { once } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  closeDatabase,
  ensureMigrationsTable,
  getAppliedMigrations,
  getDatabase,
  getDatabaseMigrationStatus,
  getDatabasePath,
  getMigrationStatus,
  getPendingMigrations,
  initializeDatabase,
  migrations,
  rollbackAllMigrations,
  rollbackMigration,
  runPendingMigrations,
  type Database as Connection,
  type Migration,
  type MigrationRecord,
  type MigrationStatus,
} from '../src/index.js';
import { recordedIn, tablesOf } from './helpers/database.js';
import { errorOf } from './helpers/errors.js';
import { makeFolder, printsOf } from './helpers/files.js';
import { tableMigration } from './helpers/migrations.js';
import { resultOf, start } from './helpers/processes.js';

const BUILT_IN = ['001_initial_schema', '002_add_indexes'];
const TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/;

let folder: string;
let db: Connection;
const builtIn = [...migrations];

beforeEach(() => {
  folder = makeFolder();
  db = new Database(join(folder, 'x.db'));
});

afterEach(() => {
  db.close();
  migrations.splice(0, migrations.length, ...builtIn);
});

// A plain object satisfies the type.
function table(name: string): Migration {
  const { up, down } = tableMigration(name);
  return { name, up, down: (handle) => void down?.(handle) };
}

describe('the list', () => {
  it('holds the built-in migrations at first', () => {
    expect(migrations.map(({ name }) => name)).toEqual(BUILT_IN);
  });

  it('can be pushed to, and runs in numeric order all the same', () => {
    migrations.push(table('010_late'), table('9_early'));
    expect(runPendingMigrations(db)).toEqual([...BUILT_IN, '9_early', '010_late']);
  });

  it('can be replaced', () => {
    migrations.splice(0, migrations.length, table('001_a'));
    expect(runPendingMigrations(db)).toEqual(['001_a']);
    expect(tablesOf(db)).toEqual(['a']);
  });
});

describe('runPendingMigrations', () => {
  it('returns the names of what it applied, and nothing the second time', () => {
    expect(runPendingMigrations(db)).toEqual(BUILT_IN);
    expect(runPendingMigrations(db)).toEqual([]);
    expect(recordedIn(db)).toEqual(BUILT_IN);
  });

  it('applies one that comes too late', () => {
    migrations.push(table('005_e'));
    runPendingMigrations(db);
    migrations.push(table('003_c'));
    expect(runPendingMigrations(db)).toEqual(['003_c']);
  });

  it('does not mind a recorded one that is not in the list', () => {
    migrations.push(table('003_c'));
    runPendingMigrations(db);
    migrations.pop();
    migrations.push(table('004_d'));
    expect(runPendingMigrations(db)).toEqual(['004_d']);
  });

  it('throws for the first that fails, rolls it back, and keeps those before it', () => {
    const bad = table('003_bad');
    migrations.push(table('004_d'), {
      name: '003_bad',
      up(handle: Connection) {
        bad.up(handle);
        handle.exec('BOGUS');
      },
      down: bad.down,
    });
    expect(errorOf(() => runPendingMigrations(db))).toMatchObject({
      code: 'DECANT_MIGRATION_FAILED',
      failure: { migration: '003_bad', sql: 'BOGUS', completed: BUILT_IN },
    });
    expect(recordedIn(db)).toEqual(BUILT_IN);
    expect(tablesOf(db)).not.toContain('bad');
    migrations.splice(3, 1, bad);
    expect(runPendingMigrations(db)).toEqual(['003_bad', '004_d']);
  });

  it('refuses a body that returns a promise', () => {
    migrations.push({
      name: '003_async',
      up: () => Promise.resolve(),
      down: () => undefined,
    });
    expect(errorOf(() => runPendingMigrations(db))).toMatchObject({ code: 'DECANT_ASYNC_MIGRATION' });
    expect(recordedIn(db)).toEqual(BUILT_IN);
  });

  it('refuses a prepare(), which it could not await, before anything runs', () => {
    migrations.push({
      name: '003_c',
      up: () => undefined,
      down: () => undefined,
      prepare: () => Promise.resolve(),
    });
    expect(errorOf(() => runPendingMigrations(db))).toMatchObject({
      code: 'DECANT_USAGE',
      message: expect.stringContaining('003_c has a prepare()'),
      hint: expect.stringContaining('MigrationService'),
    });
    expect(tablesOf(db)).toEqual([]);
  });

  it('refuses to run inside a transaction of the application', () => {
    db.exec('BEGIN');
    expect(errorOf(() => runPendingMigrations(db))).toMatchObject({
      message: expect.stringContaining('already open'),
    });
    expect(db.inTransaction).toBe(true);
  });

  it('works on a connection whose integers are BigInts', () => {
    db.defaultSafeIntegers(true);
    expect(runPendingMigrations(db)).toEqual(BUILT_IN);
    expect(getAppliedMigrations(db).map(({ id }) => id)).toEqual([1, 2]);
    expect(rollbackAllMigrations(db)).toEqual(BUILT_IN.toReversed());
  });
});

describe('rollbackMigration', () => {
  it('rolls back the last one and returns true', () => {
    runPendingMigrations(db);
    expect(rollbackMigration(db, '002_add_indexes')).toBe(true);
    expect(recordedIn(db)).toEqual(['001_initial_schema']);
  });

  it.each([
    ['unknown', '999_unknown'],
    ['not applied', '002_add_indexes'],
    ['recorded, but not in the list', '000_other'],
  ])('returns false for one that is %s, and writes nothing', (_what, name) => {
    migrations.unshift(table('000_other'));
    runPendingMigrations(db);
    migrations.shift();
    rollbackMigration(db, '002_add_indexes');
    const before = printsOf(folder);
    expect(rollbackMigration(db, name)).toBe(false);
    expect(printsOf(folder)).toEqual(before);
  });

  it('returns false in a database without any record', () => {
    expect(rollbackMigration(db, '001_initial_schema')).toBe(false);
    expect(tablesOf(db)).toEqual([]);
  });

  it('refuses while later ones are applied, and names them', () => {
    migrations.push(table('003_c'));
    runPendingMigrations(db);
    const error = errorOf(() => rollbackMigration(db, '001_initial_schema'));
    expect((error as Error).message).toContain('later migrations depend on it (002_add_indexes, 003_c)');
    expect(recordedIn(db)).toHaveLength(3);
  });
});

describe('rollbackAllMigrations', () => {
  it('returns the names, newest first, and can be followed by another run', () => {
    runPendingMigrations(db);
    expect(rollbackAllMigrations(db)).toEqual(BUILT_IN.toReversed());
    expect(tablesOf(db)).toEqual([]);
    expect(rollbackAllMigrations(db)).toEqual([]);
    expect(runPendingMigrations(db)).toEqual(BUILT_IN);
  });
});

describe('the functions that look', () => {
  it('create nothing', () => {
    const before = printsOf(folder);
    expect(getMigrationStatus(db)).toEqual(BUILT_IN.map((name) => ({ name, applied: false })));
    expect(getPendingMigrations(db)).toEqual(builtIn);
    expect(getAppliedMigrations(db)).toEqual([]);
    expect(printsOf(folder)).toEqual(before);
  });

  it('tell what is applied since when, and what is not', () => {
    migrations.push(table('003_c'));
    migrations.splice(1, 1);
    runPendingMigrations(db);
    migrations.push(table('004_d'));
    const status: MigrationStatus[] = getMigrationStatus(db);
    expect(status).toEqual([
      { name: '001_initial_schema', applied: true, appliedAt: expect.stringMatching(TIME) },
      { name: '003_c', applied: true, appliedAt: expect.stringMatching(TIME) },
      { name: '004_d', applied: false },
    ]);
    const applied: MigrationRecord[] = getAppliedMigrations(db);
    expect(applied).toEqual([
      { id: 1, name: '001_initial_schema', applied_at: expect.stringMatching(TIME) },
      { id: 2, name: '003_c', applied_at: expect.stringMatching(TIME) },
    ]);
    expect(getPendingMigrations(db)).toEqual([migrations[2]]);
  });

  it('leave out of the status what is recorded but not in the list', () => {
    migrations.push(table('003_c'));
    runPendingMigrations(db);
    migrations.pop();
    expect(getMigrationStatus(db).map(({ name }) => name)).toEqual(BUILT_IN);
  });
});

describe('ensureMigrationsTable', () => {
  it('creates the table, and can be repeated', () => {
    ensureMigrationsTable(db);
    ensureMigrationsTable(db);
    expect(recordedIn(db)).toEqual([]);
    expect(getAppliedMigrations(db)).toEqual([]);
  });
});

describe('the default database', () => {
  const before = process.env['DATABASE_PATH'];

  beforeEach(() => {
    process.env['DATABASE_PATH'] = join(folder, 'deep', 'er', 'app.db');
  });

  afterEach(() => {
    closeDatabase();
    if (before === undefined) delete process.env['DATABASE_PATH'];
    else process.env['DATABASE_PATH'] = before;
  });

  it('is where DATABASE_PATH says, its folder created', () => {
    expect(getDatabasePath()).toBe(join(folder, 'deep', 'er', 'app.db'));
    expect(initializeDatabase()).toEqual(BUILT_IN);
    expect(existsSync(getDatabasePath())).toBe(true);
  });

  it('is not created by asking for its status', () => {
    expect(getDatabaseMigrationStatus()).toEqual(BUILT_IN.map((name) => ({ name, applied: false })));
    expect(existsSync(join(folder, 'deep'))).toBe(false);
  });

  it('is initialized once, however often one asks', () => {
    initializeDatabase();
    expect(initializeDatabase()).toEqual([]);
    expect(getDatabaseMigrationStatus().map(({ applied }) => applied)).toEqual([true, true]);
  });

  it('is opened once, with foreign keys on, WAL and a busy timeout, and again after it was closed', () => {
    const first = getDatabase();
    expect(getDatabase()).toBe(first);
    expect(first.pragma('foreign_keys', { simple: true })).toBe(1);
    expect(first.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(first.pragma('busy_timeout', { simple: true })).toBeGreaterThan(0);
    closeDatabase();
    closeDatabase();
    expect(first.open).toBe(false);
    expect(getDatabase().open).toBe(true);
  });

  it('is put into WAL mode even where it was made without', () => {
    const path = join(folder, 'x.db');
    db.exec('CREATE TABLE old (x)');
    process.env['DATABASE_PATH'] = path;
    expect(db.pragma('journal_mode', { simple: true })).toBe('delete');
    expect(getDatabase().pragma('journal_mode', { simple: true })).toBe('wal');
    expect(tablesOf(getDatabase())).toEqual(['old']);
  });

  it('waits for a lock of another process, and is then configured in every respect', async () => {
    const path = join(folder, 'x.db');
    db.exec('CREATE TABLE old (x)');
    const { child, finished } = start(process.execPath, [
      '--input-type=module',
      '-e',
      `import Database from 'better-sqlite3';
       const db = new Database(${JSON.stringify(path)});
       db.exec('BEGIN IMMEDIATE');
       console.log('locked');
       setTimeout(() => db.close(), 100);`,
    ]);
    await once(child.stdout as Readable, 'data');
    process.env['DATABASE_PATH'] = path;
    const pragmas = ['journal_mode', 'foreign_keys', 'recursive_triggers'];
    expect(pragmas.map((name) => getDatabase().pragma(name, { simple: true }))).toEqual(['wal', 1, 1]);
    await finished;
  });

  it('is not kept where it could not be opened, but opened again', () => {
    const path = join(folder, 'late.db');
    process.env['DATABASE_PATH'] = path;
    writeFileSync(path, 'no database, and long enough for everybody to see that it is not one');
    expect(errorOf(getDatabase)).toMatchObject({ code: 'DECANT_DATABASE' });
    rmSync(path);
    expect(initializeDatabase()).toEqual(BUILT_IN);
  });

  it('can be in memory, and then its status is that of the connection', () => {
    process.env['DATABASE_PATH'] = ':memory:';
    expect(getDatabaseMigrationStatus().map(({ applied }) => applied)).toEqual([false, false]);
    expect(initializeDatabase()).toEqual(BUILT_IN);
    expect(getDatabaseMigrationStatus().map(({ applied }) => applied)).toEqual([true, true]);
    expect(existsSync(':memory:')).toBe(false);
  });

  it('is opened again when somebody closed its connection', () => {
    getDatabase().close();
    expect(getDatabase().open).toBe(true);
  });

  it.each([
    ['an update', (handle: Connection) => handle.exec("UPDATE nodes SET title = 'second' WHERE id = 'n1'")],
    [
      'REPLACE of the same id',
      (handle: Connection) =>
        handle.exec("REPLACE INTO nodes (id, title, url, source_domain) VALUES ('n1', 'second', 'u1', 'd')"),
    ],
    [
      'REPLACE of the same url',
      (handle: Connection) =>
        handle.exec(
          "INSERT OR REPLACE INTO nodes (id, title, url, source_domain) VALUES ('n2', 'second', 'u1', 'd')",
        ),
    ],
  ])('has a search that knows of %s', (_what, change) => {
    initializeDatabase();
    const handle = getDatabase();
    handle.exec("INSERT INTO nodes (id, title, url, source_domain) VALUES ('n1', 'first', 'u1', 'd')");
    change(handle);
    const hits = (word: string): unknown =>
      handle.prepare('SELECT count(*) FROM nodes_fts WHERE nodes_fts MATCH ?').pluck().get(word);
    expect([hits('first'), hits('second')]).toEqual([0, 1]);
    expect(() =>
      handle.exec("INSERT INTO nodes_fts (nodes_fts, rank) VALUES ('integrity-check', 1)"),
    ).not.toThrow();
  });
});

describe('HOME', () => {
  it('holds the default database when DATABASE_PATH says nothing', async () => {
    const script = `import * as decant from 'decant';
      const applied = decant.initializeDatabase();
      decant.closeDatabase();
      console.log(JSON.stringify({ applied, path: decant.getDatabasePath() }));`;
    const path = join(folder, '.decant', 'data', 'decant.db');
    expect(await resultOf(script, { HOME: folder })).toEqual({ applied: BUILT_IN, path });
    expect(existsSync(path)).toBe(true);
    expect(await resultOf(script, { HOME: folder, DATABASE_PATH: '' })).toEqual({ applied: [], path });
  });

  it('is meant by ~ in DATABASE_PATH', async () => {
    const script =
      "import { getDatabasePath } from 'decant'; console.log(JSON.stringify(getDatabasePath()));";
    expect(await resultOf(script, { HOME: folder, DATABASE_PATH: '~/x.db' })).toBe(join(folder, 'x.db'));
  });
});
