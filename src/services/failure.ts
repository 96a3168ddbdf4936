import type { Backup } from '../domain/backup.js';
import type { RowProgress } from '../domain/batches.js';
import type { HookCall } from '../domain/hooks.js';
import type { PlanStep } from '../domain/plan.js';
import {
  AlterTableError,
  AsyncMigrationError,
  BatchError,
  DatabaseLockedError,
  DecantError,
  HalfDoneError,
  IrreversibleMigrationError,
  LaterMigrationsError,
  MigrationFailedError,
  MigrationHookError,
  NotRecordedError,
  OutOfOrderError,
  OvertakenError,
  TransactionEndedError,
  type Failure,
} from '../errors.js';
import { damageError, NOT_UNDONE, undoneText } from './damage-error.js';
import { codeOf, hintOf, lineIn, messageOf } from './error-facts.js';
import { hookText } from './hook-calls.js';
import type { LoadedMigration } from './loaded-migration.js';
import { failedHookOf, migrationText, soleHookOf, subjectOf, type Subject } from './subject.js';
import { hintFor, isLocked, LACKS_CONFIGURATION } from './sqlite-errors.js';
import { BodyError } from './transaction-manager.js';

/** What a run has left when a step of it fails. */
export interface Left {
  /** Names of what it has completed. */
  readonly completed: readonly string[];
  /** How far the failed one is that commits each batch. */
  readonly progress?: RowProgress | undefined;
}

/** Turns whatever ended a step into the one error that a user sees. @param hook the one that threw, if one did */
export function failureOf(
  error: unknown,
  step: PlanStep,
  loaded: LoadedMigration,
  { completed, progress }: Left,
  hook?: HookCall,
): Error {
  if (error instanceof DatabaseLockedError) return lockedAfter(error, completed);
  const body = bodyErrorOf(error);
  const { cause } = body;
  if (isComplete(error, cause, completed)) return cause as Error;
  if (isLocked(cause) && loaded.options.transaction === false) return lockedIn(step, cause, completed, hook);
  const { file } = hook ?? soleHookOf(body.blame) ?? loaded;
  const failure: Failure = {
    migration: step.name,
    direction: step.direction,
    file,
    line: lineIn(file, cause),
    sql: body.sql,
    sqliteCode: codeOf(cause),
    rolledBack: rolledBackOf(loaded, body.kind, progress),
    ...more(progress, body),
    completed,
  };
  const failed = failedHookOf(body, hook);
  if (failed !== undefined) return hookError(failed, body, failure);
  return errorFor(body, failure, subjectOf(failure, loaded.file, body.blame));
}

function bodyErrorOf(error: unknown): BodyError {
  return error instanceof BodyError ? error : new BodyError('threw', undefined, error);
}

function more(progress: RowProgress | undefined, { warnings }: BodyError): Partial<Failure> {
  return {
    ...(progress === undefined ? {} : { progress: { done: progress.done, total: progress.total } }),
    ...(warnings.length > 0 ? { warnings } : {}),
  };
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
  const message = `prepare() of ${migrationText(failure, loaded.file)} failed: ${messageOf(error)}`;
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
    : ` Mend the ${error instanceof MigrationHookError ? 'hook' : 'migration'} and run again.`;
  return Object.assign(error, { hint: state + rest, failure: { ...error.failure, ...facts } });
}

// These say all there is to say: the first four judge a step under the lock, before it runs.
const COMPLETE = [HalfDoneError, LaterMigrationsError, OutOfOrderError, OvertakenError, NotRecordedError];

// The last is found out by the body alone: what it had parked was pruned. It says that nothing was rolled back.
function isComplete(error: unknown, cause: unknown, completed: readonly string[]): boolean {
  if (COMPLETE.some((complete) => error instanceof complete)) return true;
  return cause instanceof IrreversibleMigrationError && completed.length === 0;
}

function rolledBackOf(
  { options }: LoadedMigration,
  kind: BodyError['kind'],
  progress: RowProgress | undefined,
): Failure['rolledBack'] {
  if (options.transaction === false || kind === 'ended the transaction') return 'unknown';
  return progress === undefined ? 'all' : 'batch';
}

