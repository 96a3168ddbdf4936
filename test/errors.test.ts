import { describe, expect, it } from '@jest/globals';
import * as errors from '../src/errors.js';
import { DecantError, EXIT, MigrationFailedError, type Failure } from '../src/errors.js';

const FAILURE: Failure = {
  migration: '002_b',
  direction: 'up',
  rolledBack: 'all',
  completed: ['001_a'],
};

const CAUSE = new Error('why');

type ClassName = Exclude<
  {
    [K in keyof typeof errors]: (typeof errors)[K] extends abstract new (...args: never[]) => DecantError
      ? K
      : never;
  }[keyof typeof errors],
  'DecantError'
>;

interface Expected {
  readonly code: string;
  readonly exit: number;
  readonly make: () => DecantError;
}

// A class that is exported and not in here does not compile.
const CLASSES: Record<ClassName, Expected> = {
  UsageError: { code: 'DECANT_USAGE', exit: 2, make: () => new errors.UsageError('m', 'h') },
  UnexpectedError: { code: 'DECANT_UNEXPECTED', exit: 1, make: () => new errors.UnexpectedError('m', 'h') },
  OvertakenError: { code: 'DECANT_OVERTAKEN', exit: 4, make: () => new errors.OvertakenError('2_b', '1_a') },
  DeclinedError: { code: 'DECANT_DECLINED', exit: 1, make: () => new errors.DeclinedError('m', 'h') },
  NotRecordedError: {
    code: 'DECANT_NOT_RECORDED',
    exit: 5,
    make: () => new errors.NotRecordedError('1_a', new errors.DatabaseLockedError('m', 'h')),
  },
  AlterTableError: {
    code: 'DECANT_ALTER_TABLE',
    exit: 1,
    make: () => new errors.AlterTableError('users', 'm', 'h'),
  },
  BatchError: { code: 'DECANT_BATCH', exit: 1, make: () => new errors.BatchError('users', 'r', 'h') },
  HalfDoneError: {
    code: 'DECANT_HALF_DONE',
    exit: 4,
    make: () => new errors.HalfDoneError('1_a', 'up', '1 of 2 rows'),
  },
  PausedError: {
    code: 'DECANT_PAUSED',
    exit: 130,
    make: () => new errors.PausedError('1_a', 'up', '1 of 2 rows'),
  },
  ReversibleError: {
    code: 'DECANT_REVERSIBLE',
    exit: 1,
    make: () => new errors.ReversibleError('users', 'why', 'h'),
  },
  ConfigError: { code: 'DECANT_CONFIG', exit: 2, make: () => new errors.ConfigError('m', 'h') },
  SourceError: { code: 'DECANT_SOURCE', exit: 2, make: () => new errors.SourceError('m', 'h') },
  UnknownMigrationError: {
    code: 'DECANT_UNKNOWN_MIGRATION',
    exit: 2,
    make: () => new errors.UnknownMigrationError('m', 'h'),
  },
  ConfirmationRequiredError: {
    code: 'DECANT_CONFIRMATION_REQUIRED',
    exit: 2,
    make: () => new errors.ConfirmationRequiredError('m', 'h'),
  },
  InvalidMigrationError: {
    code: 'DECANT_INVALID_MIGRATION',
    exit: 1,
    make: () => new errors.InvalidMigrationError('m', 'h'),
  },
  DuplicateMigrationError: {
    code: 'DECANT_DUPLICATE_MIGRATION',
    exit: 1,
    make: () => new errors.DuplicateMigrationError('m', 'h'),
  },
  DependencyError: {
    code: 'DECANT_DEPENDENCY',
    exit: 1,
    make: () => new errors.DependencyError('cycle', ['2_b', '1_a', '2_b']),
  },
  PrerequisiteError: {
    code: 'DECANT_PREREQUISITE',
    exit: 1,
    make: () => new errors.PrerequisiteError([{ migration: '1_a', what: 'check', message: 'why' }]),
  },
  InjectionError: { code: 'DECANT_INJECTION', exit: 1, make: () => new errors.InjectionError('m', 'h') },
  NotAppliedError: { code: 'DECANT_NOT_APPLIED', exit: 1, make: () => new errors.NotAppliedError('m', 'h') },
  LaterMigrationsError: {
    code: 'DECANT_LATER_MIGRATIONS',
    exit: 1,
    make: () => new errors.LaterMigrationsError('1_a', ['2_b']),
  },
  IrreversibleMigrationError: {
    code: 'DECANT_IRREVERSIBLE',
    exit: 1,
    make: () => new errors.IrreversibleMigrationError('1_a', 'the values are gone'),
  },
  OutOfOrderError: {
    code: 'DECANT_OUT_OF_ORDER',
    exit: 4,
    make: () => new errors.OutOfOrderError(['1_a'], '2_b'),
  },
  MissingMigrationError: {
    code: 'DECANT_MISSING',
    exit: 4,
    make: () => new errors.MissingMigrationError(['1_a'], 'h'),
  },
  ChangedMigrationError: {
    code: 'DECANT_CHANGED',
    exit: 4,
    make: () => new errors.ChangedMigrationError(['1_a']),
  },
  DatabaseLockedError: {
    code: 'DECANT_LOCKED',
    exit: 5,
    make: () => new errors.DatabaseLockedError('m', 'h'),
  },
  DatabaseError: { code: 'DECANT_DATABASE', exit: 1, make: () => new errors.DatabaseError('m', 'h') },
  DiskSpaceError: {
    code: 'DECANT_DISK_SPACE',
    exit: 1,
    make: () => new errors.DiskSpaceError('m', 'h', 2, 1),
  },
  BackupError: { code: 'DECANT_BACKUP', exit: 1, make: () => new errors.BackupError('m', 'h') },
  UnknownBackupError: {
    code: 'DECANT_UNKNOWN_BACKUP',
    exit: 2,
    make: () => new errors.UnknownBackupError('m', 'h'),
  },
  NewerDatabaseError: {
    code: 'DECANT_NEWER_DATABASE',
    exit: 1,
    make: () => new errors.NewerDatabaseError('m', 'h'),
  },
  DeadHandleError: { code: 'DECANT_DEAD_HANDLE', exit: 1, make: () => new errors.DeadHandleError('m', 'h') },
  MigrationFailedError: {
    code: 'DECANT_MIGRATION_FAILED',
    exit: 1,
    make: () => new errors.MigrationFailedError(FAILURE, 'm', 'h', CAUSE),
  },
  AsyncMigrationError: {
    code: 'DECANT_ASYNC_MIGRATION',
    exit: 1,
    make: () => new errors.AsyncMigrationError(FAILURE, 'm', 'h'),
  },
  TransactionEndedError: {
    code: 'DECANT_TRANSACTION_ENDED',
    exit: 1,
    make: () => new errors.TransactionEndedError(FAILURE, 'm', 'h'),
  },
  MigrationHookError: {
    code: 'DECANT_MIGRATION_HOOK',
    exit: 1,
    make: () => new errors.MigrationHookError(FAILURE, 'm', 'h', 'Audit', 'beforeEach'),
  },
  HookError: { code: 'DECANT_HOOK', exit: 1, make: () => new errors.HookError('m', 'h', 'Audit', 'onError') },
  ForeignKeyError: {
    code: 'DECANT_FOREIGN_KEY',
    exit: 1,
    make: () => new errors.ForeignKeyError(FAILURE, 'm', 'h', [], []),
  },
  UndeclaredLossError: {
    code: 'DECANT_UNDECLARED_LOSS',
    exit: 1,
    make: () => new errors.UndeclaredLossError(FAILURE, 'm', 'h', []),
  },
};
const rows = Object.entries(CLASSES);

