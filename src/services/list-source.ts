import { optionsOf } from '../domain/declared.js';
import { isDefinition, type DiscoveredMigration, type MigrationDefinition } from '../domain/migration.js';
import { DuplicateMigrationError, InvalidMigrationError } from '../errors.js';
import { MigrationSource } from './migration-source.js';

/** Migrations that an application hands over: decorated classes, their instances, or plain objects. */
export class ListSource extends MigrationSource {
  readonly #list: readonly MigrationDefinition[];
  #byName: ReadonlyMap<string, MigrationDefinition> = new Map();

  /** The list is read anew by each `discover()`, so that a later push counts. */
  constructor(list: readonly MigrationDefinition[]) {
    super();
    this.#list = list;
  }

  override discover(): readonly DiscoveredMigration[] {
    this.#byName = byName(this.#list);
    return Array.from(this.#byName.keys(), (name) => ({ name }));
  }

  override load({ name }: DiscoveredMigration): MigrationDefinition {
    // What was discovered by this source is in the map.
    return this.#byName.get(name) as MigrationDefinition;
  }

  override checksum(): undefined {
    return undefined;
  }
}

function byName(list: readonly MigrationDefinition[]): ReadonlyMap<string, MigrationDefinition> {
  const found = new Map<string, MigrationDefinition>();
  for (const [index, definition] of list.entries()) {
    const name = nameOf(definition, index);
    if (found.has(name)) {
      throw new DuplicateMigrationError(
        `Two migrations of the list are named ${name}.`,
        'Give each a name of its own: the name is how Decant knows that it was applied.',
      );
    }
    found.set(name, definition);
  }
  return found;
}

function nameOf(definition: MigrationDefinition, index: number): string {
  if (!isDefinition(definition)) {
    throw new InvalidMigrationError(
      `${entryText(index)} has no up().`,
      'Use a class that extends Migration, or { name, up, down }.',
    );
  }
  const name = typeof definition === 'function' ? optionsOf(definition).name : definition.name;
  if (typeof name !== 'string' || name === '') {
    throw new InvalidMigrationError(
      `${entryText(index)} has no name.`,
      "Without a file there is none to take it from: say @migration({ name: '003_add_users' }).",
    );
  }
  return name;
}

function entryText(index: number): string {
  return `Entry ${index} of the list of migrations`;
}
