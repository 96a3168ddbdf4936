import { describe, expect, it } from '@jest/globals';
import { existsSync, writeFileSync } from 'node:fs';
import Status from '../../src/commands/migrate/status.js';
import Up from '../../src/commands/migrate/up.js';
import { jsonErrorOf, jsonOf, runCommand, twoMigrations } from '../helpers/command.js';

describe('migrate:status', () => {
  it('prints the list in its promised shape', async () => {
    const { flags } = twoMigrations();
    await runCommand(Up, [...flags, '--steps', '1']);
    const { stdout, stderr, exit } = await runCommand(Status, flags);
    expect(stdout.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/, 'WHEN')).toBe(`
Migration Status:
=================

[x] 001_users  (applied: WHEN)
[ ] 002_posts

Total: 2 | Applied: 1 | Pending: 1
`);
    expect({ stderr, exit }).toEqual({ stderr: '', exit: undefined });
  });

  it('creates no database', async () => {
    const { folder, flags } = twoMigrations();
    await runCommand(Status, flags);
    expect(existsSync(`${folder}/app.db`)).toBe(false);
  });

  it('prints one object with --json', async () => {
    const { folder, flags } = twoMigrations();
    const ran = await runCommand(Status, [...flags, '--json']);
    expect(jsonOf(ran)).toEqual({
      database: `${folder}/app.db`,
      directory: `${folder}/migrations`,
      migrations: [
        { name: '001_users', applied: false },
        { name: '002_posts', applied: false },
      ],
      total: 2,
      applied: 0,
      pending: 2,
      anomalies: [],
    });
    expect(ran.stderr).toBe('');
  });

  it('prints an anomaly a line', async () => {
    const { folder, flags } = twoMigrations();
    await runCommand(Up, flags);
    writeFileSync(`${folder}/migrations/001_users.mjs`, 'export const up = () => {};');
    const { stdout } = await runCommand(Status, flags);
    expect(stdout).toMatch(/\n! changed: 001_users was edited after it had been applied\n$/);
  });

  it.each([
    ['0 by default, whatever is pending', [], 0, undefined],
    ['3 when something is pending', ['--exit-code'], 0, 3],
    ['0 when nothing is pending', ['--exit-code'], 2, 0],
    ['4 when the history is wrong', ['--exit-code'], 'changed', 4],
    ['0 when two have the same number', ['--exit-code'], 'same-prefix', 0],
  ] as const)('exits %s', async (_what, extra, applied, code) => {
    const { folder, flags } = twoMigrations();
    if (applied === 'same-prefix')
      writeFileSync(`${folder}/migrations/002_tags.mjs`, 'export const up = () => {};');
    if (applied !== 0) await runCommand(Up, flags);
    if (applied === 'changed')
      writeFileSync(`${folder}/migrations/001_users.mjs`, 'export const up = () => {};');
    const { exit } = await runCommand(Status, [...flags, ...extra]);
    expect({ exit, code: process.exitCode }).toEqual({ exit: undefined, code });
  });

  it('tells a failure as one object with --json', async () => {
    const { folder, flags } = twoMigrations();
    writeFileSync(`${folder}/app.db`, 'no database, '.repeat(50));
    const ran = await runCommand(Status, [...flags, '--json']);
    expect(jsonErrorOf(ran)).toMatchObject({ code: 'DECANT_DATABASE', exitCode: 1 });
    expect(ran.exit).toBe(1);
  });
});
