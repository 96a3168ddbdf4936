import type { Command } from './plan.js';

/** What was about to happen when a backup was made. */
export interface Preceded {
  readonly runId: string;
  /** `'backup'`: nothing, it was asked for by itself. */
  readonly command: Command | 'backup' | 'restore';
  /** The migrations that were about to run; for a restore, the backup that was. */
  readonly names: readonly string[];
}

/** A finished backup. */
export interface Backup {
  /** Its file's stem: when it was made, and in which run. */
  readonly name: string;
  /** Absolute path. */
  readonly file: string;
  /** Bytes. */
  readonly size: number;
  /** ISO 8601, UTC, with milliseconds. */
  readonly madeAt: string;
  readonly runId: string;
  /** Null when the file that tells it is gone. */
  readonly preceded: Pick<Preceded, 'command' | 'names'> | null;
}

/** What a restore has done. */
export interface Restored {
  readonly runId: string;
  /** What the database holds now. */
  readonly backup: Backup;
  /** What it held before; null when there was nothing. */
  readonly replaced: Backup | null;
}

/** Told how many bytes of how many have been copied. */
export type OnCopied = (copied: number, total: number) => void;

/** The name of a backup: sortable by time, and without a colon, which Windows does not take. */
export function backupName(madeAt: string, runId: string): string {
  return `${madeAt.replaceAll(/[:.]/g, '-')}-${runId}`;
}

/** What a name says; undefined when it is not exactly of Decant's form. */
export function parseBackupName(
  name: string,
): { readonly madeAt: string; readonly runId: string } | undefined {
  const [, day, hour, minute, second, ms, runId = ''] = NAME.exec(name) ?? [];
  if (day === undefined) return undefined;
  return { madeAt: `${day}T${hour}:${minute}:${second}.${ms}Z`, runId };
}

const NAME = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)-(\d{3})Z-([\da-f]{12})$/;
