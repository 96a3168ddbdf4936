import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from '@jest/globals';
import { jsonOf, NOTHING_BUT_THE_TARGET } from '../helpers/command.js';
import { makeFolder } from '../helpers/files.js';
import { TWO_MIGRATIONS } from '../helpers/migrations.js';
import { decant, startDecant } from '../helpers/processes.js';

// Each leaves a row that a second run would double, and takes long enough for the other process to come.
const slowModule = (name: string): string => `export function up(db) {
  db.exec("CREATE TABLE IF NOT EXISTS runs (name TEXT); INSERT INTO runs VALUES ('${name}')");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
}
`;
const NAMES = ['001_a', '002_b', '003_c', '004_d'];
const SLOW = Object.fromEntries(NAMES.map((name) => [`migrations/${name}.mjs`, slowModule(name)]));
const ARGS = ['-d', 'app.db', '--dir', 'migrations'];

function open(folder: string): Database.Database {
  return new Database(join(folder, 'app.db'));
}

function databaseIn(folder: string, journal: 'wal' | 'delete'): void {
  const db = open(folder);
  db.pragma(`journal_mode = ${journal}`);
  db.exec('CREATE TABLE users_own (id)');
  db.close();
}

describe('R26: two processes that run up at once', () => {
  it.each([
    ['a file that is not there yet', 'wal', undefined],
    ['a WAL database', 'wal', 'wal'],
    ['a DELETE-journal database', 'delete', 'delete'],
  ] as const)(
    'apply each migration exactly once and both exit 0, on %s',
    async (_what, ends, journal) => {
      for (let round = 0; round < (journal === undefined ? 10 : 5); round++) {
        const folder = makeFolder(SLOW);
        if (journal !== undefined) databaseIn(folder, journal);
        const both = await Promise.all(
          [0, 1].map(() => decant(['migrate:up', ...ARGS, '--json'], { cwd: folder })),
        );

        expect(both.map(({ code, stderr }) => ({ code, stderr }))).toEqual([
          { code: 0, stderr: expect.stringMatching(NOTHING_BUT_THE_TARGET) },
          { code: 0, stderr: expect.stringMatching(NOTHING_BUT_THE_TARGET) },
        ]);
        expect(both.flatMap((each) => jsonOf(each)['applied'] as string[]).toSorted()).toEqual(NAMES);
        const db = open(folder);
        const column = (sql: string): unknown[] => db.prepare(sql).pluck().all();
        expect(column('SELECT name FROM runs ORDER BY rowid')).toEqual(NAMES);
        expect(column('SELECT name FROM _migrations ORDER BY id')).toEqual(NAMES);
        expect(column('SELECT name FROM _migrations_journal ORDER BY id')).toEqual(NAMES);
        expect(db.pragma('journal_mode', { simple: true })).toBe(ends);
        expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
        db.close();
      }
    },
    30_000,
  );
});

describe("another process's lock", () => {
  it.each(['wal', 'delete'] as const)(
    'ends up with 5 when it lasts longer than --lock-timeout (%s)',
    async (mode) => {
      const folder = makeFolder(TWO_MIGRATIONS);
      databaseIn(folder, mode);
      const holder = open(folder);
      holder.exec('BEGIN IMMEDIATE');
      const up = ['migrate:up', ...ARGS, '--lock-timeout', '100'];
      const [text, json] = await Promise.all([
        decant(up, { cwd: folder }),
        decant([...up, '--json'], { cwd: folder }),
      ]);
      holder.exec('ROLLBACK');
      expect(holder.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all()).toEqual([
        'users_own',
      ]);
      holder.close();

      expect(text.code).toBe(5);
      expect(text.stderr).toMatch(/^✗ .*app\.db is locked by another process\.\n {2}Next .*--lock-timeout/m);
      expect(jsonOf(json)).toMatchObject({ error: { code: 'DECANT_LOCKED', exitCode: 5 } });
      expect(json.code).toBe(5);
    },
  );

  it('ends up with 5 when it holds even the first look at an empty file', async () => {
    const folder = makeFolder(TWO_MIGRATIONS);
    const holder = open(folder);
    holder.exec('BEGIN EXCLUSIVE');
    const { code, stderr } = await decant(['migrate:up', ...ARGS, '--lock-timeout', '100'], { cwd: folder });
    holder.close();
    expect(stderr).toMatch(/is locked by another process/);
    expect(code).toBe(5);
  });

  it('ends status with 5 when it lasts longer than lockTimeout', async () => {
    const folder = makeFolder({ ...TWO_MIGRATIONS, 'decant.config.json': '{ "lockTimeout": 100 }' });
    databaseIn(folder, 'delete');
    const holder = open(folder);
    holder.exec('BEGIN EXCLUSIVE');
    const { code, stderr } = await decant(['migrate:status', ...ARGS], { cwd: folder });
    holder.close();
    expect(stderr).toMatch(/is locked by another process/);
    expect(code).toBe(5);
  });

  it('is waited for: up goes on when it ends in time', async () => {
    const folder = makeFolder(TWO_MIGRATIONS);
    databaseIn(folder, 'wal');
    const holder = open(folder);
    holder.exec('BEGIN IMMEDIATE');
    const { child, finished } = startDecant(['migrate:up', ...ARGS], { cwd: folder });
    // Announced: from here on it can only be waiting.
    await new Promise((resolve) => child.stderr?.once('data', resolve));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(child.exitCode).toBe(null);
    holder.exec('COMMIT');
    holder.close();
    expect(await finished).toMatchObject({ code: 0, stdout: expect.stringContaining('Done: 2 applied.') });
  });
});
