import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import Create from '../../src/commands/migrate/create.js';
import Up from '../../src/commands/migrate/up.js';
import { jsonErrorOf, jsonOf, runCommand, twoMigrations } from '../helpers/command.js';

describe('migrate:create', () => {
  it.each([
    ['TypeScript', [], /^003_add_user_prefs\.ts$/],
    ['JavaScript', ['--js'], /^003_add_user_prefs\.js$/],
    ['a timestamp', ['--timestamp'], /^\d{14}_add_user_prefs\.ts$/],
  ])('writes %s that runs as it is', async (_what, extra, file) => {
    const { folder, flags } = twoMigrations();
    const ran = await runCommand(Create, ['Add', 'user prefs!', ...flags.slice(2), ...extra]);
    const created = readdirSync(`${folder}/migrations`).find((name) => file.test(name));
    expect(ran).toMatchObject({ stdout: `Created ${folder}/migrations/${created}\n`, exit: undefined });
    expect(readFileSync(`${folder}/migrations/${created}`, 'utf8')).toMatch(/up\(db.*\)/);
    expect((await runCommand(Up, flags)).stdout).toMatch(/Done: 3 applied/);
  });

  it('prints name and file with --json', async () => {
    const { folder, flags } = twoMigrations();
    expect(jsonOf(await runCommand(Create, ['x', ...flags.slice(2), '--json']))).toEqual({
      name: '003_x',
      file: `${folder}/migrations/003_x.ts`,
    });
  });

  it('ends with 2 where nothing names it and nobody can be asked', async () => {
    process.env['CI'] = '1';
    const ran = await runCommand(Create, [...twoMigrations().flags.slice(2), '--json']);
    expect(jsonErrorOf(ran)).toMatchObject({
      code: 'DECANT_USAGE',
      message: 'A new migration needs a name.',
    });
    expect(ran.exit).toBe(2);
  });
});
