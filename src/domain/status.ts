import { totalOf, type ArchiveTotal, type MigrationArchive } from './archive.js';
import type { RowProgress } from './batches.js';
import { anomaliesOf, type Anomaly, type History } from './history.js';
import { inOrder } from './name.js';

/** Whether one migration is applied, and since when (UTC, `YYYY-MM-DD HH:MM:SS`). */
export interface MigrationStatus {
  readonly name: string;
  readonly applied: boolean;
  readonly appliedAt?: string;
  /** How far it is, when some of its batches are committed, and not all: of `up`, or, where it is applied, of `down`. */
  readonly progress?: RowProgress;
}

/** What `migrate:status` shows. Missing migrations are among `migrations`, as applied. */
export interface StatusReport {
  readonly migrations: readonly MigrationStatus[];
  readonly total: number;
  readonly applied: number;
  readonly pending: number;
  readonly anomalies: readonly Anomaly[];
  /** What reversible migrations have parked; absent where there is nothing. */
  readonly archives?: ArchiveTotal;
}

/** The status of every migration of the source and of every recorded one, in order. */
export function statusOf(history: History, archives: readonly MigrationArchive[] = []): StatusReport {
  const appliedAt = new Map(history.records.map((record) => [record.name, record.applied_at]));
  const progress = new Map(history.halfDone?.map(({ name, done, total }) => [name, { done, total }]));
  const names = [...history.discovered, ...history.missing].map(({ name }) => name);
  // The file of one that is half done may be gone, before it was ever recorded.
  const all = [...new Set([...names, ...progress.keys()])].map((name) => ({ name }));
  const migrations = inOrder(all).map(({ name }) =>
    statusEntry(name, appliedAt.get(name), progress.get(name)),
  );
  const applied = migrations.filter((entry) => entry.applied).length;
  return {
    migrations,
    total: migrations.length,
    applied,
    pending: migrations.length - applied,
    anomalies: anomaliesOf(history),
    ...(archives.length === 0 ? {} : { archives: totalOf(archives) }),
  };
}

function statusEntry(
  name: string,
  appliedAt: string | undefined,
  progress: RowProgress | undefined,
): MigrationStatus {
  const entry = appliedAt === undefined ? { name, applied: false } : { name, applied: true, appliedAt };
  return progress === undefined ? entry : { ...entry, progress };
}
