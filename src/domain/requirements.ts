import type { Unmet } from '../errors.js';
import { sizeText } from './size.js';

/** What a migration needs of the database and of the place that it is in, in either direction. */
export interface Requirements {
  /** The range that SQLite's version must be in, as npm writes ranges: `'>=3.53'`. */
  readonly sqlite?: string;
  /** `'on'`: the connection enforces foreign keys. `'clean'`: no row violates one. */
  readonly foreignKeys?: 'on' | 'clean';
  readonly journalMode?: (typeof JOURNAL_MODES)[number];
  /** What must be free on the disk of the database: bytes, or, as `'2x'`, so many times its size. */
  readonly freeSpace?: `${number}x` | number;
}

export const JOURNAL_MODES = ['delete', 'truncate', 'persist', 'memory', 'wal', 'off'] as const;

/** How things are. Each is looked up when it is needed, and may take its time. */
export interface Surroundings {
  /** SQLite's version. */
  sqlite(): string;
  /** Whether a version is in a range; undefined when that is no range. */
  isInRange(version: string, range: string): boolean | undefined;
  enforcesForeignKeys(): boolean;
  /** What is wrong with foreign keys, as phrases. */
  violations(): readonly string[];
  journalMode(): string;
  /** Bytes, of the database and of what is free on its disk; undefined in memory, where there is nothing to compare. */
  space(): { readonly size: number; readonly free: number } | undefined;
}

/** What of a migration's requirements is not met. */
export function unmetOf(migration: string, requires: Requirements, now: Surroundings): readonly Unmet[] {
  return (Object.keys(JUDGES) as (keyof Requirements)[]).flatMap((what) => {
    const message = requires[what] === undefined ? undefined : JUDGES[what](requires, now);
    return message === undefined ? [] : { migration, what, message };
  });
}

// Bytes.
function bytesWanted(freeSpace: `${number}x` | number, size: number): number {
  return typeof freeSpace === 'number' ? freeSpace : Math.ceil(Number(freeSpace.slice(0, -1)) * size);
}

type Judge = (requires: Requirements, now: Surroundings) => string | undefined;

const JUDGES: Record<keyof Requirements, Judge> = {
  sqlite: ({ sqlite: range = '*' }, now) => {
    const version = now.sqlite();
    const isIn = now.isInRange(version, range);
    if (isIn === undefined) return `'${range}' is no range of versions`;
    return isIn ? undefined : `SQLite must be ${range}, and is ${version}`;
  },
  foreignKeys: ({ foreignKeys }, now) => {
    if (foreignKeys === 'on')
      return now.enforcesForeignKeys() ? undefined : 'the connection must enforce foreign keys, and does not';
    const violations = now.violations();
    return violations.length === 0
      ? undefined
      : `no row may violate a foreign key, and there are ${violations.join('; ')}`;
  },
  journalMode: ({ journalMode }, now) => {
    const mode = now.journalMode();
    return mode === journalMode ? undefined : `the journal mode must be ${journalMode}, and is ${mode}`;
  },
  freeSpace: ({ freeSpace = 0 }, now) => {
    const space = now.space();
    const wanted = bytesWanted(freeSpace, space?.size ?? 0);
    if (space === undefined || space.free >= wanted) return undefined;
    const times = typeof freeSpace === 'number' ? '' : ` (${freeSpace} its size)`;
    return `${sizeText(wanted)}${times} must be free on the disk of the database, and ${sizeText(space.free)} are`;
  },
};
