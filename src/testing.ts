import type { BatchEntry } from './domain/batches.js';
import type { HistoryEntry, HistoryOptions } from './domain/journal.js';
import type { Database, MigrationRecord } from './domain/migration.js';
import type { VerifyReport } from './domain/verification.js';
import { MigrationRepository, type AppliedFile, type JournalEntry } from './services/migration-repository.js';
import { BodyError, refusePromise, TransactionManager } from './services/transaction-manager.js';
import type { VerifyOptions } from './verify-options.js';

export { describeMigrations, type DescribeOptions, type TestGlobals } from './describe-migrations.js';
export type { VerifyOptions } from './verify-options.js';

/**
 * Takes each migration up, down and up again, on a copy, and compares schema and content. Hooks are not called, and
 * no backup is made.
 * @throws what a run refuses with before it begins, as OutOfOrderError; what is wrong with a migration is in the report
 *
 * @example
 * const { migrations } = await verifyMigrations({ directory: 'migrations' });
 * migrations.some(({ verdict }) => verdict === 'broken'); // false
 */
export async function verifyMigrations(options: VerifyOptions): Promise<VerifyReport> {
  return (await import('./verify-migrations.js')).verifyMigrations(options);
}

/** The tracking tables as plain arrays, for tests that drive `MigrationService` with no database. */
export class InMemoryMigrationRepository extends MigrationRepository {
  #records: MigrationRecord[];
  #lastId: number;
  readonly #journal: JournalEntry[] = [];
  #batches: BatchEntry[] = [];

  /** @param applied names to begin with, oldest first */
  constructor(applied: readonly string[] = []) {
    super();
    this.#records = applied.map((name, index) => ({
      id: index + 1,
      name,
      applied_at: '2024-01-15 10:30:22',
    }));
    this.#lastId = applied.length;
  }

  /** All that was recorded, failures included, oldest first. */
  get journal(): readonly JournalEntry[] {
    return this.#journal;
  }

  override records(): readonly MigrationRecord[] {
    return [...this.#records];
  }

  override recordedNames(): ReadonlySet<string> {
    return new Set(this.#records.map(({ name }) => name));
  }

  override appliedFiles(): ReadonlyMap<string, AppliedFile> {
    const recorded = this.recordedNames();
    return new Map(
      this.#journal.flatMap(({ name, outcome, file, checksum }) =>
        outcome === 'applied' && file !== undefined && checksum !== undefined && recorded.has(name)
          ? [[name, { file, checksum }]]
          : [],
      ),
    );
  }

  override history({ limit, name }: HistoryOptions = {}): readonly HistoryEntry[] {
    const entries = this.#journal.filter((entry) => name === undefined || entry.name === name);
    return entries.map(lineOf).toReversed().slice(0, limit);
  }

  override ensureTables(): void {
    return;
  }

  override record(entry: JournalEntry): void {
    this.#journal.push(entry);
    if (entry.outcome === 'applied') {
      this.#lastId += 1;
      this.#records.push({ id: this.#lastId, name: entry.name, applied_at: sqliteTime(entry.startedAt) });
    }
    if (entry.outcome === 'rolled-back')
      this.#records = this.#records.filter(({ name }) => name !== entry.name);
  }

  override batches(): readonly BatchEntry[] {
    return [...this.#batches];
  }

  override keepBatch(entry: BatchEntry): void {
    const others = this.#batches.filter(
      ({ migration, number }) => migration !== entry.migration || number !== entry.number,
    );
    this.#batches = [...others, entry];
  }

  override forgetBatches(migration: string): void {
    this.#batches = this.#batches.filter((entry) => entry.migration !== migration);
  }
}

/** Runs everything at once and keeps nothing back: for migrations whose `db` is a stub. */
export class InMemoryTransactionManager extends TransactionManager {
  readonly #db: Database;

  /** @param db what migrations are given; without it, an object on which every call throws */
  constructor(db: Database = {} as Database) {
    super();
    this.#db = db;
  }

  override run<T>(work: () => T): T {
    return work();
  }

  override runBody(body: (db: Database) => unknown): readonly string[] {
    try {
      refusePromise(body(this.#db));
      return [];
    } catch (cause) {
      throw cause instanceof BodyError ? cause : new BodyError('threw', undefined, cause);
    }
  }
}

function lineOf(entry: JournalEntry): HistoryEntry {
  const { direction = null, rows = null, file = null, checksum = null, error = null, ...said } = entry;
  return { ...said, direction, rows, who: null, file, checksum, error, versions: null };
}

function sqliteTime(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ');
}
