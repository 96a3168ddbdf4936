import { optionsOf } from '../domain/decorator.js';
import { isDefinition, type DiscoveredMigration, type MigrationDefinition } from '../domain/migration.js';
import { DuplicateMigrationError, InvalidMigrationError } from '../errors.js';
import { MigrationSource } from './migration-source.js';

/** Migrations that an application hands over: decorated classes, their instances, or plain objects. */
export class ListSource extends MigrationSource {
  readonly #list: readonly MigrationDefinition[];

  /** The list is read anew by each `discover()`, so that a later push counts. */
  constructor(list: readonly MigrationDefinition[]) {
    super();
    this.#list = list;
  }

  override discover(): readonly DiscoveredMigration[] {
    return [...this.#byName().keys()].map((name) => ({ name }));
  }

  override load({ name }: DiscoveredMigration): MigrationDefinition {
    const definition = this.#byName().get(name);
    if (definition === undefined)
      throw new InvalidMigrationError(`${name} left the list during the run.`, RETRY);
    return definition;
  }

  override checksum(): undefined {
    return undefined;
  }

  #byName(): Map<string, MigrationDefinition> {
    const byName = new Map<string, MigrationDefinition>();
    for (const [index, definition] of this.#list.entries()) {
      const name = nameOf(definition, index);
      if (byName.has(name)) {
        throw new DuplicateMigrationError(
          `Two migrations of the list are named ${name}.`,
          'Give each a name of its own: the name is how Decant knows that it was applied.',
        );
      }
      byName.set(name, definition);
    }
    return byName;
  }
}

const RETRY = 'Change the list between runs only.';

function nameOf(definition: MigrationDefinition, index: number): string {
  const place = `Entry ${index} of the list of migrations`;
  if (!isDefinition(definition)) {
    throw new InvalidMigrationError(
      `${place} has no up().`,
      'Use a class that extends Migration, or { name, up, down }.',
    );
  }
  const name = typeof definition === 'function' ? optionsOf(definition).name : definition.name;
  if (typeof name !== 'string' || name === '') {
    throw new InvalidMigrationError(
      `${place} has no name.`,
      "Without a file there is none to take it from: say @migration({ name: '003_add_users' }).",
    );
  }
  return name;
}
