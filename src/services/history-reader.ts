import { extname } from 'node:path';
import { historyOf, type History } from '../domain/history.js';
import type { DiscoveredMigration } from '../domain/migration.js';
import type { MigrationRepository } from './migration-repository.js';
import type { MigrationSource } from './migration-source.js';

/** Looks at the source and at the records, and at which files differ from those that were applied. Writes nothing. */
export function readHistory(source: MigrationSource, repository: MigrationRepository): History {
  const discovered = source.discover();
  return historyOf(discovered, repository.records(), changedOf(discovered, source, repository));
}

// Like is compared with like: a .ts file and the .js that was built from it are different texts.
function changedOf(
  discovered: readonly DiscoveredMigration[],
  source: MigrationSource,
  repository: MigrationRepository,
): readonly string[] {
  const applied = repository.appliedFiles();
  const isChanged = (migration: DiscoveredMigration): boolean => {
    const before = applied.get(migration.name);
    if (before === undefined || extname(before.file) !== extname(migration.file ?? '')) return false;
    return source.checksum(migration) !== before.checksum;
  };
  return discovered.filter(isChanged).map(({ name }) => name);
}
