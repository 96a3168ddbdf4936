import { UsageError } from '../errors.js';
import type { Direction } from './migration.js';

/** One line of the journal: an attempt to run a migration, or the restore of a backup. */
export interface HistoryEntry {
  /** What all lines of one run, or restore, have in common. */
  readonly runId: string;
  /** The migration's name, or the backup's. */
  readonly name: string;
  /** Null for a restore. */
  readonly direction: Direction | null;
  readonly outcome: 'applied' | 'rolled-back' | 'failed' | 'restored';
  /** ISO 8601, UTC, with milliseconds. */
  readonly startedAt: string;
  readonly durationMs: number;
  /** Rows that it changed, those of triggers and foreign keys included; null where nobody has counted them. */
  readonly rows: number | null;
  /** `user@host`; null where that is not known. */
  readonly who: string | null;
  /** The migration's file, without its folder. Of a restore: the backup that holds what it replaced. */
  readonly file: string | null;
  readonly checksum: string | null;
  /** What it failed with. */
  readonly error: string | null;
  /** Null where they are not known. */
  readonly versions: {
    readonly decant: string | null;
    readonly sqlite: string | null;
    readonly node: string | null;
  } | null;
}

/** Which lines of the journal are asked for. */
export interface HistoryOptions {
  /** How many at most, the newest; all without it. */
  readonly limit?: number | undefined;
  /** Of this migration, or of restores of this backup, alone. */
  readonly name?: string | undefined;
}

/** @throws UsageError for a limit that is none */
export function refuseLimit({ limit }: HistoryOptions): void {
  if (limit === undefined || (Number.isSafeInteger(limit) && limit >= 1)) return;
  throw new UsageError(`limit must be a whole number from 1, not ${limit}.`, 'Example: --limit 50');
}
