import type { Migration, MigrationClass } from '../domain/migration.js';

/** Builds migrations from their classes. */
export abstract class MigrationFactory {
  /**
   * Builds the migrations of one run, which share what is scoped to it.
   * @throws InjectionError
   */
  abstract create(classes: readonly NamedClass[]): readonly Migration[];
}

export interface NamedClass {
  readonly name: string;
  readonly class: MigrationClass;
}
