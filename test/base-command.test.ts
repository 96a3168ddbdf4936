import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { stripVTControlCharacters } from 'node:util';
import Down from '../src/commands/migrate/down.js';
import Up from '../src/commands/migrate/up.js';
import { action } from '../src/oclif.js';
import { jsonOf, runCommand, twoMigrations } from './helpers/command.js';
import { leaveKilled } from './helpers/database.js';
import { makeFolder } from './helpers/files.js';
import { TWO_MIGRATIONS } from './helpers/migrations.js';
import { onTerminal } from './helpers/terminal.js';

const BROKEN = { 'migrations/001_broken.mjs': "export const up = (db) => db.exec('BOGUS');" };

function flagsOf(folder: string): readonly string[] {
  return ['-d', `${folder}/app.db`, '--dir', `${folder}/migrations`];
}

describe('on a terminal, a run', () => {
  onTerminal();

  // oclif draws the line, and keeps streams of its own for that; e2e/terminal.test.ts looks at the screen.
  const line: string[] = [];
  let running = false;
  beforeEach(() => {
    line.length = 0;
    jest.spyOn(action, 'running', 'get').mockImplementation(() => running);
    jest.spyOn(action, 'start').mockImplementation((text) => {
      running = true;
      line.push(text);
    });
    jest.spyOn(action, 'stop').mockImplementation((text = '') => {
      running = false;
      line.push(stripVTControlCharacters(text));
    });
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('has a live line for each migration, and only the sum on stdout', async () => {
    const { flags } = twoMigrations();
    const { stdout } = await runCommand(Up, flags);
    await runCommand(Down, flags);
    expect(line).toEqual([
      '[1/2] Applying 001_users',
      'applied',
      '[2/2] Applying 002_posts',
      'applied',
      '[1/1] Rolling back 002_posts',
      'rolled-back',
    ]);
    expect(stdout).toBe('Done: 2 applied.\n');
  });

  it('ends the live line of a migration that fails, and of no other', async () => {
    const flags = flagsOf(makeFolder(BROKEN));
    expect((await runCommand(Up, flags)).exit).toBe(1);
    expect((await runCommand(Up, [...flags, '--to', '9'])).exit).toBe(2);
    expect(line).toEqual(['[1/1] Applying 001_broken', 'failed']);
  });

  it('has no live line with --json, nor where only stderr is a terminal', async () => {
    await runCommand(Up, [...twoMigrations().flags, '--json']);
    process.stdout.isTTY = false;
    const { stdout } = await runCommand(Up, twoMigrations().flags);
    expect(stdout).toContain('✓ Applied 001_users');
    expect(line).toEqual([]);
  });
});

describe('before it writes, a command says', () => {
  const cwd = process.cwd();
  afterEach(() => {
    process.chdir(cwd);
  });

  it('which database and directory it uses, and where each was named', async () => {
    const folder = makeFolder({ ...TWO_MIGRATIONS, 'decant.config.json': '{"directory": "migrations"}' });
    process.chdir(folder);
    const { stderr } = await runCommand(Up, ['-d', 'app.db']);
    expect(stderr).toBe(
      `Database:   ${folder}/app.db (from flag, not there yet)\n` +
        `Migrations: ${folder}/migrations (from ${folder}/decant.config.json)\n`,
    );
  });

  it('that the migrations are built in, where no directory is named', async () => {
    const folder = makeFolder();
    process.chdir(folder);
    const { stderr } = await runCommand(Up, ['-d', 'app.db']);
    expect(stderr).toBe(`Database:   ${folder}/app.db (from flag, not there yet)\nMigrations: built in\n`);
  });

  it('that the database is there, or is none that could be', async () => {
    const { folder, flags } = twoMigrations();
    await runCommand(Up, flags);
    expect((await runCommand(Up, flags)).stderr).toContain(`Database:   ${folder}/app.db (from flag)\n`);
    const inMemory = await runCommand(Up, ['-d', ':memory:', ...flags.slice(2)]);
    expect(inMemory.stderr).toContain('Database:   :memory: (from flag)\n');
  });
});

it.each([
  ['something', [], ['002_b']],
  ['nothing', ['--to', '001_a'], []],
])(
  'what a killed process left is played back even by a run that has %s to do',
  async (_what, extra, applied) => {
    const folder = makeFolder({
      'migrations/001_a.mjs': 'export const up = () => {};',
      'migrations/002_b.mjs': 'export const up = () => {};',
    });
    await leaveKilled(`${folder}/app.db`, 'delete');
    expect(existsSync(`${folder}/app.db-journal`)).toBe(true);
    const ran = await runCommand(Up, [...extra, ...flagsOf(folder), '--json']);
    expect(jsonOf(ran)).toMatchObject({ applied });
    expect(existsSync(`${folder}/app.db-journal`)).toBe(false);
  },
);
