import type { Migration } from '../domain/migration.js';

/** Builds migrations from their classes. */
export abstract class MigrationFactory {
  /**
   * Builds the migrations of one run, which share what is scoped to it.
   * @throws InjectionError
   */
  abstract create(classes: readonly NamedClass[]): readonly Migration[];
}

export interface NamedClass<T = Migration> {
  readonly name: string;
  readonly class: new (...args: never[]) => T;
}
