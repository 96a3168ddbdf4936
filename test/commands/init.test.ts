import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import Init from '../../src/commands/migrate/init.js';
import { jsonOf, makeFolder } from '../helpers/cli.js';
import { errorOf, runCommand } from '../helpers/command.js';

describe('migrate:init', () => {
  const home = process.cwd();
  let folder: string;
  beforeEach(() => {
    folder = makeFolder();
    process.chdir(folder);
  });
  afterEach(() => process.chdir(home));

  it('writes a config and a first migration, and says what comes next', async () => {
    const { stdout } = await runCommand(Init, ['--dir', 'db/steps', '-d', 'db/it.db']);
    expect(stdout).toBe(`Created ${folder}/decant.config.ts
Created ${folder}/db/steps/001_create_users.ts
Next: decant migrate:up
`);
    expect(readFileSync('decant.config.ts', 'utf8')).toMatch(
      /database: "db\/it\.db",\n {2}directory: "db\/steps"/,
    );
  });

  it('lists the files with --json', async () => {
    expect(jsonOf(await runCommand(Init, ['--json']))).toEqual({
      files: [`${folder}/decant.config.ts`, `${folder}/migrations/001_create_users.ts`],
    });
  });

  it('overwrites nothing', async () => {
    await runCommand(Init, []);
    const before = readFileSync('decant.config.ts', 'utf8');
    const ran = await runCommand(Init, ['-d', 'other.db', '--json']);
    expect(errorOf(ran)).toMatchObject({
      code: 'DECANT_USAGE',
      message: expect.stringMatching(/is there already/),
    });
    expect(ran.exit).toBe(2);
    expect(readFileSync('decant.config.ts', 'utf8')).toBe(before);
    expect(readdirSync('migrations')).toEqual(['001_create_users.ts']);
  });
});
