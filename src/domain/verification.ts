/**
 * Which migrations are put to the proof: `'pending'`: those of a copy of the database; `'applied'`: those that it has,
 * newest first; `'empty'`: all, from nothing.
 */
export type VerifyMode = 'pending' | 'applied' | 'empty';

/**
 * `'exact'`: what is rolled back is as it was. `'lossy'`: the schema is, the content is not. `'irreversible'`: it says
 * so, or has no `down()`. `'broken'`: the schema is not as it was, or a step fails.
 */
export type Verdict = 'exact' | 'lossy' | 'irreversible' | 'broken';

/**
 * One way in which content differs: rows that are gone, rows that are new, values of a column that are others, rowids
 * of a table that keeps no INTEGER PRIMARY KEY, the next number of AUTOINCREMENT, or a full-text index that no longer
 * finds what its table holds.
 */
export interface ContentDifference {
  readonly kind: 'missing' | 'added' | 'changed' | 'rowids' | 'sequence' | 'search';
  readonly table: string;
  /** Of `'changed'`. */
  readonly column?: string;
  /** How many; not of `'sequence'` and `'search'`. */
  readonly rows?: number;
}

/** `'second'`: what was done before is done once more. */
export type VerifyStep = 'up' | 'down' | 'second up' | 'second down';

/** What is wrong with a broken one. */
export interface VerifyProblem {
  /** The step that failed, or after which the schema was another than it had to be. */
  readonly step: VerifyStep;
  /** From the schema that there had to be to the one that there was, as a unified diff; null where the step failed. */
  readonly diff: string | null;
  /** Why the step failed; null where it did not. */
  readonly error: { readonly code: string; readonly message: string; readonly hint: string } | null;
}

export interface VerifiedMigration {
  readonly name: string;
  readonly verdict: Verdict;
  /** What differs once it has been rolled back (of an applied one: and applied again). */
  readonly losses: readonly ContentDifference[];
  /** What differs when it is run a second time, from what the first time gave: times and random values, say. */
  readonly unrepeated: readonly ContentDifference[];
  readonly problems: readonly VerifyProblem[];
  /** Why it is irreversible. */
  readonly reason: string | null;
  /** Milliseconds. */
  readonly durationMs: number;
}

/** What was filled with rows, and what could not be. */
export interface SeededTable {
  readonly table: string;
  readonly rows: number;
  /** Why it is empty all the same. */
  readonly reason: string | null;
}

export interface VerifyReport {
  readonly mode: VerifyMode;
  /** In the order in which they were tried. */
  readonly migrations: readonly VerifiedMigration[];
  /** Those that were not reached. */
  readonly notTried: readonly string[];
  readonly seeded: readonly SeededTable[];
  /** What a run would warn of, and that there is no database where one was named. */
  readonly warnings: readonly string[];
}

/** Told before each step; sent synchronously. */
export interface VerifyProgress {
  readonly name: string;
  readonly step: VerifyStep;
  /** From 0. */
  readonly index: number;
  readonly total: number;
}

/** How many have this verdict. */
export function countOf(report: VerifyReport, verdict: Verdict): number {
  return report.migrations.filter((each) => each.verdict === verdict).length;
}
