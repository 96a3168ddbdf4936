import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import Init from '../../src/commands/migrate/init.js';
import { jsonErrorOf, jsonOf, runCommand } from '../helpers/command.js';
import { makeFolder } from '../helpers/files.js';

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
    expect(jsonErrorOf(ran)).toMatchObject({
      code: 'DECANT_USAGE',
      message: expect.stringMatching(/is there already/),
    });
    expect(ran.exit).toBe(2);
    expect(readFileSync('decant.config.ts', 'utf8')).toBe(before);
    expect(readdirSync('migrations')).toEqual(['001_create_users.ts']);
  });
});
