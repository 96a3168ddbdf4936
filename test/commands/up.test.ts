import { describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import Up from '../../src/commands/migrate/up.js';
import {
  jsonErrorOf,
  jsonOf,
  NOTHING_BUT_THE_TARGET,
  runCommand,
  twoMigrations,
} from '../helpers/command.js';

describe('migrate:up', () => {
  it('says first, on stderr, what it works on, and then what it did', async () => {
    const { folder, flags } = twoMigrations();
    const { stdout, stderr } = await runCommand(Up, flags);
    expect(stderr).toBe(
      `Database:   ${folder}/app.db (from flag, not there yet)\nMigrations: ${folder}/migrations (from flag)\n`,
    );
    expect(stdout).toMatch(
      /^✓ Applied 001_users \(\d+ ms\)\n✓ Applied 002_posts \(\d+ ms\)\nDone: 2 applied\.\n$/,
    );
  });

  it('applies the built-in migrations where no folder is named', async () => {
    const { folder } = twoMigrations();
    const { stderr, result } = await runCommand(Up, ['-d', `${folder}/app.db`]);
    expect(stderr).toContain('Migrations: built in');
    expect(result).toMatchObject({ directory: null, applied: ['001_initial_schema', '002_add_indexes'] });
  });

  it.each([
    ['--to', ['--to', '001_users'], ['001_users']],
    ['--steps', ['--steps', '1'], ['001_users']],
    ['neither', [], ['001_users', '002_posts']],
  ])('goes as far as %s says', async (_flag, extra, applied) => {
    const { flags } = twoMigrations();
    const ran = await runCommand(Up, [...flags, ...extra, '--json']);
    expect(jsonOf(ran)).toMatchObject({ command: 'up', applied, rolledBack: [], skipped: [], warnings: [] });
    expect(ran.stderr).toMatch(NOTHING_BUT_THE_TARGET);
  });

  it('says so when there is nothing to do', async () => {
    const { flags } = twoMigrations();
    await runCommand(Up, flags);
    expect((await runCommand(Up, flags)).stdout).toBe('Nothing to do: nothing is pending.\n');
  });

  it('takes a policy from a flag', async () => {
    const { folder, flags } = twoMigrations();
    await runCommand(Up, flags);
    writeFileSync(`${folder}/migrations/000_first.mjs`, 'export const up = () => {};');
    const refused = await runCommand(Up, [...flags, '--json']);
    expect(jsonErrorOf(refused)).toMatchObject({ code: 'DECANT_OUT_OF_ORDER', exitCode: 4 });
    expect(refused.exit).toBe(4);
    const warned = await runCommand(Up, [...flags, '--out-of-order', 'warn']);
    expect(warned.stdout).toMatch(/Done: 1 applied\.\nBackup: .+\n! Out of order: 000_first is pending/);
  });

  it.each([
    ['in words', []],
    ['as JSON', ['--json']],
  ])('ends with 1 when a migration fails, and tells it %s', async (_how, extra) => {
    const { folder, flags } = twoMigrations();
    const file = `${folder}/migrations/003_bad.mjs`;
    writeFileSync(file, "export const up = (db) => {\n  db.exec('CREATE TABLE users (id)');\n};\n");
    const ran = await runCommand(Up, [...flags, ...extra]);
    expect(ran.exit).toBe(1);
    if (extra.length === 0) {
      expect(ran.stderr).toMatch(/✗ Migration 003_bad .* failed: table users already exists\n/);
      expect(ran.stderr).toContain('Before it    001_users, 002_posts (done, and stays)');
      return;
    }
    expect(jsonErrorOf(ran)).toMatchObject({
      code: 'DECANT_MIGRATION_FAILED',
      exitCode: 1,
      failure: {
        migration: '003_bad',
        direction: 'up',
        file,
        sql: 'CREATE TABLE users (id)',
        sqliteCode: 'SQLITE_ERROR',
        rolledBack: 'all',
        completed: ['001_users', '002_posts'],
      },
    });
  });
});
