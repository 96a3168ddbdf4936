import { UsageError } from '../errors.js';

/** What one `ReversibleMigration` has parked, for its way back. */
export interface MigrationArchive {
  /** The migration. */
  readonly name: string;
  /** When it was applied: ISO 8601, UTC, with milliseconds. */
  readonly madeAt: string;
  /** How many tables hold what was parked. */
  readonly tables: number;
  /** What they take of the file; null where this SQLite cannot tell. */
  readonly bytes: number | null;
}

/** Several of them together. */
export interface ArchiveTotal {
  readonly tables: number;
  readonly bytes: number | null;
}

/** What `prune()` is to drop. */
export interface PruneOptions {
  /** How long ago at least it was parked, as in `30d`: hours (h), days (d) or weeks (w). */
  readonly olderThan: string;
  /** The moment from which that is reckoned: the one of what was shown before. Now, where it is left out. */
  readonly now?: Date | undefined;
}

/** What `migrate:prune` did. */
export interface PruneReport extends ArchiveTotal {
  /** What was applied before this moment was pruned: ISO 8601, UTC, with milliseconds. */
  readonly before: string;
  /** The migrations that can no longer be rolled back, in the order in which they were applied. */
  readonly migrations: readonly string[];
}

export function totalOf(archives: readonly MigrationArchive[]): ArchiveTotal {
  const bytes = archives.map((each) => each.bytes);
  return {
    tables: archives.reduce((sum, { tables }) => sum + tables, 0),
    bytes: bytes.includes(null) ? null : bytes.reduce<number>((sum, each) => sum + Number(each), 0),
  };
}

/** Those that are older than an age, as in `30d`. @throws UsageError */
export function olderThan(
  archives: readonly MigrationArchive[],
  age: string,
  now: Date,
): { readonly before: string; readonly archives: readonly MigrationArchive[] } {
  const before = new Date(now.getTime() - millisecondsOf(age)).toISOString();
  return { before, archives: archives.filter(({ madeAt }) => madeAt < before) };
}

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 604_800_000 };

function millisecondsOf(age: string): number {
  const [, count = '', unit = ''] = /^(\d{1,5})([hdw])$/.exec(age) ?? [];
  const each = UNITS[unit];
  if (each !== undefined) return Number(count) * each;
  throw new UsageError(`"${age}" is no age.`, 'Give a whole number of hours, days or weeks: 12h, 30d, 8w.');
}
