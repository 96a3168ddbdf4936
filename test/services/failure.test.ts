import { realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import type { PlanStep } from '../../src/domain/plan.js';
import {
  BatchError,
  DatabaseError,
  DatabaseLockedError,
  type MigrationFailedError,
} from '../../src/errors.js';
import { failureOf } from '../../src/services/failure.js';
import type { LoadedMigration } from '../../src/services/loaded-migration.js';
import { BodyError } from '../../src/services/transaction-manager.js';
import { makeFolder } from '../helpers/files.js';

const FILE = '/app/migrations/002_it is.ts';
const STEP: PlanStep = { name: '002_it is', direction: 'up', reason: 'pending' };

function loaded(more: Partial<LoadedMigration> = {}): LoadedMigration {
  return { name: STEP.name, migration: { up: () => undefined }, options: {}, checksum: undefined, ...more };
}

function sqliteError(code: string, message = 'no'): Error {
  return Object.assign(new Error(message), { name: 'SqliteError', code });
}

function failed(error: unknown, of = loaded(), step = STEP): MigrationFailedError {
  return failureOf(error, step, of, { completed: ['001_a'] }) as MigrationFailedError;
}

describe('the line of a failure', () => {
  it.each<[string, string | undefined, number | undefined]>([
    ['a path', `at up (${FILE}:12:7)`, 12],
    ['a URL', `at up (${pathToFileURL(FILE).href}:13:7)`, 13],
    ['the innermost of several', `at helper (${FILE}:3:1)\n at up (${FILE}:9:1)`, 3],
    ['one behind a frame of somebody else', `at exec (/app/sqlite.js:1:1)\n at up (${FILE}:9:1)`, 9],
    ['no frame of the file', 'at up (/app/migrations/001_a.ts:5:1)', undefined],
    ['a frame without a number', `at up (${FILE}:one)`, undefined],
    ['no stack at all', undefined, undefined],
  ])('is found in %s', (_what, stack, line) => {
    const error = Object.assign(new Error('no'), { stack });
    const failure = failed(new BodyError('threw', undefined, error), loaded({ file: FILE }));
    expect(failure.failure.line).toBe(line);
    const place = line === undefined ? '002_it is.ts' : `002_it is.ts:${line}`;
    expect(failure.message).toBe(`Migration 002_it is (${place}) failed: no`);
  });

  it('is found behind a link, since a frame names the file without it', () => {
    const [folder, link] = [realpathSync(makeFolder({ '001_a.ts': '' })), join(makeFolder(), 'link')];
    symlinkSync(folder, link);
    const error = Object.assign(new Error('no'), { stack: `at up (${join(folder, '001_a.ts')}:7:1)` });
    const failure = failed(
      new BodyError('threw', undefined, error),
      loaded({ file: join(link, '001_a.ts') }),
    );
    expect(failure.failure.line).toBe(7);
  });

  it('is not looked for where there is no file', () => {
    const { failure, message } = failed(new BodyError('threw', undefined, new Error('no')));
    expect(failure).toMatchObject({ file: undefined, line: undefined });
    expect(message).toBe('Migration 002_it is failed: no');
  });
});

describe('the hint of a failure', () => {
  it.each<[string, unknown, Partial<LoadedMigration>, RegExp]>([
    ['a full disk', sqliteError('SQLITE_FULL'), {}, /disk is full/],
    ['a broken disk', sqliteError('SQLITE_IOERR_WRITE'), {}, /disk reported an error/],
    ['a read-only file', sqliteError('SQLITE_READONLY_DBMOVED'), {}, /not writable/],
    ['a damaged file', sqliteError('SQLITE_CORRUPT_VTAB'), {}, /damaged/],
    [
      'a full disk at COMMIT',
      new DatabaseError('x', 'y', { cause: sqliteError('SQLITE_FULL') }),
      {},
      /disk is full/,
    ],
    [
      'any other error',
      sqliteError('SQLITE_CONSTRAINT_UNIQUE'),
      {},
      /run decant migrate:up again; the database is as it was/,
    ],
    [
      'an error of the body',
      new TypeError('x'),
      {},
      /run decant migrate:up again; the database is as it was/,
    ],
    [
      'what knows what to do',
      new BatchError('t', 'no.', 'Example: size: 1000'),
      {},
      /^Example: size: 1000\. Then run decant migrate:up again/,
    ],
    [
      'what knows what to do, without a transaction',
      new BatchError('t', 'no.', 'Declare something else.'),
      { options: { transaction: false } },
      /^Declare something else\. It ran without a transaction/,
    ],
    [
      'an error without a transaction',
      new TypeError('x'),
      { options: { transaction: false } },
      /look at what it left, mend it, and run again/,
    ],
  ])('of %s says what to do about it', (_what, cause, more, hint) => {
    expect(failed(new BodyError('threw', 'SQL', cause), loaded(more)).hint).toMatch(hint);
  });

  it('names the command that is to be run again', () => {
    const down: PlanStep = { ...STEP, direction: 'down' };
    expect(failed(new Error('x'), loaded(), down).hint).toContain('decant migrate:down');
  });
});

describe('what a failure leaves behind', () => {
  it.each<[BodyError['kind'], boolean, string, 'all' | 'unknown']>([
    ['threw', true, 'DECANT_MIGRATION_FAILED', 'all'],
    ['threw', false, 'DECANT_MIGRATION_FAILED', 'unknown'],
    ['returned a promise', true, 'DECANT_ASYNC_MIGRATION', 'all'],
    ['returned a promise', false, 'DECANT_ASYNC_MIGRATION', 'unknown'],
    ['ended the transaction', true, 'DECANT_TRANSACTION_ENDED', 'unknown'],
  ])(
    'when the body %s (in a transaction: %j) is told by %s and %j',
    (kind, transaction, code, rolledBack) => {
      const error = failed(new BodyError(kind, 'SQL'), loaded({ options: { transaction } }));
      expect(error).toMatchObject({
        code,
        failure: { migration: STEP.name, direction: 'up', sql: 'SQL', rolledBack, completed: ['001_a'] },
      });
    },
  );
});

describe('a lock', () => {
  const busy = new BodyError('threw', 'SQL', sqliteError('SQLITE_BUSY', 'database is locked'));

  it.each<[string, unknown, LoadedMigration]>([
    ['that the body met outside a transaction', busy, loaded({ options: { transaction: false } })],
    ['that kept the engine from beginning', new DatabaseLockedError('app.db is locked.', 'wait'), loaded()],
  ])('%s is no failure, and says what was done before it', (_whose, error, of) => {
    const told = failed(error, of);
    expect(told).toBeInstanceOf(DatabaseLockedError);
    expect(told).toMatchObject({ code: 'DECANT_LOCKED', exitCode: 5 });
    expect(told.message).toMatch(/locked\. Done before that: 001_a\.$/);
  });

  it('that a body met although the engine holds the lock is a failure of the body', () => {
    expect(failed(busy)).toMatchObject({
      code: 'DECANT_MIGRATION_FAILED',
      exitCode: 1,
      message: 'Migration 002_it is failed: database is locked',
      failure: { sqliteCode: 'SQLITE_BUSY', rolledBack: 'all' },
    });
  });
});
