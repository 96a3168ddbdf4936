import type { DiscoveredMigration, MigrationDefinition } from '../domain/migration.js';

/** Where migrations come from. Discovery gives names only; nothing is imported before it is planned. */
export abstract class MigrationSource {
  /** Every migration, in no particular order. @throws SourceError, DuplicateMigrationError, InvalidMigrationError */
  abstract discover(): readonly DiscoveredMigration[];

  /** Told which will be loaded next, one by one: what can be done for all of them at once takes less time. */
  expect?(migrations: readonly DiscoveredMigration[]): void;

  /**
   * The class or object behind one name.
   * @param checksum what `checksum()` has just said of it
   * @throws InvalidMigrationError
   */
  abstract load(
    migration: DiscoveredMigration,
    checksum: string | undefined,
  ): MigrationDefinition | Promise<MigrationDefinition>;

  /** A fingerprint of the source text as it is now, or undefined where there is no text. */
  abstract checksum(migration: DiscoveredMigration): string | undefined;
}
