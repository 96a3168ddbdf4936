import { inOrder } from './domain/name.js';
import type { VerifyMode, VerifyReport } from './domain/verification.js';
import { UsageError } from './errors.js';
import { openForReading } from './services/database.js';
import { sourceOf } from './services/given-source.js';
import { readHistory } from './services/history-reader.js';
import { SqliteMigrationRepository } from './services/sqlite-migration-repository.js';
import { databaseOf, modeOf, type VerifyOptions } from './verify-options.js';

/** What a test runner calls `describe` and `it`. */
export interface TestGlobals {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>, timeout?: number) => unknown;
}

export interface DescribeOptions extends VerifyOptions, Partial<TestGlobals> {
  /** Migrations whose `down` may lose content: their names, or `true` for all. Without it, each such one fails. */
  readonly allowLossy?: readonly string[] | true | undefined;
  /** Milliseconds that all of them together may take (default 60,000). */
  readonly timeout?: number | undefined;
}

/**
 * Makes a test for each migration, for Jest, Vitest, or what has a `describe` and an `it` like theirs. It fails where
 * `verifyMigrations()` calls the migration broken, or lossy, unless that is allowed. All are verified once, when the first
 * test runs.
 * @param options with `describe` and `it` where they are not global
 * @throws UsageError, SourceError
 */
export function describeMigrations(options: DescribeOptions): void {
  const { describe, it } = globalsOf(options);
  const mode = modeOf(options);
  const names = namesOf(mode, options);
  let report: Promise<VerifyReport> | undefined;
  const verified = (): Promise<VerifyReport> => (report ??= verifyAll(options));
  describe(TITLES[mode], () => {
    if (names.length === 0) it('are none', async () => undefined, options.timeout);
    for (const name of names) {
      it(name, async () => refuseBad(name, await verified(), options), options.timeout ?? TIMEOUT);
    }
  });
}

const TIMEOUT = 60_000;

const TITLES: Readonly<Record<VerifyMode, string>> = {
  empty: 'migrations, from nothing: up, down and up again',
  pending: 'pending migrations: up, down and up again',
  applied: 'applied migrations: down, up and down again',
};

async function verifyAll(options: DescribeOptions): Promise<VerifyReport> {
  const { verifyMigrations } = await import('./verify-migrations.js');
  return verifyMigrations(options);
}

function globalsOf({ describe, it }: DescribeOptions): TestGlobals {
  const globals = globalThis as Partial<TestGlobals>;
  const found = { describe: describe ?? globals.describe, it: it ?? globals.it };
  if (found.describe !== undefined && found.it !== undefined) return found as TestGlobals;
  throw new UsageError(
    'describeMigrations() has found no describe and it.',
    'Call it in a test file, and hand them over where they are not global: describeMigrations({ directory, describe, it })',
  );
}

// A test runner wants to know the names of its tests at once.
function namesOf(mode: VerifyMode, options: DescribeOptions): readonly string[] {
  const source = sourceOf(options);
  if (mode === 'empty') return inOrder(source.discover()).map(({ name }) => name);
  const { lockTimeout, configureConnection } = options;
  const db = openForReading(databaseOf(mode, options), lockTimeout, configureConnection);
  try {
    const history = readHistory(source, new SqliteMigrationRepository(db));
    return (mode === 'pending' ? history.pending : history.records.toReversed()).map(({ name }) => name);
  } finally {
    db.close();
  }
}

async function refuseBad(
  name: string,
  report: VerifyReport,
  { allowLossy = [] }: DescribeOptions,
): Promise<void> {
  const { remarksOn } = await import('./output-verify.js');
  const migration = report.migrations.find((each) => each.name === name);
  if (migration === undefined)
    throw new Error(`${name} was not reached: ${report.migrations.at(-1)?.name} ended it.`);
  const isAllowed = allowLossy === true || allowLossy.includes(name);
  if (migration.verdict !== 'broken' && (migration.verdict !== 'lossy' || isAllowed)) return;
  const remarks = remarksOn(migration, 'what is wrong').map((line) => `  ${line}`.trimEnd());
  throw new Error([`${name} is ${migration.verdict}.`, ...remarks].join('\n'));
}