describe('exit codes', () => {
  it('are those of the README', () => {
    expect(EXIT).toEqual({ ok: 0, failed: 1, usage: 2, pending: 3, history: 4, locked: 5, paused: 130 });
  });
});

describe('the classes of errors', () => {
  it('are all in this table', () => {
    const exported = Object.entries(errors).filter(
      ([name, value]) => typeof value === 'function' && name !== 'DecantError',
    );
    expect(exported.map(([name]) => name).toSorted()).toEqual(Object.keys(CLASSES).toSorted());
  });

  it('have a code each that no other has', () => {
    const codes = rows.map(([, { make }]) => make().code);
    expect(new Set(codes).size).toBe(rows.length);
  });

  it.each(rows)('%s has its code, its exit code, its name and a hint', (name, { code, exit, make }) => {
    const error = make();
    expect(error).toBeInstanceOf(DecantError);
    expect(error).toBeInstanceOf(Error);
    expect(error.code).toBe(code);
    expect(error.exitCode).toBe(exit);
    expect(error.name).toBe(name);
    expect(error.message).not.toBe('');
    expect(error.hint).not.toBe('');
  });

  it('keep what caused them', () => {
    expect(new errors.UsageError('m', 'h', { cause: CAUSE }).cause).toBe(CAUSE);
    expect(new MigrationFailedError(FAILURE, 'm', 'h', CAUSE).cause).toBe(CAUSE);
  });

  it('tell a failed migration whichever way it failed', () => {
    for (const failed of [errors.AsyncMigrationError, errors.TransactionEndedError]) {
      const error = new failed(FAILURE, 'm', 'h');
      expect(error).toBeInstanceOf(MigrationFailedError);
      expect(error.failure).toBe(FAILURE);
    }
  });
});

describe('sentences that an error writes itself', () => {
  it.each<[string, DecantError]>([
    [
      'Cannot roll back 1_a: later migrations depend on it (2_b, 3_c).',
      new errors.LaterMigrationsError('1_a', ['2_b', '3_c']),
    ],
    [
      'Cannot roll back 1_a: it is irreversible (the values are gone). Nothing was rolled back.',
      new errors.IrreversibleMigrationError('1_a', 'the values are gone'),
    ],
    [
      'Out of order: 1_a is pending but sorts before 3_c, which is applied.',
      new errors.OutOfOrderError(['1_a'], '3_c'),
    ],
    [
      'Out of order: 1_a, 2_b are pending but sort before 3_c, which is applied.',
      new errors.OutOfOrderError(['1_a', '2_b'], '3_c'),
    ],
    [
      'Missing: 1_a recorded as applied, but not in the source.',
      new errors.MissingMigrationError(['1_a'], 'h'),
    ],
    ['Changed: 1_a was edited after having been applied.', new errors.ChangedMigrationError(['1_a'])],
    [
      'Changed: 1_a, 2_b were edited after having been applied.',
      new errors.ChangedMigrationError(['1_a', '2_b']),
    ],
  ])('%s', (message, error) => {
    expect(error.message).toBe(message);
  });
});
