import { ContainerMigrationFactory } from './build.js';
import { defaultDatabasePath } from './config.js';
import { halfDoneOf, refuseOtherWay, refuseUnfinished } from './domain/batches.js';
import { historyOf, type History } from './domain/history.js';
import type { Database, Migration, MigrationRecord } from './domain/migration.js';
import { planDown, planReset, planUp, type Plan } from './domain/plan.js';
import type { HistoryPolicy } from './domain/policy.js';
import { namesOf, type RunReport } from './domain/report.js';
import { statusOf, type MigrationStatus } from './domain/status.js';
import { UsageError } from './errors.js';
import { builtInMigrations } from './migrations/index.js';
import { openForReading, openOwnDatabase } from './services/database.js';
import { ListSource } from './services/list-source.js';
import { makeReady, type LoadedMigrations } from './services/loaded-migration.js';
import { dependenciesOf } from './services/loader.js';
import { MigrationService } from './services/migration-service.js';
import { refuseUnmet } from './services/prerequisites.js';
import { SqliteArchives } from './services/sqlite-archives.js';
import { SqliteMigrationRepository } from './services/sqlite-migration-repository.js';
import { SqliteTransactionManager } from './services/sqlite-transaction-manager.js';

/** What the functions below work on: at first Decant's own migrations. Push to it, or replace its content. */
export const migrations: Migration[] = [...builtInMigrations];

const LENIENT: HistoryPolicy = { outOfOrder: 'allow', missing: 'allow', changed: 'allow' };

/**
 * Applies what is pending, in order, and returns the names of what it applied.
 * @throws MigrationFailedError for the first that fails; those before it stay applied
 */
export function runPendingMigrations(db: Database): string[] {
  return namesOf(
    run(db, (history) => planUp(history, {}, LENIENT)),
    'applied',
  );
}

/**
 * Rolls back one migration, and says whether it did: false when it is unknown or not applied.
 * @throws LaterMigrationsError while later ones are applied; IrreversibleMigrationError; MigrationFailedError
 */
export function rollbackMigration(db: Database, name: string): boolean {
  const { discovered, records } = historyFor(db);
  const known = [discovered, records].every((names) => names.some((each) => each.name === name));
  return (
    known &&
    namesOf(
      run(db, (history) => planDown(history, { name })),
      'rolled-back',
    ).length > 0
  );
}

/** Rolls back all that is applied and returns the names, newest first. @throws as rollbackMigration */
export function rollbackAllMigrations(db: Database): string[] {
  return namesOf(run(db, planReset), 'rolled-back');
}

/** Every migration of the list, in order, and whether it is applied. Writes nothing. */
export function getMigrationStatus(db: Database): MigrationStatus[] {
  const history = historyFor(db);
  const known = new Set(history.discovered.map(({ name }) => name));
  return [...statusOf(history).migrations].filter(({ name }) => known.has(name));
}

/** The migrations of the list that are not applied, in order. Writes nothing. */
export function getPendingMigrations(db: Database): Migration[] {
  const byName = new Map(migrations.map((migration) => [migration.name, migration]));
  return historyFor(db).pending.flatMap(({ name }) => byName.get(name) ?? []);
}

/** The rows of `_migrations`, oldest first; none when there is no such table. Writes nothing. */
export function getAppliedMigrations(db: Database): MigrationRecord[] {
  return [...new SqliteMigrationRepository(db).records()];
}

/** Creates `_migrations` and `_migrations_journal` where they are missing. */
export function ensureMigrationsTable(db: Database): void {
  new SqliteMigrationRepository(db).ensureTables();
}

let current: Database | undefined;

/** Where the default database is: `DATABASE_PATH`, or `~/.decant/data/decant.db`. */
export function getDatabasePath(): string {
  return defaultDatabasePath();
}

/** The process's connection to the default database, opened (and its folder created) when first asked for. */
export function getDatabase(): Database {
  if (current?.open !== true) current = openOwnDatabase(getDatabasePath());
  return current;
}

/** Closes the connection that `getDatabase` opened, if any. */
export function closeDatabase(): void {
  current?.close();
  current = undefined;
}

/** Brings the default database to the newest schema. Safe to repeat. Returns the names of what it applied. */
export function initializeDatabase(): string[] {
  return runPendingMigrations(getDatabase());
}

/** The status of the default database, which is not created by asking. */
export function getDatabaseMigrationStatus(): MigrationStatus[] {
  if (current?.open === true) return getMigrationStatus(current);
  const db = openForReading(getDatabasePath());
  try {
    return getMigrationStatus(db);
  } finally {
    db.close();
  }
}

function historyFor(db: Database, source = new ListSource(migrations)): History {
  const halfDone = halfDoneOf(new SqliteMigrationRepository(db).batches());
  return historyOf(source.discover(), getAppliedMigrations(db), [], halfDone);
}

function run(db: Database, planFor: (history: History) => Plan): RunReport {
  const source = new ListSource(migrations);
  const factory = new ContainerMigrationFactory();
  const history = historyFor(db, source);
  const loadings = history.discovered.map((each) => ({ discovered: each, definition: source.load(each) }));
  const plan = planFor({ ...history, dependencies: dependenciesOf(loadings) });
  refuseOtherWay(history, plan.command);
  refuseUnfinished(history, plan.steps);
  const loaded = makeReady(plan, loadings, factory, new SqliteArchives(db));
  refusePrepare(loaded);
  const repository = new SqliteMigrationRepository(db);
  const transactions = new SqliteTransactionManager(db);
  refuseUnmet(plan, loaded, transactions);
  return new MigrationService(source, repository, transactions, factory, LENIENT).execute(plan, loaded);
}

function refusePrepare(loaded: LoadedMigrations): void {
  for (const { name, migration } of loaded.values()) {
    if (migration.prepare === undefined) continue;
    throw new UsageError(
      `${name} has a prepare(), which the synchronous functions cannot await.`,
      'Run it by MigrationService.',
    );
  }
}