function errorFor(body: BodyError, failure: Failure, subject: Subject): MigrationFailedError {
  const { kind, cause, damage } = body;
  if (damage !== undefined) return damageError(subject, failure, damage);
  if (kind === 'returned a promise') return asyncError(failure, subject);
  if (kind === 'ended the transaction') return transactionEnded(failure, subject, cause);
  const message = `${subject.text} failed: ${messageOf(cause)}`;
  return new MigrationFailedError(failure, message, hint(failure, cause), cause);
}

function hookError(hook: HookCall, { kind, cause }: BodyError, failure: Failure): MigrationHookError {
  const told = cause === undefined ? '' : messageOf(cause);
  const reason = {
    threw: told,
    'did damage': told,
    'left a transaction open': told,
    'returned a promise': 'it returned a promise, and must be synchronous',
    'ended the transaction': `it ended the engine's transaction${told && `: ${told}`}`,
  }[kind];
  const message = `${hookText(hook, hook.event, cause)} failed at ${failure.migration}: ${reason}`;
  const advice =
    kind === 'ended the transaction' ? `${COMMITTED} hook, and run again.` : hint(failure, cause, 'hook');
  return new MigrationHookError(failure, message, advice, hook.name, hook.event, cause);
}

function asyncError(failure: Failure, { text }: Subject): AsyncMigrationError {
  return new AsyncMigrationError(
    failure,
    `${text} returned a promise or a generator: ${failure.direction}() must be synchronous.`,
    `Take \`async\` (or \`*\`) off ${failure.direction}() and move what must be awaited into async prepare().`,
  );
}

function transactionEnded(failure: Failure, subject: Subject, cause: unknown): TransactionEndedError {
  const { text, at, isHook } = subject;
  const unrecorded = `${isHook ? `${at}, which` : ' and'} was not recorded`;
  return new TransactionEndedError(
    failure,
    `${text} ended the engine's transaction (COMMIT, ROLLBACK or END)${unrecorded}${cause === undefined ? '' : `: ${messageOf(cause)}`}.`,
    `${COMMITTED} ${isHook ? 'hook' : 'migration (or say transaction: false)'}, and run again.`,
    cause,
  );
}

const COMMITTED = 'What it had committed is in the database; look at it, take the statement out of the';

// Outside a transaction a body meets locks by itself.
function lockedIn(
  step: PlanStep,
  cause: unknown,
  completed: readonly string[],
  hook: HookCall | undefined,
): DatabaseLockedError {
  const who = hook === undefined ? `Migration ${step.name}` : hookText(hook, hook.event, cause);
  const error = new DatabaseLockedError(
    `${who} met a lock of another process: ${messageOf(cause)}.`,
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

function hint(failure: Failure, cause: unknown, what: 'migration' | 'hook' = 'migration'): string {
  const { sqliteCode, rolledBack, direction } = failure;
  if (sqliteCode !== undefined && /FULL|IOERR|READONLY|CORRUPT/.test(sqliteCode)) return hintFor(sqliteCode);
  if (rolledBack === 'unknown') return unguardedHint(cause, what);
  const again = `run decant migrate:${direction} again${stateText(failure)}`;
  return (
    ownHint(cause, again) ??
    `${LACKS_CONFIGURATION.test(messageOf(cause)) ? CONFIGURE : ''}Mend the ${what} and ${again}`
  );
}

function unguardedHint(cause: unknown, what: 'migration' | 'hook'): string {
  const advice = `look at what it left, mend ${what === 'hook' ? 'the hook' : 'it'}, and run again.`;
  return [hintOf(cause) ?? [], `It ran without a transaction: ${advice}`].flat().join(' ');
}

// What refuses something knows what to do about it; what cannot be undone is not always to be tried again.
function ownHint(cause: unknown, again: string): string | undefined {
  const own = hintOf(cause);
  if (cause instanceof AlterTableError || cause instanceof BatchError) return `${own} Then ${again}`;
  return own === undefined ? undefined : `${own} The database is as it was before it.`;
}

function stateText(failure: Failure): string {
  if (failure.rolledBack !== 'batch') return '; the database is as it was before it.';
  return `: it goes on there. ${undoneText(failure)}`;
}

const CONFIGURE = 'If the application defines it, give it to every connection by configureConnection. ';
