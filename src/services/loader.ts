import type { Dependencies } from '../domain/dependencies.js';
import { optionsOf } from '../domain/declared.js';
import type { DiscoveredMigration, MigrationClass } from '../domain/migration.js';
import { DependencyError } from '../errors.js';
import type { Loading } from './loaded-migration.js';
import type { MigrationSource } from './migration-source.js';
import { wasLoadedFrom } from './origins.js';

/** Loads the migrations of one command: each once, and none that nobody has asked for. */
export class Loader {
  readonly #source: MigrationSource;
  readonly #discovered: readonly DiscoveredMigration[];
  readonly #loadings = new Map<string, Loading>();

  /** @param discovered in order */
  constructor(source: MigrationSource, discovered: readonly DiscoveredMigration[]) {
    this.#source = source;
    this.#discovered = discovered;
  }

  /** What has been loaded, in order. */
  get loadings(): readonly Loading[] {
    return this.#discovered.flatMap(({ name }) => this.#loadings.get(name) ?? []);
  }

  /** Loads those that are not loaded yet. @throws InvalidMigrationError */
  async load(names: readonly string[]): Promise<void> {
    const wanted = new Set(names.filter((name) => !this.#loadings.has(name)));
    const next = this.#discovered.filter(({ name }) => wanted.has(name));
    this.#source.expect?.(next);
    for (const discovered of next) {
      // Before it is loaded: should it be edited meanwhile, the next status says so.
      const checksum = this.#source.checksum(discovered);
      const definition = await this.#source.load(discovered, checksum);
      this.#loadings.set(discovered.name, { discovered, definition, checksum });
    }
  }

  /** Loads what `needed` asks for, until it asks for nothing new, and returns what these declare to depend on. */
  async dependenciesAsNeeded(
    needed: (dependencies: Dependencies) => readonly string[],
  ): Promise<Dependencies> {
    let dependencies: Dependencies = new Map();
    let names = needed(dependencies);
    for (let count = 0; names.length > count; names = needed(dependencies)) {
      count = names.length;
      await this.load(names);
      dependencies = await this.dependencies(names);
    }
    return dependencies;
  }

  /**
   * What those of these names that are loaded declare to depend on. For a class whose file is not loaded yet, the
   * others are, newest first, until it is found.
   * @throws DependencyError for a class that is no migration of the source; InvalidMigrationError
   */
  async dependencies(names: readonly string[]): Promise<Dependencies> {
    const declaring = names.flatMap((name) => this.#loadings.get(name) ?? []);
    const others = this.#discovered.map(({ name }) => name).filter((name) => !this.#loadings.has(name));
    const isFound = (): boolean => {
      const { loadings } = this;
      return declaring.every((each) => unknownClassIn(each, loadings) === undefined);
    };
    while (others.length > 0 && !isFound()) {
      // The one that is looked for can be loaded: the class was imported from it.
      await this.load(others.splice(-1)).catch(() => undefined);
    }
    return dependenciesOf(declaring, this.loadings);
  }
}

/**
 * What some migrations declare to depend on, by name.
 * @param loadings among which the classes are that they name
 * @throws DependencyError for a class that is not
 */
export function dependenciesOf(
  declaring: readonly Loading[],
  loadings: readonly Loading[] = declaring,
): Dependencies {
  const dependencies = new Map<string, readonly string[]>();
  for (const loading of declaring) {
    const { dependsOn } = optionsOf(loading.definition);
    if (dependsOn === undefined) continue;
    const unknown = unknownClassIn(loading, loadings);
    if (unknown !== undefined)
      throw new DependencyError('unknown', [loading.discovered.name, `class ${unknown.name}`]);
    const names = dependsOn.flatMap((each) =>
      typeof each === 'string' ? each : (nameOf(each, loadings) ?? []),
    );
    dependencies.set(loading.discovered.name, [...new Set(names)]);
  }
  return dependencies;
}

function unknownClassIn({ definition }: Loading, loadings: readonly Loading[]): MigrationClass | undefined {
  const classes = (optionsOf(definition).dependsOn ?? []).filter((each) => typeof each !== 'string');
  return classes.find((each) => nameOf(each, loadings) === undefined);
}

function nameOf(target: MigrationClass, loadings: readonly Loading[]): string | undefined {
  const { name } = optionsOf(target);
  if (name !== undefined) return name;
  const loading =
    loadings.find(({ definition }) => definition === target) ??
    loadings.find(({ discovered }) => wasLoadedFrom(target, discovered.file));
  return loading?.discovered.name;
}
