import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import Down from '../../src/commands/migrate/down.js';
import Up from '../../src/commands/migrate/up.js';
import { profileWords } from '../../src/profile-flag.js';
import { jsonErrorOf, jsonOf, runCommand, twoMigrations } from '../helpers/command.js';

function withBad(): ReturnType<typeof twoMigrations> {
  const project = twoMigrations();
  const bad = "export const up = (db) => db.exec('CREATE TABLE x (a); CREATE TABEL y (a)');";
  writeFileSync(`${project.folder}/migrations/003_bad.mjs`, bad);
  return project;
}

describe('profileWords', () => {
  it.each([
    [['--profile'], ['--profile']],
    [
      ['--profile=t.json', '-y'],
      ['--profile', '--profile-file=t.json', '-y'],
    ],
    [['--profile='], ['--profile', '--profile-file=']],
    [
      ['-y', '--', '--profile=x'],
      ['-y', '--', '--profile=x'],
    ],
    [['--profiles=x'], ['--profiles=x']],
  ])('makes %j into %j', (argv, words) => {
    expect(profileWords(argv)).toEqual(words);
  });
});

describe('--profile', () => {
  it('says after the run where the time went, and nothing of that without it', async () => {
    const { flags } = twoMigrations();
    const { stdout, exit } = await runCommand(Up, [...flags, '--profile', '--steps', '1']);
    expect(exit).toBeUndefined();
    expect(stdout).toMatch(
      /^✓ Applied 001_users.*\nDone: 1 applied\.\n\nProfile: 1 migration, \d+ statement/,
    );
    expect(stdout).toContain('Slowest statements');
    const plain = await runCommand(Up, flags);
    expect(plain.stdout).not.toContain('Profile');
    expect((await runCommand(Down, [...flags, '--profile'])).stdout).toContain('Profile: 1 migration');
  });

  it('writes a trace', async () => {
    const { folder, flags } = twoMigrations();
    const file = `${folder}/trace.json`;
    const { stdout } = await runCommand(Up, [...flags, `--profile=${file}`]);
    expect(stdout).toContain(`Trace: ${file}`);
    const { traceEvents } = JSON.parse(readFileSync(file, 'utf8')) as {
      traceEvents: { cat: string; name: string }[];
    };
    expect(traceEvents.filter(({ cat }) => cat === 'migration').map(({ name }) => name)).toEqual([
      '001_users',
      '002_posts',
    ]);
  });

  it('is shown of a run that fails, too, before the error', async () => {
    const { folder, flags } = withBad();
    const file = `${folder}/trace.json`;
    const { stdout, stderr, exit } = await runCommand(Up, [...flags, `--profile=${file}`]);
    expect(exit).toBe(1);
    expect(stdout).toMatch(/✗ 003_bad/);
    expect(stderr).toContain('near "TABEL": syntax error');
    expect(readFileSync(file, 'utf8')).toContain('"outcome":"failed"');
  });

  it('is in the one object of --json, of a run that failed as well', async () => {
    const { flags } = withBad();
    const failed = jsonOf(await runCommand(Up, [...flags, '--profile', '--json']));
    expect(failed).toMatchObject({
      error: { code: 'DECANT_MIGRATION_FAILED' },
      profile: { migrations: [{ outcome: 'applied' }, { outcome: 'applied' }, { outcome: 'failed' }] },
    });
    const done = jsonOf(await runCommand(Down, [...flags, '--profile', '--json']));
    expect(done).toMatchObject({
      rolledBack: ['002_posts'],
      profile: { migrations: [{ name: '002_posts' }] },
    });
    expect(jsonOf(await runCommand(Up, [...flags, '--steps', '1', '--json']))).not.toHaveProperty('profile');
  });

  it('overwrites nothing, and says so before it runs anything', async () => {
    const { folder, flags } = twoMigrations();
    writeFileSync(`${folder}/trace.json`, 'mine');
    const ran = await runCommand(Up, [...flags, `--profile=${folder}/trace.json`, '--json']);
    expect(jsonErrorOf(ran)).toMatchObject({
      code: 'DECANT_USAGE',
      message: expect.stringContaining('is there already'),
    });
    expect(readFileSync(`${folder}/trace.json`, 'utf8')).toBe('mine');
    expect(existsSync(`${folder}/app.db`)).toBe(false);
    const nowhere = await runCommand(Up, [...flags, `--profile=${folder}/no/trace.json`, '--json']);
    expect(jsonErrorOf(nowhere)).toMatchObject({
      code: 'DECANT_USAGE',
      message: expect.stringContaining('ENOENT'),
    });
    expect(existsSync(`${folder}/app.db`)).toBe(false);
  });

  it('leaves no file where there is nothing to run', async () => {
    const { folder, flags } = twoMigrations();
    await runCommand(Up, flags);
    const { stdout } = await runCommand(Up, [...flags, `--profile=${folder}/trace.json`]);
    expect(stdout).toBe('Nothing to do: nothing is pending.\n');
    expect(existsSync(`${folder}/trace.json`)).toBe(false);
  });
});
