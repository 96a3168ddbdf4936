import type { BatchEntry } from '../domain/batches.js';
import type { HistoryEntry, HistoryOptions } from '../domain/journal.js';
import type { Direction, MigrationRecord } from '../domain/migration.js';
import { BatchError } from '../errors.js';

/** What is known of one attempt to run a migration, or of the restore of a backup. */
export interface JournalEntry {
  readonly runId: string;
  /** The migration's name, or the backup's. */
  readonly name: string;
  /** Absent for a restore. */
  readonly direction?: Direction | undefined;
  readonly outcome: HistoryEntry['outcome'];
  /** ISO 8601, UTC, with milliseconds. */
  readonly startedAt: string;
  readonly durationMs: number;
  /**
   * The file's name without its folder, and the checksum of its text; absent when it came from a list. Of a restore:
   * the backup that holds what it replaced, journal included.
   */
  readonly file?: string | undefined;
  readonly checksum?: string | undefined;
  /** What it failed with. */
  readonly error?: string | undefined;
  /** Rows that it changed, those of triggers and foreign keys included; absent where nobody has counted them. */
  readonly rows?: number | undefined;
}

/** The file that a migration was applied from. */
export interface AppliedFile {
  readonly file: string;
  readonly checksum: string;
}

/** The tracking tables. All that Decant knows of a database's past is behind this. */
export abstract class MigrationRepository {
  /** All recorded migrations, oldest first. Creates nothing. @throws NewerDatabaseError, DatabaseError */
  abstract records(): readonly MigrationRecord[];

  /**
   * The names that are recorded now. Called under the write lock before each step, to see what others have done
   * meanwhile: the same set again means that nobody else has.
   */
  abstract recordedNames(): ReadonlySet<string>;

  /** The file of each recorded migration that came from one, by name. Creates nothing. */
  abstract appliedFiles(): ReadonlyMap<string, AppliedFile>;

  /** The lines of the journal, newest first. Creates nothing. @throws NewerDatabaseError, DatabaseError */
  abstract history(options?: HistoryOptions): readonly HistoryEntry[];

  /** Creates the tracking tables, and columns of theirs, where they are missing. */
  abstract ensureTables(): void;

  /**
   * Adds or removes the record, as `outcome` says, and writes the journal. Called inside the migration's own
   * transaction, so that change and record are one; a failure, which leaves the records alone, is written after it.
   */
  abstract record(entry: JournalEntry): void;

  /**
   * What is known of migrations that are half done: those that commit each batch. Creates nothing. A repository that
   * leaves out this and the next two runs no such migration.
   */
  batches(): readonly BatchEntry[] {
    return [];
  }

  /** Adds what is known of a walk, or puts it in place of what was. Called inside the batch's own transaction. */
  keepBatch({ definition }: BatchEntry): void {
    throw new BatchError(
      definition.table,
      "this application's MigrationRepository does not keep how far it is.",
      "Have it implement batches(), keepBatch() and forgetBatches(), or leave out transaction: 'batches'.",
    );
  }

  /** Removes what is known of a migration's walks, once it is done. Called inside the transaction of its record. */
  forgetBatches(_migration: string): void {
    return;
  }
}
