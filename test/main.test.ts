import { beforeAll, describe, expect, it } from '@jest/globals';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { main } from '../src/main.js';
import { capture, jsonOf, twoMigrations } from './helpers/command.js';
import { ROOT } from './helpers/processes.js';

const run = (...argv: string[]) => capture(() => main(argv, pathToFileURL(join(ROOT, 'package.json')).href));

// Each call of main() waits once for stdout to drain; a process usually makes one.
beforeAll(() => {
  process.stdout.setMaxListeners(50);
});

describe('main', () => {
  it.each([
    [['--version'], /^decant\/\d+\.\d+\.\d+ /],
    [['--help'], /USAGE\n {2}\$ decant \[COMMAND\]/],
    [[], /TOPICS\n {2}migrate/],
    [['help', 'migrate:up'], /\$ decant migrate:up /],
    [['help', 'migrate', 'down'], /\$ decant migrate:down /],
    [['migrate', 'plan', '--help'], /\$ decant migrate:plan /],
    [['migrate'], /migrate:status +Show which/],
  ])('%j prints help or a version and ends with 0', async (argv, says) => {
    const { stdout, stderr, result } = await run(...argv);
    expect(stdout).toMatch(says);
    expect({ stderr, result }).toEqual({ stderr: '', result: 0 });
  });

  it.each([[['nonsense']], [['migrate', 'nonsense']], [['migrate:nonsense']], [['help', 'nonsense']]])(
    '%j ends with 2, a sentence and a hint',
    async (argv) => {
      const { stdout, stderr, result } = await run(...argv);
      expect(stderr).toMatch(
        /^✗ (?:There is no command (?:migrate:)?nonsense|Command nonsense not found)\.\n {2}Next .+--help/,
      );
      expect({ stdout, result }).toEqual({ stdout: '', result: 2 });
    },
  );

  it('tells an unknown command as one object with --json', async () => {
    const { stdout, stderr, result } = await run('nonsense', '--json');
    expect(jsonOf({ stdout })).toMatchObject({ error: { code: 'DECANT_USAGE', exitCode: 2 } });
    expect({ stderr, result }).toEqual({ stderr: '', result: 2 });
  });

  it('returns the code of a command that printed its own error, once', async () => {
    const { flags } = twoMigrations();
    const { stderr, result } = await run('migrate:up', ...flags, '--to', '009');
    expect(stderr.match(/There is no migration named "009"/g)).toHaveLength(1);
    expect(result).toBe(2);
  });

  it('returns what a command left in process.exitCode', async () => {
    const { flags } = twoMigrations();
    expect((await run('migrate:status', ...flags, '--exit-code')).result).toBe(3);
  });
});
