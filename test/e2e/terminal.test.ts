import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { jsonOf } from '../helpers/command.js';
import { makeFolder } from '../helpers/files.js';
import { TWO_MIGRATIONS } from '../helpers/migrations.js';
import { CLI, decant, skipLoudly, start } from '../helpers/processes.js';

const FLAGS = ['-d', 'app.db', '--dir', 'migrations'];
const hasScript = spawnSync('script', ['-qec', 'test -t 0 && test -t 1', '/dev/null']).status === 0;
if (!hasScript) skipLoudly('a real terminal', 'there is no util-linux script(1) that gives one');

interface OnTerminal {
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
  /** When this is on the screen, these keys are pressed. */
  readonly asks?: RegExp;
  readonly keys?: string;
}

/** Runs decant on a terminal of 80 columns; stdout is all that was on the screen. */
async function onTerminal(args: readonly string[], { folder, env = {}, asks, keys }: OnTerminal) {
  const line = `stty cols 80 rows 24; exec '${process.execPath}' '${CLI}' ${args.join(' ')}`;
  const { child, finished } = start('script', ['-qec', line, '/dev/null'], {
    cwd: folder,
    env: { TERM: 'xterm-256color', SHELL: '/bin/sh', ...env },
  });
  let screen = '';
  let pressed = false;
  child.stdout?.on('data', (text: string) => {
    screen += text;
    if (pressed || asks === undefined || !asks.test(screen)) return;
    pressed = true;
    child.stdin?.write(keys ?? '');
  });
  const { code, stdout } = await finished;
  return { code, screen: stdout, pressed };
}

async function applied(folder: string): Promise<unknown> {
  return jsonOf(await decant(['migrate:status', '--json', ...FLAGS], { cwd: folder }))['applied'];
}

async function bothApplied(): Promise<string> {
  const folder = makeFolder(TWO_MIGRATIONS);
  await decant(['migrate:up', ...FLAGS], { cwd: folder });
  return folder;
}

const REALLY = /Really roll back 2 migrations \(002_posts, 001_users\)\?/;
const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[3\\dm`);

(hasScript ? describe : describe.skip)('on a terminal', () => {
  it.each([
    ['n leaves all', 'n', 1, 2],
    ['y goes on', 'y', 0, 0],
    ['Enter alone leaves all', '\r', 1, 2],
    ['Ctrl-C leaves all', '\u0003', 1, 2],
  ])('reset asks, and %s', async (_what, keys, code, left) => {
    const folder = await bothApplied();
    const ran = await onTerminal(['migrate:reset', ...FLAGS], { folder, asks: REALLY, keys });
    expect(ran.pressed).toBe(true);
    expect(await applied(folder)).toBe(left);
    expect(ran.code).toBe(code);
  });

  it('down of two asks, down of one does not', async () => {
    const folder = await bothApplied();
    const two = await onTerminal(['migrate:down', '--steps', '2', ...FLAGS], {
      folder,
      asks: REALLY,
      keys: 'n',
    });
    expect({ pressed: two.pressed, applied: await applied(folder) }).toEqual({ pressed: true, applied: 2 });
    const one = await onTerminal(['migrate:down', ...FLAGS], { folder });
    expect({ code: one.code, applied: await applied(folder) }).toEqual({ code: 0, applied: 1 });
  });

  it('create asks for the name', async () => {
    const folder = makeFolder(TWO_MIGRATIONS);
    const asks = /What does the migration do\?/;
    const { screen, code } = await onTerminal(['migrate:create', '--dir', 'migrations'], {
      folder,
      asks,
      keys: 'add tags\r',
    });
    expect(screen).toMatch(/Created .*003_add_tags\.ts/);
    expect(code).toBe(0);
  });

  it('never asks when CI is set', async () => {
    const folder = await bothApplied();
    const { screen, code } = await onTerminal(['migrate:reset', ...FLAGS], { folder, env: { CI: '1' } });
    expect(screen).toMatch(/nobody can be asked/);
    expect({ code, applied: await applied(folder) }).toEqual({ code: 2, applied: 2 });
  });

  it('has colour and a live line for the running migration', async () => {
    const { screen } = await onTerminal(['migrate:up', ...FLAGS], { folder: makeFolder(TWO_MIGRATIONS) });
    expect(screen).toMatch(/\[1\/2\] Applying 001_users/);
    expect(screen).toMatch(/\[2\/2\] Applying 002_posts/);
    expect(screen).toMatch(COLOUR);
  });

  it('has no colour under NO_COLOR', async () => {
    const folder = await bothApplied();
    expect((await onTerminal(['migrate:status', ...FLAGS], { folder })).screen).toMatch(COLOUR);
    const plain = await onTerminal(['migrate:status', ...FLAGS], { folder, env: { NO_COLOR: '1' } });
    expect(plain.screen).toContain('[x] 001_users');
    expect(plain.screen).not.toMatch(COLOUR);
  });

  it('keeps help within 80 columns', async () => {
    const { screen } = await onTerminal(['migrate:up', '--help'], { folder: makeFolder() });
    const plain = stripVTControlCharacters(screen);
    expect(plain).toContain('--lock-timeout');
    expect(plain.split(/\r?\n/).filter((line) => line.length > 80)).toEqual([]);
  });
});

describe('without a terminal', () => {
  it.each([['up'], ['status']])('%s is plain text', async (command) => {
    const { stdout, stderr } = await decant([`migrate:${command}`, ...FLAGS], {
      cwd: makeFolder(TWO_MIGRATIONS),
    });
    expect(stdout).toContain('001_users');
    expect(stdout + stderr).not.toContain('\u001B');
  });
});
