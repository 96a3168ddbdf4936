import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ForeignKeyError, MigrationFailedError, UndeclaredLossError, UsageError } from '../src/errors.js';
import { CLIError } from '../src/oclif.js';
import { exitCodeOf, printError } from '../src/print-error.js';
import { capture, jsonOf } from './helpers/command.js';

describe('an error', () => {
  const OURS = new UsageError('What was that?', 'Say it again.');
  const OCLIFS = new CLIError('Nonexistent flag: --x\nSee more help with --help');

  it.each<[string, number, unknown]>([
    ['of ours', 2, OURS],
    ['of oclif', 2, OCLIFS],
    ['of oclif without a code of its own', 2, Object.assign(new CLIError('x'), { oclif: {} })],
    ['of somebody else', 1, new TypeError('x is not a function')],
    ['that is none', 1, 'a string'],
    ['that is nothing', 1, undefined],
  ])('%s ends the process with %d', (_whose, code, error) => {
    expect(exitCodeOf(error)).toBe(code);
  });

  it.each<[string, unknown, object]>([
    [
      'of ours',
      OURS,
      { code: 'DECANT_USAGE', message: 'What was that?', hint: 'Say it again.', exitCode: 2 },
    ],
    ['of oclif', OCLIFS, { code: 'DECANT_USAGE', message: 'Nonexistent flag: --x.' }],
    ['of somebody else', new TypeError('no'), { code: 'DECANT_UNEXPECTED', message: 'no', exitCode: 1 }],
    ['that is none', 'a string', { code: 'DECANT_UNEXPECTED', message: 'a string', exitCode: 1 }],
  ])('%s is told in words, or as one object', async (_whose, error, expected) => {
    const json = await capture(async () => printError(error, { json: true }));
    expect(jsonOf(json)).toEqual({ error: expect.objectContaining(expected) });
    expect(json.stderr).toBe('');
    const { message } = expected as Error;
    const words = await capture(async () => printError(error, { json: false }));
    expect(words.stderr).toMatch(new RegExp(`^✗ ${message.replaceAll(/[?.]/g, '\\$&')}\n {2}Next .+\n$`));
    expect(words.stdout).toBe('');
  });

  it('carries as JSON what a migration has damaged, ten rows of it at most', async () => {
    const failure = { migration: '001_a', direction: 'up', rolledBack: 'all', completed: [] } as const;
    const row = { table: 'c', row: 'rowid 1', columns: ['p'], values: '1', parent: 'p' };
    const rows = Array.from({ length: 11 }, () => row);
    const losses = [{ kind: 'view', name: 'v' }] as const;
    for (const [error, expected] of [
      [new ForeignKeyError(failure, 'm', 'h', rows, []), { violations: rows.slice(1), mismatches: [] }],
      [new UndeclaredLossError(failure, 'm', 'h', losses), { losses }],
    ] as const) {
      const json = await capture(async () => printError(error, { json: true }));
      expect(jsonOf(json)).toEqual({
        error: { code: error.code, message: 'm', hint: 'h', exitCode: 1, failure, ...expected },
      });
    }
  });

  describe('under DEBUG', () => {
    beforeEach(() => {
      process.env['DEBUG'] = 'decant';
    });
    afterEach(() => {
      delete process.env['DEBUG'];
    });

    it('shows its stack on stderr, so that stdout stays one object', async () => {
      const error = new TypeError('no');
      const { stdout, stderr } = await capture(async () => printError(error, { json: true }));
      expect(jsonOf({ stdout })).toMatchObject({ error: { message: 'no' } });
      expect(stderr).toBe(`${error.stack}\n`);
    });

    it('shows its causes too, where the stack of the user is', async () => {
      const cause = new TypeError('in a migration');
      const failure = { migration: '001_a', direction: 'up', rolledBack: 'all', completed: [] } as const;
      const error = new MigrationFailedError(failure, 'It failed', 'Mend it.', cause);
      cause.stack = 'TypeError: in a migration\n    at up (/app/migrations/001_a.ts:3:5)';
      const { stderr } = await capture(async () => printError(error, { json: false }));
      expect(stderr).toMatch(/^MigrationFailedError: It failed\n/m);
      expect(stderr).toMatch(
        /\[cause\]: TypeError: in a migration\n +at up \(\/app\/migrations\/001_a\.ts:3:5\)/,
      );
    });

    it('shows what is no error as it is', async () => {
      const { stderr } = await capture(async () => printError('a string', { json: true }));
      expect(stderr).toBe("'a string'\n");
    });

    it.each([
      ['1', true],
      ['true', true],
      ['*', true],
      ['express:*,decant', true],
      ['0', false],
      ['express:*', false],
      ['', false],
    ])('DEBUG=%s shows it: %p', async (value, shows) => {
      process.env['DEBUG'] = value;
      const { stderr } = await capture(async () => printError(new TypeError('no'), { json: true }));
      expect(stderr.includes('at ')).toBe(shows);
    });
  });
});
