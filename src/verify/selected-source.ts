import type { DiscoveredMigration, MigrationDefinition } from '../domain/migration.js';
import { MigrationSource } from '../services/migration-source.js';

/** The migrations of another source that are chosen; to the engine there are no others. It is read once. */
export class SelectedSource extends MigrationSource {
  readonly #source: MigrationSource;
  readonly #checksums = new Map<string, string | undefined>();
  #discovered: readonly DiscoveredMigration[] | undefined;
  #selected: ReadonlySet<string> | undefined;

  constructor(source: MigrationSource) {
    super();
    this.#source = source;
  }

  select(names: readonly string[]): void {
    this.#selected = new Set(names);
  }

  override discover(): readonly DiscoveredMigration[] {
    this.#discovered ??= this.#source.discover();
    return this.#discovered.filter(({ name }) => this.#selected?.has(name) ?? true);
  }

  override expect(migrations: readonly DiscoveredMigration[]): void {
    this.#source.expect?.(migrations);
  }

  override load(
    migration: DiscoveredMigration,
    checksum: string | undefined,
  ): MigrationDefinition | Promise<MigrationDefinition> {
    return this.#source.load(migration, checksum);
  }

  override checksum(migration: DiscoveredMigration): string | undefined {
    const known = this.#checksums.get(migration.name);
    if (known !== undefined) return known;
    const checksum = this.#source.checksum(migration);
    this.#checksums.set(migration.name, checksum);
    return checksum;
  }
}
