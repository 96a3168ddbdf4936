import type { Config } from './config.js';
import { statusOf, type StatusReport } from './domain/status.js';
import { openForReading } from './services/database.js';
import { DirectorySource } from './services/directory-source.js';
import { readHistoryForStatus } from './services/history-reader.js';
import type { MigrationSource } from './services/migration-source.js';
import { SqliteArchives } from './services/sqlite-archives.js';
import { SqliteMigrationRepository } from './services/sqlite-migration-repository.js';

/**
 * The status of the database that the settings name. What `MigrationService.status()` says, without the container,
 * which has nothing to build here and takes a tenth of the command's time to load.
 */
export async function readStatus(config: Config): Promise<StatusReport> {
  const source = await sourceOf(config);
  const db = openForReading(config.database, config.lockTimeout, config.configureConnection);
  try {
    const history = await readHistoryForStatus(source, new SqliteMigrationRepository(db));
    return statusOf(history, new SqliteArchives(db).list());
  } finally {
    db.close();
  }
}

async function sourceOf({ directory }: Config): Promise<MigrationSource> {
  if (directory !== undefined) {
    return new DirectorySource(directory);
  }
  const { ListSource } = await import('./services/list-source.js');
  const { builtInMigrations } = await import('./migrations/index.js');
  return new ListSource(builtInMigrations);
}
