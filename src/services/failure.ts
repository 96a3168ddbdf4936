import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Backup } from '../domain/backup.js';
import type { PlanStep } from '../domain/plan.js';
import {
  AlterTableError,
  AsyncMigrationError,
  DatabaseError,
  DatabaseLockedError,
  DecantError,
  ForeignKeyError,
  LaterMigrationsError,
  MigrationFailedError,
  NotRecordedError,
  OutOfOrderError,
  OvertakenError,
  TransactionEndedError,
  UndeclaredLossError,
  type Failure,
  type Loss,
} from '../errors.js';
import { troubleText } from '../sqlite/foreign-keys.js';
import type { LoadedMigration } from './loaded-migration.js';
import { hintFor, isLocked, isSqliteError, LACKS_CONFIGURATION } from './sqlite-errors.js';
import { BodyError, type Damage } from './transaction-manager.js';

/** Turns whatever ended a step into the one error that a user sees. */
export function failureOf(
  error: unknown,
  step: PlanStep,
  loaded: LoadedMigration,
  completed: readonly string[],
): Error {
  if (error instanceof DatabaseLockedError) return lockedAfter(error, completed);
  if (COMPLETE.some((complete) => error instanceof complete)) return error as Error;
  const body = error instanceof BodyError ? error : new BodyError('threw', undefined, error);
  const { cause } = body;
  if (isLocked(cause) && loaded.options.transaction === false) return lockedIn(step, cause, completed);
  const failure: Failure = {
    migration: step.name,
    direction: step.direction,
    file: loaded.file,
    line: lineIn(loaded.file, cause),
    sql: body.sql,
    sqliteCode: codeOf(cause),
    rolledBack: rolledBackOf(loaded, body.kind),
    completed,
    ...(body.warnings.length > 0 ? { warnings: body.warnings } : {}),
  };
  return body.damage === undefined ? errorFor(body.kind, failure, cause) : damageError(failure, body.damage);
}

/** What prepare() threw, before anything ran. */
export function preparationError(
  error: unknown,
  step: PlanStep,
  loaded: LoadedMigration,
): MigrationFailedError {
  const failure: Failure = {
    migration: step.name,
    direction: step.direction,
    file: loaded.file,
    line: lineIn(loaded.file, error),
    rolledBack: 'not begun',
    completed: [],
  };
  const message = `prepare() of ${subject(failure)} failed: ${messageOf(error)}`;
  return new MigrationFailedError(failure, message, 'Mend it and run again; nothing was begun.', error);
}

/** The same error, once the database has been put back to the backup that was made right before the migration. */
export function restored(error: unknown, backup: Backup): unknown {
  const state = `It ran without a transaction, so the database was restored from the backup that had been made right before it (${backup.name}).`;
  return withFacts(error, state, { rolledBack: 'restored', backup: backup.file });
}

/** The same error, where that could not be done. */
export function notRestored(error: unknown, backup: Backup, why: string): unknown {
  const state = `It ran without a transaction, and was not undone: ${why}. The database as it was before it is in ${backup.file}; decant migrate:restore ${backup.name} brings it back.`;
  return withFacts(error, state, { backup: backup.file });
}

// Nobody has seen the error yet: it is completed rather than made anew, since its class has a shape of its own.
function withFacts(error: unknown, state: string, facts: Partial<Failure>): unknown {
  if (!(error instanceof DecantError)) return error;
  if (!(error instanceof MigrationFailedError))
    return Object.assign(error, { hint: `${state} ${error.hint}` });
  const rest = error.hint.startsWith(NOT_UNDONE)
    ? error.hint.slice(NOT_UNDONE.length)
    : ' Mend the migration and run again.';
  return Object.assign(error, { hint: state + rest, failure: { ...error.failure, ...facts } });
}

// These say all there is to say: the first three judge a step under the lock, before it runs.
const COMPLETE = [LaterMigrationsError, OutOfOrderError, OvertakenError, NotRecordedError];

function rolledBackOf({ options }: LoadedMigration, kind: BodyError['kind']): Failure['rolledBack'] {
  return options.transaction !== false && kind !== 'ended the transaction' ? 'all' : 'unknown';
}

function errorFor(kind: BodyError['kind'], failure: Failure, cause: unknown): MigrationFailedError {
  if (kind === 'returned a promise') return asyncError(failure);
  if (kind === 'ended the transaction') return transactionEnded(failure, cause);
  const message = `${subject(failure)} failed: ${messageOf(cause)}`;
  return new MigrationFailedError(failure, message, hint(failure, cause), cause);
}

/** What an error says. Anything can be thrown, also what cannot be shown. */
export function messageOf(error: unknown): string {
  try {
    const told = toldBy(error);
    return String(told instanceof Error || isSqliteError(told) ? told.message : told);
  } catch {
    return 'it threw something that cannot be shown';
  }
}

// SQLite's own error, or, where the engine's COMMIT or record failed, the one that explains it.
function toldBy(error: unknown): unknown {
  return error instanceof DatabaseError && error.cause !== undefined ? error.cause : error;
}

