import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { rejectionOf } from './helpers/errors.js';
import { onTerminal } from './helpers/terminal.js';

// The questions themselves belong to @clack/prompts, and e2e/terminal.test.ts asks them; here are its answers.
const CANCELLED = Symbol('what it answers to Ctrl-C');
const confirm = jest.fn<(options: object) => Promise<unknown>>();
const text = jest.fn<(options: object) => Promise<unknown>>();
jest.unstable_mockModule('@clack/prompts', () => ({ confirm, text }));
const { askName, confirmRestore, confirmRollback } = await import('../src/prompt.js');

beforeEach(() => {
  confirm.mockReset();
  text.mockReset();
});

describe('on a terminal', () => {
  onTerminal();

  it.each([
    ['yes', true, true],
    ['no', false, false],
    ['Ctrl-C', false, CANCELLED],
  ])('%s to a rollback means %p', async (_answer, expected, answer) => {
    confirm.mockResolvedValue(answer);
    expect(await confirmRollback(['002_b', '001_a'])).toBe(expected);
  });

  it.each([
    [['002_b', '001_a'], 'Really roll back 2 migrations (002_b, 001_a)?'],
    [['001_a'], 'Really roll back 1 migration (001_a)?'],
  ])('the question for %j names them, and stdout is kept for the result', async (names, message) => {
    await confirmRollback(names);
    expect(confirm).toHaveBeenCalledWith({
      message,
      initialValue: false,
      output: process.stderr,
      signal: expect.any(AbortSignal),
    });
  });

  it('a restore is asked for by name, and only yes is yes', async () => {
    confirm.mockResolvedValueOnce(true).mockResolvedValueOnce(CANCELLED);
    expect(await confirmRestore('app.db', 'b')).toBe(true);
    expect(await confirmRestore('app.db', 'b')).toBe(false);
    const message = 'Really replace the content of app.db by b?';
    expect(confirm).toHaveBeenCalledWith(expect.objectContaining({ message, initialValue: false }));
  });

  it('the name of a new migration is what was typed', async () => {
    text.mockResolvedValue('add users');
    expect(await askName()).toBe('add users');
    expect(text).toHaveBeenCalledWith(expect.objectContaining({ output: process.stderr }));
  });

  it.each([
    ['a rollback', confirm, () => confirmRollback(['001_a'])],
    ['a restore', confirm, () => confirmRestore('app.db', 'b')],
    ['a name', text, askName],
  ])('Ctrl-D, and no other key, takes back the question for %s', async (_what, question, ask) => {
    let whileOpen: boolean | undefined;
    let afterwards: boolean | undefined;
    question.mockImplementation(async (options) => {
      const { signal } = options as { signal: AbortSignal };
      for (const key of [undefined, { name: 'd' }, { ctrl: true, name: 'x' }]) {
        process.stdin.emit('keypress', '', key);
      }
      whileOpen = signal.aborted;
      process.stdin.emit('keypress', '\u0004', { ctrl: true, name: 'd' });
      afterwards = signal.aborted;
      return CANCELLED;
    });
    const listeners = process.stdin.listenerCount('keypress');
    await ask().catch(() => undefined);
    expect({ whileOpen, afterwards }).toEqual({ whileOpen: false, afterwards: true });
    expect(process.stdin.listenerCount('keypress')).toBe(listeners);
  });

  it.each([
    ['nothing', ''],
    ['blanks', '  '],
    ['Ctrl-C', CANCELLED],
  ])('%s is no name', async (_what, answer) => {
    text.mockResolvedValue(answer);
    expect(await rejectionOf(askName())).toMatchObject({ code: 'DECANT_USAGE', exitCode: 2 });
  });
});

describe.each([
  ['in CI, although there is a terminal,', () => (process.env['CI'] = 'true')],
  ['without a terminal to type on', () => (process.stdin.isTTY = false)],
  ['without a terminal to ask on', () => (process.stderr.isTTY = false)],
])('%s', (_where, prepare) => {
  onTerminal();
  beforeEach(() => {
    prepare();
  });

  it('nobody is asked, and the error says what to do instead', async () => {
    expect(await rejectionOf(confirmRollback(['001_a']))).toMatchObject({
      code: 'DECANT_CONFIRMATION_REQUIRED',
      message: 'This would roll back 1 migration (001_a), and nobody can be asked.',
      hint: expect.stringContaining('--yes'),
    });
    expect(await rejectionOf(confirmRestore('app.db', 'b'))).toMatchObject({
      code: 'DECANT_CONFIRMATION_REQUIRED',
    });
    expect(await rejectionOf(askName())).toMatchObject({
      code: 'DECANT_USAGE',
      hint: expect.stringContaining('decant migrate:create'),
    });
    expect(confirm).not.toHaveBeenCalled();
    expect(text).not.toHaveBeenCalled();
  });
});
