/** What the process ends with; the table is in the README. */
export const EXIT = { ok: 0, failed: 1, usage: 2, pending: 3, history: 4, locked: 5, paused: 130 } as const;

/**
 * Every error that Decant throws on purpose. `code` is stable, `hint` says what to do next, `exitCode` is what
 * the CLI ends with. An error without these is a bug in Decant.
 */
export abstract class DecantError extends Error {
  abstract readonly code: `DECANT_${string}`;
  readonly exitCode: number = EXIT.failed;

  constructor(
    message: string,
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Something that Decant did not foresee, as the CLI shows it. */
export class UnexpectedError extends DecantError {
  readonly code = 'DECANT_UNEXPECTED';
}

/** A flag, argument, option or config value that cannot be used as it stands. */
export class UsageError extends DecantError {
  readonly code = 'DECANT_USAGE';
  override readonly exitCode = EXIT.usage;
}

/** A config file that cannot be loaded, or holds a value that Decant does not know. */
export class ConfigError extends DecantError {
  readonly code = 'DECANT_CONFIG';
  override readonly exitCode = EXIT.usage;
}

/** The folder of migrations is missing or cannot be read. */
export class SourceError extends DecantError {
  readonly code = 'DECANT_SOURCE';
  override readonly exitCode = EXIT.usage;
}

/** A name was given that is neither in the source nor recorded. */
export class UnknownMigrationError extends DecantError {
  readonly code = 'DECANT_UNKNOWN_MIGRATION';
  override readonly exitCode = EXIT.usage;
}

/** More than one migration would be rolled back and nobody could be asked. */
export class ConfirmationRequiredError extends DecantError {
  readonly code = 'DECANT_CONFIRMATION_REQUIRED';
  override readonly exitCode = EXIT.usage;
}

/** A file or list entry looks like a migration, but is not one. */
export class InvalidMigrationError extends DecantError {
  readonly code = 'DECANT_INVALID_MIGRATION';
}

/** Two migrations of one source have the same name. */
export class DuplicateMigrationError extends DecantError {
  readonly code = 'DECANT_DUPLICATE_MIGRATION';
}

/** Migrations declare dependencies that cannot be followed. */
export class DependencyError extends DecantError {
  readonly code = 'DECANT_DEPENDENCY';

  constructor(
    readonly kind: 'cycle' | 'unknown' | 'later' | 'not applied',
    /** From the migration that declares it, dependency by dependency, to the one that is wrong. */
    readonly path: readonly string[],
  ) {
    const [what, hint] = DEPENDENCY_TEXTS[kind];
    super(`Dependencies: ${path.join(' → ')} ${what.replace('LAST', String(path.at(-1)))}.`, hint);
  }
}

const DEPENDENCY_TEXTS = {
  cycle: ['is a circle', 'Take one of these out of its dependsOn.'],
  unknown: [
    'leads to no migration',
    'Give the whole name in dependsOn, as migrate:status shows it, or the class of a migration.',
  ],
  later: [
    'is the wrong way round: LAST sorts later',
    'Rename the file so that it sorts after what it depends on, or take that out of its dependsOn.',
  ],
  'not applied': ['leads to what is not applied', 'Apply that first; migrate:up does.'],
} as const satisfies Record<DependencyError['kind'], readonly [what: string, hint: string]>;

/** Migrations of a plan need what is not so. Nothing of it was begun. */
export class PrerequisiteError extends DecantError {
  readonly code = 'DECANT_PREREQUISITE';

  constructor(
    /** All that is not met, of all migrations of the plan. */
    readonly unmet: readonly Unmet[],
  ) {
    super(
      `Not begun: ${unmet.map(({ migration, message }) => `${migration}: ${message.replace(/\.$/, '')}`).join('; ')}.`,
      unmet.some(({ what }) => what === 'check')
        ? 'Put this right, and run again. A check() sees the database as it is before the whole run: what an earlier migration of it will make is not there yet.'
        : 'Put this right, and run again.',
    );
  }
}

/** One thing that a migration needs and that is not so. */
export interface Unmet {
  readonly migration: string;
  readonly what: 'sqlite' | 'foreignKeys' | 'journalMode' | 'freeSpace' | 'check';
  /** What is wrong, for a person. */
  readonly message: string;
}

/** The container cannot build a migration class. */
export class InjectionError extends DecantError {
  readonly code = 'DECANT_INJECTION';
}

/** A rollback was asked for a migration that is not applied. */
export class NotAppliedError extends DecantError {
  readonly code = 'DECANT_NOT_APPLIED';
}

/** A rollback was asked for a migration while later ones are applied. */
export class LaterMigrationsError extends DecantError {
  readonly code = 'DECANT_LATER_MIGRATIONS';

  constructor(
    migration: string,
    readonly later: readonly string[],
  ) {
    super(
      `Cannot roll back ${migration}: later migrations depend on it (${later.join(', ')}).`,
      `Roll the later ones back first, newest first; migrate:down without a name takes the newest.`,
    );
  }
}

/** A planned rollback cannot be done, and was therefore not begun. */
export class IrreversibleMigrationError extends DecantError {
  readonly code = 'DECANT_IRREVERSIBLE';

  constructor(
    readonly migration: string,
    readonly reason: string,
  ) {
    super(
      `Cannot roll back ${migration}: it is irreversible (${reason}). Nothing was rolled back.`,
      'Write a new migration that brings the database to where you want it, or restore a backup.',
    );
  }
}

/** A pending migration sorts before one that is applied. */
export class OutOfOrderError extends DecantError {
  readonly code = 'DECANT_OUT_OF_ORDER';
  override readonly exitCode = EXIT.history;

  constructor(
    readonly migrations: readonly string[],
    lastApplied: string,
  ) {
    super(
      `Out of order: ${migrations.join(', ')} ${migrations.length > 1 ? 'are pending but sort' : 'is pending but sorts'} before ${lastApplied}, which is applied.`,
      `Either rename the file so that it sorts after ${lastApplied}, or declare in it what it builds on, as in @migration({ dependsOn: [] }), or, if the order does not matter, run again with --out-of-order=allow (config: outOfOrder: 'allow').`,
    );
  }
}

/** Another process rolled back, after this run had been planned, what the run builds on. */
export class OvertakenError extends DecantError {
  readonly code = 'DECANT_OVERTAKEN';
  override readonly exitCode = EXIT.history;

  constructor(migration: string, after: string) {
    super(
      `${migration} was not applied: ${after}, which it comes after, has been rolled back by another process.`,
      'Look at migrate:status, and run again.',
    );
  }
}

/** A rollback was not wanted: its question was answered with no, or is no longer the one that was asked. */
export class DeclinedError extends DecantError {
  readonly code = 'DECANT_DECLINED';
}

/** A recorded migration is not in the source. */
export class MissingMigrationError extends DecantError {
  readonly code = 'DECANT_MISSING';
  override readonly exitCode = EXIT.history;

  constructor(
    readonly migrations: readonly string[],
    hint: string,
  ) {
    super(`Missing: ${migrations.join(', ')} recorded as applied, but not in the source.`, hint);
  }
}

/** A file was edited after it had been applied. */
export class ChangedMigrationError extends DecantError {
  readonly code = 'DECANT_CHANGED';
  override readonly exitCode = EXIT.history;

  constructor(readonly migrations: readonly string[]) {
    super(
      `Changed: ${migrations.join(', ')} ${migrations.length > 1 ? 'were' : 'was'} edited after having been applied.`,
      `Put the file back as it was and write a new migration for the change, or run again with --changed=allow (config: changed: 'allow').`,
    );
  }
}

/** Another connection held the database's write lock for longer than the timeout. */
export class DatabaseLockedError extends DecantError {
  readonly code = 'DECANT_LOCKED';
  override readonly exitCode = EXIT.locked;
}

/** A migration ran outside a transaction, and then its record could not be written. */
export class NotRecordedError extends DecantError {
  readonly code = 'DECANT_NOT_RECORDED';
  override readonly exitCode: number;

  constructor(migration: string, cause: Error) {
    super(
      `Migration ${migration} ran, but was not recorded: ${cause.message}`,
      'It will run once more with the next run, as one with transaction: false must bear.',
      { cause },
    );
    this.exitCode = cause instanceof DecantError ? cause.exitCode : EXIT.failed;
  }
}

/** The database cannot be opened, read or written. */
export class DatabaseError extends DecantError {
  readonly code = 'DECANT_DATABASE';
}

/** There is too little free space for what was about to be done, which was therefore not begun. */
export class DiskSpaceError extends DecantError {
  readonly code = 'DECANT_DISK_SPACE';

  constructor(
    message: string,
    hint: string,
    /** Bytes. */
    readonly needed: number,
    readonly free: number,
  ) {
    super(message, hint);
  }
}

/** A backup cannot be made, read or restored; the database is as it was. */
export class BackupError extends DecantError {
  readonly code = 'DECANT_BACKUP';
}

/** There is no backup of that name. */
export class UnknownBackupError extends DecantError {
  readonly code = 'DECANT_UNKNOWN_BACKUP';
  override readonly exitCode = EXIT.usage;
}

/** The database's journal was written by a newer Decant than this one. */
export class NewerDatabaseError extends DecantError {
  readonly code = 'DECANT_NEWER_DATABASE';
}

/** A statement was run on a migration's `db` after that migration had ended, or would have closed it. */
export class DeadHandleError extends DecantError {
  readonly code = 'DECANT_DEAD_HANDLE';
}

/** A table cannot be altered as was asked. It is as it was. */
export class AlterTableError extends DecantError {
  readonly code = 'DECANT_ALTER_TABLE';

  constructor(
    readonly table: string,
    readonly reason: string,
    hint: string,
    /** Up to 10 of the rows that stand in the way, as a person would look for them; all of them may be more. */
    readonly rows: readonly string[] = [],
    options?: ErrorOptions,
  ) {
    const shown = rows.length === 0 ? '' : ` Rows: ${rows.join('; ')}.`;
    super(`Cannot alter ${table}: ${reason}${shown}`, hint, options);
  }
}

/** `batch()` cannot do what it was asked to. */
export class BatchError extends DecantError {
  readonly code = 'DECANT_BATCH';

  constructor(
    readonly table: string,
    reason: string,
    hint: string,
  ) {
    super(`batch() on ${table}: ${reason}`, hint);
  }
}

/** Some batches of a migration are committed and not all, and something else was to be run. */
export class HalfDoneError extends DecantError {
  readonly code = 'DECANT_HALF_DONE';
  override readonly exitCode = EXIT.history;

  constructor(migration: string, direction: 'up' | 'down', rows: string) {
    super(
      `${migration} is half ${direction === 'up' ? 'applied' : 'rolled back'} (${rows}), and has to be finished first.`,
      `Run decant migrate:${direction}, which goes on where it stopped; its file has to be there. Or restore the backup of before it.`,
    );
  }
}

/** A run was asked to stop, and did so between two batches, or before a migration. What is done stays. */
export class PausedError extends DecantError {
  readonly code = 'DECANT_PAUSED';
  override readonly exitCode = EXIT.paused;

  constructor(
    readonly migration: string,
    direction: 'up' | 'down',
    /** How far it is, as in `412,000 of 1,000,000 rows`; undefined where it has not begun. */
    rows: string | undefined,
  ) {
    super(
      rows === undefined ? `Paused before ${migration}.` : `Paused in ${migration}, after ${rows}.`,
      `Run decant migrate:${direction} again: it goes on from here.`,
    );
  }
}

/** A `ReversibleMigration` says what cannot be done, or undone, without loss. The database is as it was. */
export class ReversibleError extends DecantError {
  readonly code = 'DECANT_REVERSIBLE';

  /** @param subject the migration, or the table */
  constructor(
    readonly subject: string,
    readonly reason: string,
    hint: string,
    options?: ErrorOptions,
  ) {
    super(`Cannot change ${subject} reversibly: ${reason}.`, hint, options);
  }
}

/** Where and how a migration failed, and what that left behind. */
export interface Failure {
  readonly migration: string;
  readonly direction: 'up' | 'down';
  /** Absolute path, where the migration came from a file. */
  readonly file?: string | undefined;
  /** Line of `file` that threw, from 1, where the stack tells. */
  readonly line?: number | undefined;
  /** The statement that failed, as the migration wrote it. */
  readonly sql?: string | undefined;
  /** SQLite's extended result code, as in `SQLITE_CONSTRAINT_UNIQUE`. */
  readonly sqliteCode?: string | undefined;
  /**
   * `'all'`: the failed migration left nothing behind. `'unknown'`: it ran outside a transaction, or ended it.
   * `'not begun'`: its prepare() failed, before anything ran. `'restored'`: it ran outside a transaction, and the
   * database was put back to the backup that was made right before it. `'batch'`: the batch that failed left nothing;
   * those before it, `progress` says how many rows, are committed and stay.
   */
  readonly rolledBack: 'all' | 'unknown' | 'not begun' | 'restored' | 'batch';
  /** How many rows, of how many, are done of a migration that commits each batch. */
  readonly progress?: { readonly done: number; readonly total: number } | undefined;
  /** Absolute path of the backup of before the run, or of before a migration that ran outside a transaction. */
  readonly backup?: string | undefined;
  /** Names of the migrations that this run had completed before; they stay. */
  readonly completed: readonly string[];
  /** What it would have been warned of, had it not failed. */
  readonly warnings?: readonly string[];
}

/** A migration threw. Later ones were not tried; `cause` is what it threw. */
export class MigrationFailedError extends DecantError {
  readonly code: `DECANT_${string}` = 'DECANT_MIGRATION_FAILED';

  constructor(
    readonly failure: Failure,
    message: string,
    hint: string,
    cause?: unknown,
  ) {
    super(message, hint, { cause });
  }
}

/** `up` or `down` returned a promise. */
export class AsyncMigrationError extends MigrationFailedError {
  override readonly code = 'DECANT_ASYNC_MIGRATION';
}

/** A migration ended the transaction that the engine had opened for it. */
export class TransactionEndedError extends MigrationFailedError {
  override readonly code = 'DECANT_TRANSACTION_ENDED';
}

/** A hook failed in the transaction of a migration, which it is a part of; `failure.file` is the hook's. */
export class MigrationHookError extends MigrationFailedError {
  override readonly code = 'DECANT_MIGRATION_HOOK';

  constructor(
    failure: Failure,
    message: string,
    hint: string,
    readonly hook: string,
    readonly event: 'beforeEach' | 'afterEach',
    cause?: unknown,
  ) {
    super(failure, message, hint, cause);
  }
}

/** A hook cannot be used, or failed outside of any migration. */
export class HookError extends DecantError {
  readonly code = 'DECANT_HOOK';

  constructor(
    message: string,
    hint: string,
    readonly hook: string,
    /** Absent where it cannot be used at all. */
    readonly event?: 'beforeRun' | 'afterRun' | 'onError',
    options?: ErrorOptions,
  ) {
    super(message, hint, options);
  }
}

/** A row whose parent is not there. */
export interface Violation {
  readonly table: string;
  /** Which row of it, as a person would look for it: `rowid 5`, or the values of its primary key. */
  readonly row: string;
  /** The columns of the foreign key, and their values as SQL literals. */
  readonly columns: readonly string[];
  readonly values: string;
  readonly parent: string;
}

/** A foreign key that SQLite cannot check, because what it refers to is no key; in SQLite's words. */
export interface Mismatch {
  readonly table: string;
  readonly message: string;
}

/** A migration would have left foreign keys violated that were not before. It was rolled back. */
export class ForeignKeyError extends MigrationFailedError {
  override readonly code = 'DECANT_FOREIGN_KEY';

  constructor(
    failure: Failure,
    message: string,
    hint: string,
    readonly violations: readonly Violation[],
    readonly mismatches: readonly Mismatch[],
  ) {
    super(failure, message, hint);
  }
}

/** What is gone that the migration did not ask to remove. */
export interface Loss {
  readonly kind: 'rows' | 'constraints' | 'table' | 'index' | 'trigger' | 'view';
  /** The table that lost rows or all its constraints, or what is gone altogether. */
  readonly name: string;
  /** The table of an index or trigger. */
  readonly table?: string;
  /** For rows: how many there were and are. */
  readonly before?: number;
  readonly after?: number;
}

/** A migration would have lost what it did not ask to remove. It was rolled back. */
export class UndeclaredLossError extends MigrationFailedError {
  override readonly code = 'DECANT_UNDECLARED_LOSS';

  constructor(
    failure: Failure,
    message: string,
    hint: string,
    readonly losses: readonly Loss[],
  ) {
    super(failure, message, hint);
  }
}
