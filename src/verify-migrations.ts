import { existsSync } from 'node:fs';
import type { Config } from './config.js';
import { factoryFor } from './container.js';
import { STRICT } from './domain/policy.js';
import type { VerifyMode, VerifyReport } from './domain/verification.js';
import { openDatabase, openForReading } from './services/database.js';
import { sourceOf, type GivenSource } from './services/given-source.js';
import type { MigrationFactory } from './services/migration-factory.js';
import { MigrationService } from './services/migration-service.js';
import type { MigrationSource } from './services/migration-source.js';
import { SqliteMigrationRepository } from './services/sqlite-migration-repository.js';
import { CopyTransactionManager } from './services/copy-transaction-manager.js';
import { explainingDiskFaults } from './verify/disk-fault.js';
import { SelectedSource } from './verify/selected-source.js';
import { verify, type Engine } from './verify/verify.js';
import { Workbench } from './verify/workbench.js';
import { databaseOf, modeOf, type VerifyOptions } from './verify-options.js';

/** See `verifyMigrations()` of decant/testing. @param configFile that says what `register` is, if one does */
export async function verifyMigrations(options: VerifyOptions, configFile?: string): Promise<VerifyReport> {
  const mode = modeOf(options);
  const source = new SelectedSource(sourceOf(options));
  const warnings = warningsOf(mode, options); // before it is looked at
  const bench = await benchFor(mode, options);
  try {
    const { seed = false, configureConnection, onProgress, register } = options;
    const factory = factoryFor(register, configFile);
    const open = engineOver(bench.file, source, factory, options);
    return await explainingDiskFaults(() =>
      verify({
        mode,
        seed,
        warnings,
        bench,
        source,
        configureConnection,
        onProgress,
        open,
      }),
    );
  } finally {
    bench.remove();
  }
}

/** The same, of what the settings name. */
export async function verifyConfigured(
  config: Config,
  options: Pick<VerifyOptions, 'mode' | 'seed' | 'onProgress' | 'onCopied'>,
): Promise<VerifyReport> {
  const { directory } = config;
  const given = directory === undefined ? await builtIn() : { directory };
  const { outOfOrder, missing, changed, lockTimeout, configureConnection, register, file } = config;
  const settings = { outOfOrder, missing, changed, lockTimeout, configureConnection, register };
  return verifyMigrations({ ...settings, ...given, ...options, database: config.database }, file);
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
    const transactions = new CopyTransactionManager(db);
    const policy = { outOfOrder, missing, changed };
    return {
      service: new MigrationService(source, repository, transactions, factory, policy),
      repository,
      close: () => void db.close(),
    };
  };
}

// A path that is mistyped would else look like a database that is fine.
function warningsOf(mode: VerifyMode, { database }: VerifyOptions): readonly string[] {
  if (mode === 'empty' || database === undefined || database === ':memory:' || existsSync(database))
    return [];
  return [`There is no database at ${database}: an empty one was taken instead.`];
}

async function benchFor(mode: VerifyMode, options: VerifyOptions): Promise<Workbench> {
  if (mode === 'empty') return Workbench.empty();
  const { lockTimeout, configureConnection, onCopied } = options;
  const source = openForReading(databaseOf(mode, options), lockTimeout, configureConnection);
  try {
    return await Workbench.copyOf(source, onCopied);
  } finally {
    source.close();
  }
}
