import { describe, expect, it } from '@jest/globals';
import {
  explainingSqliteErrors,
  hintFor,
  isLocked,
  isSqliteError,
} from '../../src/services/sqlite-errors.js';
import { errorOf } from '../helpers/errors.js';

const sqliteError = (code: string): Error =>
  Object.assign(new Error(`message of ${code}`), { name: 'SqliteError', code });

describe('isSqliteError', () => {
  it.each<[unknown, boolean]>([
    [sqliteError('SQLITE_BUSY'), true],
    [{ name: 'SqliteError', code: 'SQLITE_ERROR', message: 'from another sandbox' }, true],
    [{ code: 'SQLITE_BUSY' }, false], // what a body may throw of its own
    [{ name: 'SqliteError', code: 5 }, false],
    [{ name: 'SqliteError' }, false],
    [Object.create(null), false],
    [Object.assign(new Error('x'), { code: 'ENOENT' }), false],
    [new Error('SQLITE_BUSY'), false],
    [null, false],
    ['SQLITE_BUSY', false],
    [undefined, false],
  ])('%j: %s', (error, expected) => {
    expect(isSqliteError(error)).toBe(expected);
  });
});

describe('isLocked', () => {
  it.each([
    ['SQLITE_BUSY', true],
    ['SQLITE_BUSY_SNAPSHOT', true],
    ['SQLITE_BUSY_RECOVERY', true],
    ['SQLITE_LOCKED', true],
    ['SQLITE_ERROR', false],
    ['SQLITE_READONLY', false],
  ])('%s: %s', (code, expected) => {
    expect(isLocked(sqliteError(code))).toBe(expected);
  });
});

describe('explainingSqliteErrors', () => {
  it('returns what the work returns', () => {
    expect(explainingSqliteErrors('x.db', () => 7)).toBe(7);
  });

  it.each([
    ['SQLITE_BUSY', 'DECANT_LOCKED', 'x.db is locked by another process.', 5],
    ['SQLITE_LOCKED_SHAREDCACHE', 'DECANT_LOCKED', 'x.db is locked by another process.', 5],
    ['SQLITE_CORRUPT', 'DECANT_DATABASE', 'Cannot use x.db: message of SQLITE_CORRUPT.', 1],
  ])('turns %s into %s and keeps it as the cause', (code, decantCode, message, exitCode) => {
    const cause = sqliteError(code);
    const error = errorOf(() =>
      explainingSqliteErrors('x.db', () => {
        throw cause;
      }),
    );
    expect(error).toMatchObject({ code: decantCode, exitCode });
    expect((error as Error).message).toBe(message);
    expect((error as Error).cause).toBe(cause);
  });

  it('leaves other errors as they are', () => {
    const mine = new Error('mine');
    const error = errorOf(() =>
      explainingSqliteErrors('x.db', () => {
        throw mine;
      }),
    );
    expect(error).toBe(mine);
  });
});

describe('hintFor', () => {
  it.each([
    ['SQLITE_NOTADB', 'no SQLite database'],
    ['SQLITE_CORRUPT_INDEX', 'restore a backup'],
    ['SQLITE_READONLY_DIRECTORY', 'not writable'],
    ['SQLITE_CANTOPEN_ISDIR', 'that it is a file'],
    ['SQLITE_PERM', 'may read and write'],
    ['SQLITE_FULL', 'disk is full'],
    ['SQLITE_IOERR_WRITE', 'disk reported an error'],
    ['SQLITE_MISUSE', 'rescode.html'],
  ])('says of %s: %s', (code, hint) => {
    expect(hintFor(code)).toContain(hint);
  });
});
