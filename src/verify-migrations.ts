import type { Config } from './config.js';
import { factoryFor } from './container.js';
import type { OnCopied } from './domain/backup.js';
import { STRICT, type HistoryPolicy } from './domain/policy.js';
import type { VerifyMode, VerifyProgress, VerifyReport } from './domain/verification.js';
import { UsageError } from './errors.js';
import type { DependencyContainer } from './injection.js';
import { openDatabase, openForReading, type ConfigureConnection } from './services/database.js';
import { sourceOf, type GivenSource } from './services/given-source.js';
import type { MigrationFactory } from './services/migration-factory.js';
import { MigrationService } from './services/migration-service.js';
import type { MigrationSource } from './services/migration-source.js';
import { SqliteMigrationRepository } from './services/sqlite-migration-repository.js';
import { SqliteTransactionManager } from './services/sqlite-transaction-manager.js';
import { SelectedSource } from './verify/selected-source.js';
import { verify, type Engine } from './verify/verify.js';
import { Workbench } from './verify/workbench.js';

export { verifyText } from './verify/report-text.js';

/** What is to be put to the proof, and how. Of `directory` and `migrations` exactly one. */
export interface VerifyOptions extends GivenSource, Partial<HistoryPolicy> {
  /** The file of a database, which is only read: everything happens on a copy. Not needed from nothing. */
  readonly database?: string | undefined;
  /** Which migrations (default: `'pending'` where there is a database, else `'empty'`). */
  readonly mode?: VerifyMode | undefined;
  /** Milliseconds to wait for another process's lock (default 10,000). */
  readonly lockTimeout?: number | undefined;
  /** Gives every connection the functions, collations and extensions that the schema needs. */
  readonly configureConnection?: ConfigureConnection | undefined;
  /** Registers what migrations inject by a token, or a class with arguments of its own. */
  readonly register?: ((container: DependencyContainer) => void) | undefined;
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
  readonly onCopied?: OnCopied | undefined;
}

/**
 * Takes each migration up, down and up again, on a copy, and compares schema and content. Hooks are not called, and
 * no backup is made.
 * @throws what a run refuses with before it begins, as OutOfOrderError; what is wrong with a migration is in the report
 *
 * @example
 * const report = await verifyMigrations({ directory: 'migrations' });
 * report.migrations.filter(({ verdict }) => verdict === 'broken'); // none
 */
export async function verifyMigrations(options: VerifyOptions): Promise<VerifyReport> {
  return proven(options);
}

/** @param configFile that says what `register` is, if one does */
async function proven(options: VerifyOptions, configFile?: string): Promise<VerifyReport> {
  const mode = options.mode ?? (options.database === undefined ? 'empty' : 'pending');
  const source = new SelectedSource(sourceOf(options));
  const bench = await benchFor(mode, options);
  try {
    const { configureConnection, onProgress, register } = options;
    const factory = factoryFor(register, configFile);
    return await verify({
      mode,
      bench,
      source,
      configureConnection,
      onProgress,
      open: engineOver(bench.file, source, factory, options),
    });
  } finally {
    bench.remove();
  }
}

/** The same, of what the settings name. */
export async function verifyConfigured(
  config: Config,
  options: Pick<VerifyOptions, 'mode' | 'onProgress' | 'onCopied'>,
): Promise<VerifyReport> {
  const { directory } = config;
  const given = directory === undefined ? await builtIn() : { directory };
  const { outOfOrder, missing, changed, lockTimeout, configureConnection, register, file } = config;
  const settings = { outOfOrder, missing, changed, lockTimeout, configureConnection, register };
  return proven({ ...settings, ...given, ...options, database: config.database }, file);
}

async function builtIn(): Promise<GivenSource> {
  return { migrations: (await import('./migrations/index.js')).builtInMigrations };
}

function engineOver(
  file: string,
  source: MigrationSource,
  factory: MigrationFactory,
  options: VerifyOptions,
): () => Engine {
  const { lockTimeout, configureConnection } = options;
  const { outOfOrder = STRICT.outOfOrder, missing = STRICT.missing, changed = STRICT.changed } = options;
  return () => {
    const db = openDatabase(file, lockTimeout, configureConnection);
    db.pragma('synchronous = OFF'); // nothing here has to outlive a loss of power
    const repository = new SqliteMigrationRepository(db);
    const transactions = new SqliteTransactionManager(db);
    const policy = { outOfOrder, missing, changed };
    return {
      service: new MigrationService(source, repository, transactions, factory, policy),
      repository,
      close: () => void db.close(),
    };
  };
}

async function benchFor(mode: VerifyMode, options: VerifyOptions): Promise<Workbench> {
  if (mode === 'empty') return Workbench.empty();
  const { database, lockTimeout, configureConnection, onCopied } = options;
  if (database === undefined) {
    throw new UsageError(
      `To verify ${mode} migrations, Decant needs a database.`,
      "Give the path of one, or verify all from nothing: { mode: 'empty' }.",
    );
  }
  const source = openForReading(database, lockTimeout, configureConnection);
  try {
    return await Workbench.copyOf(source, onCopied);
  } finally {
    source.close();
  }
}
