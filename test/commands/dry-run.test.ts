import { existsSync, readdirSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, it } from '@jest/globals';
import Down from '../../src/commands/migrate/down.js';
import Redo from '../../src/commands/migrate/redo.js';
import Reset from '../../src/commands/migrate/reset.js';
import Up from '../../src/commands/migrate/up.js';
import { jsonOf, runCommand, twoMigrations } from '../helpers/command.js';
import { dumpOf } from '../helpers/dump.js';
import { putFile } from '../helpers/files.js';

const BAD = 'export const up = (db) => db.prepare("INSERT INTO users VALUES (?, ?)").run(1, "a");\n';

afterEach(() => {
  process.exitCode = undefined;
});

describe('--dry-run', () => {
  it.each([
    ['up', [], 'in one transaction, which was rolled back'],
    ['up --on-copy', ['--on-copy'], 'on a temporary copy'],
  ])('of %s tells what would be done, and does not create the database', async (_what, more, where) => {
    const { folder, flags } = twoMigrations();
    const { stdout, exit } = await runCommand(Up, [...flags, '--dry-run', ...more]);
    expect(exit).toBeUndefined();
    expect(process.exitCode).toBeUndefined();
    expect(stdout.replaceAll(/\(\d+ ms\)/g, '(1 ms)')).toBe(`Dry run of up, ${where}:

✓ Would apply 001_users (1 ms)
  Statements   1
  Schema       @@ -0,0 +1,3 @@
               +CREATE TABLE users (
               +  id INTEGER PRIMARY KEY
               +);
  Loss guard   nothing lost
  Foreign keys no new violation

✓ Would apply 002_posts (1 ms)
  Statements   1
  Schema       @@ -1,3 +1,7 @@
               +CREATE TABLE posts (
               +  id INTEGER PRIMARY KEY
               +);
               +
                CREATE TABLE users (
                  id INTEGER PRIMARY KEY
                );
  Loss guard   nothing lost
  Foreign keys no new violation

2 would be applied. Nothing was changed.
`);
    expect(readdirSync(folder)).toEqual(['migrations']);
  });

  it('of what fails shows how far it came, the error, and its exit code', async () => {
    const { folder, flags } = twoMigrations();
    putFile(folder, 'migrations/003_bad.mjs', BAD);
    const { stdout, stderr } = await runCommand(Up, [...flags, '--dry-run', '--sql']);
    expect(process.exitCode).toBe(1);
    expect(stdout).toContain('✗ Fails: up of 003_bad (');
    expect(stdout).toMatch(/\nup would fail\. Nothing was changed\.\n$/);
    expect(stderr).toContain('✗ Migration 003_bad (003_bad.mjs:1) failed: table users has 1 columns');
    expect(stderr).toContain('Next         This was a dry run: nothing was changed. Mend');
    expect(existsSync(`${folder}/app.db`)).toBe(false);
  });

  it('shows what a terminal would obey', async () => {
    const { folder, flags } = twoMigrations();
    putFile(
      folder,
      'migrations/003_odd.mjs',
      `export const up = (db) => db.prepare('CREATE TABLE odd AS SELECT ? AS x').run('\\u001b[2J');`,
    );
    const { stdout } = await runCommand(Up, [...flags, '--dry-run', '--sql']);
    expect(stdout).toContain(String.raw`bound ('\x1b[2J')`);
  });

  it('prints statements with what is bound to them, and all of it by --json', async () => {
    const { folder, flags } = twoMigrations();
    const text = `export const up = (db) => {
      const insert = db.prepare('INSERT INTO users VALUES (?)');
      for (let id = 1; id <= 5; id += 1) insert.run(id);
      db.exec(\`
        UPDATE users
          SET id = id + 10\`);
    };`;
    putFile(folder, 'migrations/003_fill.mjs', text);
    const { stdout } = await runCommand(Up, [...flags, '--dry-run', '--sql']);
    expect(stdout).toContain(`
  Statements   5 × INSERT INTO users VALUES (?)
                 bound (1) (2) (3) …
               UPDATE users
               SET id = id + 10
  Rows         users: 5 inserted, 5 updated
`);
    expect(Math.max(...stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80);
    const json = jsonOf(await runCommand(Up, [...flags, '--dry-run', '--json']));
    expect(json).toMatchObject({
      command: 'up',
      on: 'transaction',
      error: null,
      steps: [
        {},
        {},
        {
          outcome: 'would apply',
          statements: [
            { count: 5, values: ['1', '2', '3'] },
            { count: 1, values: [] },
          ],
          rows: [{ table: 'users', inserted: 5, updated: 5, deleted: 0 }],
        },
      ],
    });
  });

  it('of what fails has report and error in one object by --json', async () => {
    const { folder, flags } = twoMigrations();
    putFile(folder, 'migrations/003_bad.mjs', BAD);
    const ran = await runCommand(Up, [...flags, '--dry-run', '--json']);
    expect(process.exitCode).toBe(1);
    expect(jsonOf(ran)).toMatchObject({
      steps: [{}, {}, { outcome: 'fails' }],
      error: { code: 'DECANT_MIGRATION_FAILED', exitCode: 1, failure: { migration: '003_bad' } },
    });
  });

  it.each([
    ['down', Down, []],
    ['down of several', Down, ['--steps', '2']],
    ['redo', Redo, []],
    ['reset', Reset, []],
  ])(
    'of %s asks nothing, and leaves the database and its backups as they are',
    async (_what, command, more) => {
      const { folder, flags } = twoMigrations();
      await runCommand(Up, flags);
      new Database(`${folder}/app.db`).exec('INSERT INTO users VALUES (1)').close();
      const before = dumpOf(`${folder}/app.db`, folder);
      const { exit, stdout } = await runCommand(command, [...flags, ...more, '--dry-run']);
      expect({ exit, code: process.exitCode }).toEqual({ exit: undefined, code: undefined });
      expect(stdout).toContain('✓ Would roll back 002_posts');
      expect(dumpOf(`${folder}/app.db`, folder)).toEqual(before);
    },
  );

  it('says that nothing is to be done as the command does', async () => {
    const { flags } = twoMigrations();
    await runCommand(Up, flags);
    const { stdout } = await runCommand(Up, [...flags, '--dry-run']);
    expect(stdout).toBe('Nothing to do: nothing is pending.\n');
  });

  it.each(['--on-copy', '--sql'])('is what %s belongs to', async (flag) => {
    const { flags } = twoMigrations();
    const { exit, stderr } = await runCommand(Up, [...flags, flag]);
    expect(exit).toBe(2);
    expect(stderr).toContain('--dry-run');
  });
});
