import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { jsonOf } from '../helpers/command.js';
import { makeFolder } from '../helpers/files.js';
import { tableModule, TWO_MIGRATIONS } from '../helpers/migrations.js';
import { CLI, decant, skipLoudly, start } from '../helpers/processes.js';

const FLAGS = ['-d', 'app.db', '--dir', 'migrations'];
const hasScript = spawnSync('script', ['-qec', 'test -t 0 && test -t 1', '/dev/null']).status === 0;
if (!hasScript) skipLoudly('a real terminal', 'there is no util-linux script(1) that gives one');

interface OnTerminal {
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
  /** When this is on the screen, these keys are pressed, once `meanwhile` is done. */
  readonly asks?: RegExp;
  readonly keys?: string;
  readonly meanwhile?: () => Promise<unknown>;
}

/** Runs decant on a terminal of 80 columns; stdout is all that was on the screen. */
async function onTerminal(args: readonly string[], terminal: OnTerminal) {
  const { folder, env = {}, asks, keys = '', meanwhile = async () => {} } = terminal;
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
    void meanwhile().then(() => child.stdin?.write(keys));
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
const ESCAPE = String.fromCharCode(27);
/** Whether the cursor was never hidden, or shown again since. */
const isCursorShown = (screen: string): boolean =>
  screen.lastIndexOf(`${ESCAPE}[?25h`) >= screen.lastIndexOf(`${ESCAPE}[?25l`);
const COLOUR = new RegExp(`${ESCAPE}\\[3\\dm`);

(hasScript ? describe : describe.skip)('on a terminal', () => {
  it.each([
    ['n leaves all', 'n', 1, 2],
    ['y goes on', 'y', 0, 0],
    ['Enter alone leaves all', '\r', 1, 2],
    ['Ctrl-C leaves all', '\u0003', 1, 2],
    ['Ctrl-D leaves all', '\u0004', 1, 2],
  ])('reset asks, and %s', async (_what, keys, code, left) => {
    const folder = await bothApplied();
    const ran = await onTerminal(['migrate:reset', ...FLAGS], { folder, asks: REALLY, keys });
    expect(ran.pressed).toBe(true);
    expect(await applied(folder)).toBe(left);
    expect(ran.code).toBe(code);
    const told = /✗ Nothing was rolled back: the question was answered with no\./;
    expect(told.test(stripVTControlCharacters(ran.screen))).toBe(code === 1);
    expect(isCursorShown(ran.screen)).toBe(true);
  });

  it.each([
    ['n', 'n'],
    ['Ctrl-D', '\u0004'],
  ])('%s under --json is one error object on stdout, and the question is on stderr', async (_what, keys) => {
    const folder = await bothApplied();
    const args = ['migrate:reset', '--json', ...FLAGS, '>out.json'];
    const ran = await onTerminal(args, { folder, asks: REALLY, keys });
    expect(jsonOf({ stdout: readFileSync(join(folder, 'out.json'), 'utf8') })).toEqual({
      error: {
        code: 'DECANT_DECLINED',
        message: 'Nothing was rolled back: the question was answered with no.',
        hint: expect.any(String),
        exitCode: 1,
      },
    });
    expect({ code: ran.code, applied: await applied(folder) }).toEqual({ code: 1, applied: 2 });
    expect(isCursorShown(ran.screen)).toBe(true);
  });

  it.each([
    ['applied another migration', 'migrate:up', 3],
    ['rolled one of them back', 'migrate:down', 1],
  ])('yes is not taken when another process has %s meanwhile', async (_what, other, left) => {
    const folder = await bothApplied();
    const ran = await onTerminal(['migrate:reset', '--json', ...FLAGS, '>out.json'], {
      folder,
      asks: REALLY,
      keys: 'y',
      meanwhile: async () => {
        if (other === 'migrate:up')
          writeFileSync(join(folder, 'migrations/003_tags.mjs'), tableModule('tags'));
        expect(await decant([other, ...FLAGS], { cwd: folder })).toMatchObject({ code: 0 });
      },
    });
    expect(jsonOf({ stdout: readFileSync(join(folder, 'out.json'), 'utf8') })).toMatchObject({
      error: { code: 'DECANT_DECLINED', message: expect.stringMatching(/another process has migrated/) },
    });
    expect({ code: ran.code, applied: await applied(folder) }).toEqual({ code: 1, applied: left });
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

  it.each([
    ['Ctrl-D', '\u0004'],
    ['Ctrl-C', '\u0003'],
  ])('create takes %s for no name, writes nothing and shows the cursor again', async (_what, keys) => {
    const folder = makeFolder(TWO_MIGRATIONS);
    const asks = /What does the migration do\?/;
    const ran = await onTerminal(['migrate:create', '--dir', 'new'], { folder, asks, keys });
    expect(stripVTControlCharacters(ran.screen)).toMatch(/✗ A new migration needs a name\./);
    expect({ code: ran.code, pressed: ran.pressed }).toEqual({ code: 2, pressed: true });
    expect(existsSync(join(folder, 'new'))).toBe(false);
    expect(isCursorShown(ran.screen)).toBe(true);
  });

  it('never asks when stderr, where the question would be, is no terminal', async () => {
    const folder = await bothApplied();
    const { code } = await onTerminal(['migrate:reset', ...FLAGS, '2>err'], { folder });
    expect(readFileSync(join(folder, 'err'), 'utf8')).toMatch(/nobody can be asked/);
    expect({ code, applied: await applied(folder) }).toEqual({ code: 2, applied: 2 });
  });

  it('asks although stdout goes to a file, where only the result is to be', async () => {
    const folder = await bothApplied();
    const args = ['migrate:reset', '--no-backup', ...FLAGS, '>out'];
    const ran = await onTerminal(args, { folder, asks: REALLY, keys: 'y' });
    expect({ code: ran.code, applied: await applied(folder) }).toEqual({ code: 0, applied: 0 });
    expect(readFileSync(join(folder, 'out'), 'utf8')).toMatch(
      /^✓ Rolled back 002_posts .+\n✓ Rolled back 001_users .+\nDone: 2 rolled back\.\n$/,
    );
  });

  it('shows the cursor again when a migration ends the process under the live line', async () => {
    const folder = makeFolder({ 'migrations/001_exit.mjs': 'export const up = () => process.exit(0);' });
    const { code, screen } = await onTerminal(['migrate:up', ...FLAGS], { folder });
    expect(stripVTControlCharacters(screen)).toMatch(/✗ The process ended before the command was done\./);
    expect(code).toBe(1);
    expect(isCursorShown(screen)).toBe(true);
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

  it('a dry run shows that it is at work, asks nothing, and tells at the end', async () => {
    const folder = await bothApplied();
    const { code, screen } = await onTerminal(['migrate:reset', '--dry-run', ...FLAGS], { folder });
    const shown = stripVTControlCharacters(screen);
    expect(shown).toMatch(/Trying reset\.\.\.[^]* done[^]*2 would be rolled back\. Nothing was changed\./);
    expect({ code, applied: await applied(folder) }).toEqual({ code: 0, applied: 2 });
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
