import { describe, expect, it } from '@jest/globals';
import Down from '../../src/commands/migrate/down.js';
import Redo from '../../src/commands/migrate/redo.js';
import Reset from '../../src/commands/migrate/reset.js';
import Up from '../../src/commands/migrate/up.js';
import {
  jsonErrorOf,
  jsonOf,
  NOTHING_BUT_THE_TARGET,
  runCommand,
  twoMigrations,
} from '../helpers/command.js';

async function bothApplied(): Promise<readonly string[]> {
  const { flags } = twoMigrations();
  await runCommand(Up, flags);
  return flags;
}

describe('migrate:down', () => {
  it.each([
    ['the last applied one', [], ['002_posts']],
    ['the one that is named', ['002_posts'], ['002_posts']],
    ['so many', ['--steps', '2', '--yes'], ['002_posts', '001_users']],
    ['all after --to', ['--to', '001_users'], ['002_posts']],
  ])('rolls back %s', async (_what, extra, rolledBack) => {
    const flags = await bothApplied();
    const ran = await runCommand(Down, [...extra, ...flags, '--json']);
    expect(jsonOf(ran)).toMatchObject({ command: 'down', rolledBack, applied: [] });
    expect(ran.stderr).toMatch(NOTHING_BUT_THE_TARGET);
  });

  it('says what it did', async () => {
    const { stdout, stderr } = await runCommand(Down, await bothApplied());
    expect(stdout).toMatch(/^✓ Rolled back 002_posts \(\d+ ms\)\nDone: 1 rolled back\.\nBackup: .+\.db\n$/);
    expect(stderr).toMatch(/^Database: /);
  });

  it('refuses one that later ones depend on, and names them', async () => {
    const ran = await runCommand(Down, ['001_users', ...(await bothApplied())]);
    expect(ran.stderr).toMatch(/001_users: later migrations depend on it \(002_posts\)/);
    expect(ran.exit).toBe(1);
  });

  it('does nothing more than say so when more than one cannot be confirmed', async () => {
    process.env['CI'] = '1';
    const flags = await bothApplied();
    const ran = await runCommand(Down, [...flags, '--steps', '2', '--json']);
    expect(jsonErrorOf(ran)).toMatchObject({ code: 'DECANT_CONFIRMATION_REQUIRED', exitCode: 2 });
    expect(ran.exit).toBe(2);
    expect((await runCommand(Up, flags)).stdout).toMatch(/^Nothing to do/);
  });
});

describe('migrate:reset', () => {
  it('rolls back all, newest first', async () => {
    const ran = await runCommand(Reset, [...(await bothApplied()), '--yes', '--json']);
    expect(jsonOf(ran)).toMatchObject({ command: 'reset', rolledBack: ['002_posts', '001_users'] });
  });

  it('needs no answer where there is nothing to roll back', async () => {
    const { stdout, exit } = await runCommand(Reset, twoMigrations().flags);
    expect(stdout).toBe('Nothing to do: no migration is applied.\n');
    expect(exit).toBeUndefined();
  });

  it('refuses, with 2, where nobody can be asked', async () => {
    process.env['CI'] = '1';
    const { exit, stderr } = await runCommand(Reset, await bothApplied());
    expect(stderr).toMatch(/would roll back 2 migrations \(002_posts, 001_users\), and nobody can be asked/);
    expect(exit).toBe(2);
  });
});

describe('migrate:redo', () => {
  it('rolls the last applied one back and applies it again', async () => {
    const ran = await runCommand(Redo, [...(await bothApplied()), '--json']);
    expect(jsonOf(ran)).toMatchObject({ command: 'redo', rolledBack: ['002_posts'], applied: ['002_posts'] });
  });

  it('has nothing to do where nothing is applied', async () => {
    expect((await runCommand(Redo, twoMigrations().flags)).stdout).toMatch(/^Nothing to do/);
  });
});
