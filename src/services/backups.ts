import type { PlanStep } from '../domain/plan.js';
import type { Backup, OnCopied, Preceded, Restored } from '../domain/backup.js';
import type { LoadedMigrations } from './loaded-migration.js';
import type { JournalEntry } from './migration-repository.js';

/** When a run makes a backup first. `'destructive'`: when one of its steps may lose something. */
export type BackupPolicy = (typeof BACKUP_POLICIES)[number];

export const BACKUP_POLICIES = ['always', 'destructive', 'never'] as const;

/** How many backups are kept, where nothing else is said. */
export const DEFAULT_KEEP = 5;

/** Copies of a database, made before it is migrated, and the way back to them. */
export abstract class Backups {
  abstract readonly policy: BackupPolicy;

  /**
   * Copies the database as it is at one instant, whoever writes to it meanwhile, and checks the copy.
   * @param what `'any'`: also a database without tables of the user's, since `undo` will need it
   * @returns undefined where there is nothing to lose: a database in memory, or one without tables of the user's
   * @throws BackupError, DiskSpaceError, DatabaseLockedError
   */
  abstract make(
    preceded: Preceded,
    onCopied?: OnCopied,
    what?: 'any' | 'with tables',
  ): Promise<Backup | undefined>;

  /** Where they are; empty for a database in memory. */
  abstract readonly folder: string;

  /** The backups of this database, newest first. */
  abstract list(): readonly Backup[];

  /** @param name of a backup, a path to one's file, or `'latest'` @throws UnknownBackupError */
  abstract find(name: string): Backup;

  /** Removes one that turned out not to be needed. */
  abstract discard(backup: Backup): void;

  /**
   * Removes the oldest beyond the number that is kept. One whose run has not ended is let be, and not counted.
   * @param made what a run has made and leaves, now that it has ended
   */
  abstract prune(...made: readonly Backup[]): void;

  /**
   * Replaces the content of the database by that of a backup, under SQLite's lock; what it replaces is backed up first.
   * @param name as for `find`
   * @throws UnknownBackupError, BackupError, DiskSpaceError, DatabaseLockedError
   */
  abstract restore(name: string, onCopied?: OnCopied): Promise<Restored>;

  /**
   * To be called after `make`, and right before what `undo` may have to undo, in the same turn of the event loop. What
   * the same connection has committed in between is not part of that.
   */
  abstract begin(backup: Backup): void;

  /**
   * Puts the database back to a backup that `make` made in this process, as if nothing had happened since.
   * @param failed what the journal shall say of it
   * @returns false, and does nothing, when anything else has been committed since
   */
  abstract undo(backup: Backup, failed: JournalEntry): Promise<boolean>;
}

/**
 * Whether a run of these steps is to be preceded by a backup. Bodies are code, so what may lose something is judged by
 * what is declared: every rollback, and a migration that says `expectLoss`, `irreversible` or `transaction: false`.
 */
export function wantsBackup(
  policy: BackupPolicy,
  steps: readonly PlanStep[],
  loaded: LoadedMigrations,
): boolean {
  if (policy !== 'destructive') return policy === 'always' && steps.length > 0;
  return steps.some(({ name, direction }) => {
    const { expectLoss, irreversible, transaction } = loaded.get(name)?.options ?? {};
    const declared =
      (expectLoss ?? []).length > 0 ||
      irreversible !== undefined ||
      transaction === false ||
      transaction === 'batches';
    return direction === 'down' || declared;
  });
}
