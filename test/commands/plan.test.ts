import { describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import Plan from '../../src/commands/migrate/plan.js';
import Up from '../../src/commands/migrate/up.js';
import { jsonErrorOf, jsonOf, runCommand, twoMigrations } from '../helpers/command.js';

describe('migrate:plan', () => {
  it('says what up would do and what it would leave, and creates nothing', async () => {
    const { folder, flags } = twoMigrations();
    const { stdout } = await runCommand(Plan, [...flags, '--steps', '1']);
    expect(stdout).toMatch(
      /^migrate:up would run:\n {2}up {4}001_users {2}pending\nand leave:\n {2}----  002_posts {2}beyond 1 steps?\n$/,
    );
    expect(existsSync(`${folder}/app.db`)).toBe(false);
  });

  it.each([
    ['down', ['down'], [['down', '002_posts']]],
    ['down to a name', ['down', '--to', '001_users'], [['down', '002_posts']]],
    [
      'reset',
      ['reset'],
      [
        ['down', '002_posts'],
        ['down', '001_users'],
      ],
    ],
    [
      'redo',
      ['redo'],
      [
        ['down', '002_posts'],
        ['up', '002_posts'],
      ],
    ],
    ['up', [], []],
  ])('plans %s', async (_what, args, steps) => {
    const { flags } = twoMigrations();
    await runCommand(Up, flags);
    const plan = jsonOf(await runCommand(Plan, [...args, ...flags, '--json'])) as {
      steps: { direction: string; name: string }[];
    };
    expect(plan.steps.map(({ direction, name }) => [direction, name])).toEqual(steps);
    expect(jsonOf(await runCommand(Plan, [...flags, '--json']))['steps']).toEqual([]);
  });

  it('ends as the command would that it plans', async () => {
    const { flags } = twoMigrations();
    await runCommand(Up, flags);
    const ran = await runCommand(Plan, ['down', '001_users', ...flags, '--json']);
    expect(jsonErrorOf(ran)).toMatchObject({ code: 'DECANT_LATER_MIGRATIONS' });
    expect(ran.exit).toBe(1);
  });
});