function codeOf(error: unknown): string | undefined {
  const told = toldBy(error);
  return isSqliteError(told) ? told.code : undefined;
}

function stackOf(error: unknown): string {
  return error instanceof Error || isSqliteError(error) ? (error.stack ?? '') : '';
}

function asyncError(failure: Failure): AsyncMigrationError {
  return new AsyncMigrationError(
    failure,
    `${subject(failure)} returned a promise or a generator: ${failure.direction}() must be synchronous.`,
    `Take \`async\` (or \`*\`) off ${failure.direction}() and move what must be awaited into async prepare().`,
  );
}

function transactionEnded(failure: Failure, cause: unknown): TransactionEndedError {
  return new TransactionEndedError(
    failure,
    `${subject(failure)} ended the engine's transaction (COMMIT, ROLLBACK or END) and was not recorded${cause === undefined ? '' : `: ${messageOf(cause)}`}.`,
    'What it had committed is in the database; look at it, take the statement out of the migration (or say transaction: false), and run again.',
    cause,
  );
}

// A loss is told first: what is gone may be why a foreign key is violated.
function damageError(failure: Failure, { losses, violations, mismatches }: Damage): MigrationFailedError {
  const undone = failure.rolledBack === 'all' ? 'The database is as it was before it.' : NOT_UNDONE;
  if (losses.length > 0) {
    const names = [...new Set(losses.map(({ name }) => name))].map((name) => `'${name}'`).join(', ');
    return new UndeclaredLossError(
      failure,
      `${subject(failure)} lost what it did not ask to remove: ${losses.map(lossText).join('; ')}.`,
      `${undone} To change a table without loss use alterTable() or rebuildTable(); if the loss is meant, declare it on a class: @migration({ expectLoss: [${names}] }).`,
      losses,
    );
  }
  return new ForeignKeyError(
    failure,
    `${subject(failure)} left foreign keys violated that were not before: ${troubleText({ violations, mismatches }).join('; ')}.`,
    `${undone} Put right in the migration what the rows refer to, or, if they are to stay as they are, declare it on a class: @migration({ foreignKeyCheck: 'none' }).`,
    violations,
    mismatches,
  );
}

const NOT_UNDONE = 'It ran without a transaction: what it did is in the database.';

function lossText({ kind, name, table, before, after }: Loss): string {
  if (kind === 'rows') return `${Number(before) - Number(after)} of ${before} rows of ${name}`;
  if (kind === 'constraints') return `the constraints of ${name}, made anew by AS SELECT`;
  return table === undefined ? `${kind} ${name}` : `${kind} ${name} of ${table}`;
}

// Outside a transaction a body meets locks by itself.
function lockedIn(step: PlanStep, cause: unknown, completed: readonly string[]): DatabaseLockedError {
  const error = new DatabaseLockedError(
    `Migration ${step.name} met a lock of another process: ${messageOf(cause)}.`,
    'Wait until that process has finished and run again, or wait longer with --lock-timeout.',
    { cause },
  );
  return lockedAfter(error, completed);
}

function lockedAfter(error: DatabaseLockedError, completed: readonly string[]): DatabaseLockedError {
  if (completed.length === 0) return error;
  return new DatabaseLockedError(`${error.message} Done before that: ${completed.join(', ')}.`, error.hint, {
    cause: error,
  });
}

function subject(failure: Failure): string {
  const file =
    failure.file === undefined ? '' : ` (${basename(failure.file)}${failure.line ? `:${failure.line}` : ''})`;
  return `Migration ${failure.migration}${file}`;
}

function hint({ sqliteCode, rolledBack, direction }: Failure, cause: unknown): string {
  if (sqliteCode !== undefined && /FULL|IOERR|READONLY|CORRUPT/.test(sqliteCode)) return hintFor(sqliteCode);
  if (rolledBack === 'unknown')
    return 'It ran without a transaction: look at what it left, mend it, and run again.';
  const again = `run decant migrate:${direction} again; the database is as it was before it.`;
  // alterTable() and its like know what to do about what they refuse.
  if (cause instanceof AlterTableError) return `${cause.hint} Then ${again}`;
  return `${LACKS_CONFIGURATION.test(messageOf(cause)) ? CONFIGURE : ''}Mend the migration and ${again}`;
}

const CONFIGURE = 'If the application defines it, give it to every connection by configureConnection. ';

// The innermost frame that is in the migration's own file. A frame names it as a path or as a URL, which has a query
// when the file was imported anew.
function lineIn(file: string | undefined, error: unknown): number | undefined {
  if (file === undefined) return undefined;
  for (const frame of stackOf(error).split('\n')) {
    for (const name of [pathToFileURL(file).href, file]) {
      const at = frame.indexOf(name);
      const line = at === -1 ? undefined : /^(?:\?[^:]*)?:(\d+)/.exec(frame.slice(at + name.length))?.[1];
      if (line !== undefined) return Number(line);
    }
  }
  return undefined;
}
