import { existsSync, realpathSync } from 'node:fs';
import { FileBackups } from './backup/file-backups.js';
import { backupSettingsOf } from './backup/settings.js';
import { buildHooks, ContainerMigrationFactory } from './build.js';
import type { Config } from './config.js';
import type { HooksClass, MigrationHooks } from './domain/hooks.js';
import type { Database, MigrationDefinition } from './domain/migration.js';
import { POLICIES, STRICT, type HistoryPolicy } from './domain/policy.js';
import { SqliteDryRuns } from './dry-run/sqlite-dry-runs.js';
import { ConfigError, UsageError } from './errors.js';
import { lastLineOf } from './injection-error.js';
import {
  container as root,
  instanceCachingFactory,
  type DependencyContainer,
  type InjectionToken,
} from './injection.js';
import { Archives } from './services/archives.js';
import { Backups, type BackupPolicy } from './services/backups.js';
import { adopt, type ConfigureConnection } from './services/configure-connection.js';
import { DryRuns } from './services/dry-runs.js';
import { fileOf, openDatabase, openForDryRun, openForReading } from './services/database.js';
import { sourceOf } from './services/given-source.js';
import { MigrationFactory } from './services/migration-factory.js';
import { MigrationRepository } from './services/migration-repository.js';
import { MigrationService } from './services/migration-service.js';
import { MigrationSource } from './services/migration-source.js';
import { SqliteArchives } from './services/sqlite-archives.js';
import { SqliteMigrationRepository } from './services/sqlite-migration-repository.js';
import { SqliteTransactionManager } from './services/sqlite-transaction-manager.js';
import { isPromise, TransactionManager } from './services/transaction-manager.js';

// An abstract class is a token as good as any; only tsyringe's type does not say so.
const SOURCE = MigrationSource as InjectionToken<MigrationSource>;
const REPOSITORY = MigrationRepository as InjectionToken<MigrationRepository>;
const TRANSACTIONS = TransactionManager as InjectionToken<TransactionManager>;
const FACTORY = MigrationFactory as InjectionToken<MigrationFactory>;
const ARCHIVES = Archives as InjectionToken<Archives>;
const BACKUPS = Backups as InjectionToken<Backups>;
const DRY_RUNS = DryRuns as InjectionToken<DryRuns>;

/** What an application tells Decant. Of the first two one at most, of the next two exactly one. */
export interface DecantOptions extends Partial<HistoryPolicy> {
  /** An open better-sqlite3 connection; it stays yours to close. */
  readonly database?: Database;
  /** The file of a database. Decant opens it when it is first needed, and creates it if it is not there. */
  readonly path?: string;
  /** Classes, instances or plain objects. */
  readonly migrations?: readonly MigrationDefinition[];
  /** A folder of migration files. */
  readonly directory?: string;
  /** Milliseconds to wait for another process's lock (default 10,000); a `database` has a timeout of its own. */
  readonly lockTimeout?: number;
  /** When a run backs up the database first (default `'always'`). */
  readonly backup?: BackupPolicy;
  /** How many backups are kept (default 5). */
  readonly keep?: number;
  /** The folder for backups (default: `<database>.backups`). Several databases may share one. */
  readonly backupDirectory?: string | undefined;
  /** Gives every connection that Decant opens the functions, collations and extensions that the schema needs. */
  readonly configureConnection?: ConfigureConnection | undefined;
  /**
   * What is called around runs and migrations, in this order: classes, instances, or paths of files. Those that are
   * registered as `MigrationHooks` come after them.
   */
  readonly hooks?: readonly (HooksClass | MigrationHooks | string)[] | undefined;
}

/** What `registerDecant` hands back. */
export interface DecantRegistration {
  /** The backups of the database: to list, make and restore. */
  readonly backups: Backups;
  /** Closes the database, if Decant opened it. */
  close(): void;
}

/**
 * Registers the engine in an application's own container, after which `container.resolve(MigrationService)` works
 * and migrations are built with the application's services. To replace a part (a `MigrationRepository` of your own,
 * say), register it after this: the last registration counts.
 * @throws UsageError when the options contradict each other
 *
 * @example
 * const decant = registerDecant(container, { path: 'app.db', directory: resolve('migrations') });
 * await container.resolve(MigrationService).up();
 * decant.close();
 */
