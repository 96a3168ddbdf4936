import type { RowProgress } from './batches.js';
import { refuseBadDependencies } from './dependencies.js';
import type { History } from './history.js';
import { inOrder } from './name.js';

/** Every migration, in order, and what each depends on. */
export interface MigrationGraph {
  readonly migrations: readonly GraphedMigration[];
}

export interface GraphedMigration {
  readonly name: string;
  /** `'missing'`: recorded as applied, and not in the source. */
  readonly state: 'applied' | 'pending' | 'missing';
  /** What it depends on directly: as it declares, or else the last of each line of those before it. */
  readonly dependsOn: readonly string[];
  /** Whether it declares that. */
  readonly declared: boolean;
  /** How far it is, when some of its batches are committed, and not all: of `up`, or, where it is applied, of `down`. */
  readonly progress?: RowProgress;
}

/**
 * The graph of a history whose migrations are all loaded.
 * @throws DependencyError
 */
export function graphOf(history: History): MigrationGraph {
  refuseBadDependencies(history);
  const missing = new Set(history.missing.map(({ name }) => name));
  const recorded = new Set(history.records.map(({ name }) => name));
  const progress = new Map(history.halfDone?.map(({ name, done, total }) => [name, { done, total }]));
  const tips = new Set<string>(); // what nothing so far depends on
  const migrations = inOrder([...history.discovered, ...history.missing]).map(
    ({ name }): GraphedMigration => {
      const declared = history.dependencies?.get(name);
      const dependsOn = declared ?? [...tips];
      for (const each of dependsOn) tips.delete(each);
      tips.add(name);
      const state = missing.has(name) ? 'missing' : recorded.has(name) ? 'applied' : 'pending';
      const rows = progress.get(name);
      return nodeOf({ name, state, dependsOn, declared: declared !== undefined }, rows);
    },
  );
  return { migrations };
}

function nodeOf(node: GraphedMigration, progress: RowProgress | undefined): GraphedMigration {
  return progress === undefined ? node : { ...node, progress };
}
