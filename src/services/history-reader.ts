import { extname } from 'node:path';
import { halfDoneOf } from '../domain/batches.js';
import { historyOf, type History } from '../domain/history.js';
import { lateOf } from '../domain/needed.js';
import type { DiscoveredMigration } from '../domain/migration.js';
import type { Command } from '../domain/plan.js';
import type { MigrationRepository } from './migration-repository.js';
import { Loader } from './loader.js';
import type { MigrationSource } from './migration-source.js';

/** For whom a history is read. */
type Reader = Command | 'status';

/**
 * Looks at the source and at the records, and at which files differ from those that were applied. Writes nothing. Where
 * `up` finds nothing pending, nothing is built on what was edited: then no file is read.
 */
export function readHistory(
  source: MigrationSource,
  repository: MigrationRepository,
  reader: Reader = 'status',
): History {
  const discovered = source.discover();
  const records = repository.records();
  const history = historyOf(discovered, records, [], halfDoneOf(repository.batches()));
  const isIdle = reader === 'up' && history.pending.length === 0;
  return isIdle ? history : { ...history, changed: changedOf(history.discovered, source, repository) };
}

/**
 * The same for a status. Those that seem to be out of order are loaded, and no others: what they depend on may put
 * them in their place. One that cannot be loaded stays out of order.
 */
export async function readHistoryForStatus(
  source: MigrationSource,
  repository: MigrationRepository,
): Promise<History> {
  const history = readHistory(source, repository, 'status');
  const loader = new Loader(source, history.discovered);
  const dependencies = new Map<string, readonly string[]>();
  for (const name of lateOf(history)) {
    try {
      await loader.load([name]);
      for (const [each, declared] of await loader.dependencies([name])) dependencies.set(each, declared);
    } catch {
      continue; // up says what is wrong with it
    }
  }
  return { ...history, dependencies };
}

/** The same with what every migration depends on, for which all are loaded. @throws DependencyError */
export async function readWholeHistory(
  source: MigrationSource,
  repository: MigrationRepository,
): Promise<History> {
  const history = readHistory(source, repository, 'status');
  const names = history.discovered.map(({ name }) => name);
  const loader = new Loader(source, history.discovered);
  await loader.load(names);
  return { ...history, dependencies: await loader.dependencies(names) };
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