export function registerDecant(container: DependencyContainer, options: DecantOptions): DecantRegistration {
  const source = sourceOf(options);
  const connection = connectionOf(options);
  const policy = policyOf(options);
  const once = <T>(token: InjectionToken<T>, make: () => T): void => {
    container.register(token, { useFactory: instanceCachingFactory(make) });
  };
  once(SOURCE, () => source);
  once(REPOSITORY, () => new SqliteMigrationRepository(connection.get()));
  once(TRANSACTIONS, () => new SqliteTransactionManager(connection.get()));
  once(FACTORY, () => new ContainerMigrationFactory(container));
  once(ARCHIVES, () => new SqliteArchives(connection.get()));
  const settings = backupSettingsOf(options);
  const target = { file: () => fileOf(connection.get()), connection: () => connection.get() };
  once(BACKUPS, () => new FileBackups(target, settings));
  once(DRY_RUNS, () => new SqliteDryRuns(target.connection, options));
  // By a factory, not by decorators: so the services know nothing of a container, and each part may be replaced.
  container.register(MigrationService, {
    useFactory: (scope) =>
      new MigrationService(
        scope.resolve(SOURCE),
        scope.resolve(REPOSITORY),
        scope.resolve(TRANSACTIONS),
        scope.resolve(FACTORY),
        policy,
        hasDatabase(options) ? scope.resolve(BACKUPS) : undefined,
        () => buildHooks(container, options.hooks),
        hasDatabase(options) ? scope.resolve(ARCHIVES) : undefined,
        hasDatabase(options) ? scope.resolve(DRY_RUNS) : undefined,
      ),
  });
  return {
    get backups() {
      return container.resolve(BACKUPS);
    },
    close: () => connection.close(),
  };
}

/** How the database of a command is opened. */
export type Access = 'read' | 'dry run' | 'write';

const OPEN: Record<Access, typeof openDatabase> = {
  read: openForReading,
  'dry run': openForDryRun,
  write: openDatabase,
};

/** The service that one CLI command works with, in a container of its own. */
export async function openService(
  config: Config,
  access: Access,
): Promise<{ readonly service: MigrationService; close(): void }> {
  const { lockTimeout, configureConnection } = config;
  // Opened here: an error within the container would reach the user wrapped in tsyringe's words.
  const database = OPEN[access](config.database, lockTimeout, configureConnection);
  const container = root.createChildContainer();
  registerDecant(container, { ...(await optionsOf(config)), database });
  callRegister(config, container);
  return {
    service: container.resolve(MigrationService),
    close: () => void database.close(),
  };
}

/** Builds migrations in a container of their own, with what `register` puts into it. @param file that it is of, if any */
export function factoryFor(register: Config['register'], file?: string): MigrationFactory {
  const container = root.createChildContainer();
  callRegister({ register, file }, container);
  return new ContainerMigrationFactory(container);
}

/** The backups of the database that the settings name, without opening it. */
export function openBackups(config: Config): Backups {
  const { database } = config;
  const file = existsSync(database) ? realpathSync(database) : database;
  return new FileBackups({ file: () => (database === ':memory:' ? '' : file) }, backupSettingsOf(config));
}

async function optionsOf(config: Config): Promise<DecantOptions> {
  const { directory, outOfOrder, missing, changed, lockTimeout } = config;
  const { backup, keep, backupDirectory, configureConnection, hooks } = config;
  return {
    outOfOrder,
    missing,
    changed,
    lockTimeout,
    backup,
    keep,
    backupDirectory,
    configureConnection,
    hooks,
    ...(directory === undefined
      ? { migrations: (await import('./migrations/index.js')).builtInMigrations }
      : { directory }),
  };
}

function callRegister(
  { register, file }: Pick<Config, 'register' | 'file'>,
  container: DependencyContainer,
): void {
  const what = file === undefined ? 'register()' : `register() of ${file}`;
  let result: unknown;
  try {
    result = register?.(container);
  } catch (cause) {
    throw new ConfigError(`${what} failed: ${lastLineOf(cause)}`, 'Mend it.', {
      cause,
    });
  }
  if (!isPromise(result)) return;
  throw new ConfigError(`${what} returned a promise: it must be synchronous.`, 'Take `async` off it.');
}

// Opened when it is first used: with a repository and a transaction manager of your own, it never is.
function connectionOf(options: DecantOptions): { get(): Database; close(): void } {
  const { database, path, lockTimeout, configureConnection } = options;
  if (database !== undefined && path !== undefined) {
    throw new UsageError('Decant was given both `database` and `path`.', 'Give one of them.');
  }
  let opened: Database | undefined;
  return {
    get() {
      if (database !== undefined) return adopt(database, configureConnection);
      if (!path) throw new UsageError('Decant has no database.', 'Give `database` or `path`.');
      return (opened ??= openDatabase(path, lockTimeout, configureConnection));
    },
    close() {
      opened?.close();
      opened = undefined;
    },
  };
}

function policyOf({ outOfOrder, missing, changed }: DecantOptions): HistoryPolicy {
  for (const [key, value] of Object.entries({ outOfOrder, missing, changed })) {
    if (value === undefined || POLICIES.includes(value)) continue;
    throw new UsageError(`${key} must be one of ${POLICIES.join(', ')}, not ${value}.`, 'Mend the option.');
  }
  return {
    outOfOrder: outOfOrder ?? STRICT.outOfOrder,
    missing: missing ?? STRICT.missing,
    changed: changed ?? STRICT.changed,
  };
}

// With parts of one's own that need none, there is none to back up.
function hasDatabase({ database, path }: DecantOptions): boolean {
  return database !== undefined || path !== undefined;
}
