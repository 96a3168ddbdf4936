import { nameIt, optionsOf } from '../domain/declared.js';
import type { MigrationOptions } from '../domain/decorator.js';
import {
  Migration,
  type DiscoveredMigration,
  type MigrationDefinition,
  type MigrationObject,
} from '../domain/migration.js';
import type { Plan } from '../domain/plan.js';
import { IrreversibleMigrationError } from '../errors.js';
import type { Archives } from './archives.js';
import type { MigrationFactory } from './migration-factory.js';
import { STRICT_RULES, type BodyRules } from './transaction-manager.js';

/** A migration that is ready to run, and what the engine must know of it. */
export interface LoadedMigration extends DiscoveredMigration {
  readonly migration: MigrationObject;
  readonly options: MigrationOptions;
  readonly checksum: string | undefined;
}

/** The migrations of a plan, by name. */
export type LoadedMigrations = ReadonlyMap<string, LoadedMigration>;

export interface Loading {
  readonly discovered: DiscoveredMigration;
  readonly definition: MigrationDefinition;
  readonly checksum?: string | undefined;
}

/**
 * Makes a plan's migrations ready to run: builds what is a class, in one go, and gives it its name.
 * @param all in order; the plan's are among them
 * @param archives what has been pruned of them cannot be put back; without it, there are none
 * @throws InjectionError; IrreversibleMigrationError when the plan rolls back what cannot be
 */
export function makeReady(
  plan: Plan,
  all: readonly Loading[],
  factory: MigrationFactory,
  archives?: Archives,
): LoadedMigrations {
  const planned = new Set(plan.steps.map(({ name }) => name));
  const loadings = all.filter(({ discovered }) => planned.has(discovered.name));
  const classes = loadings.flatMap(({ discovered, definition }) =>
    typeof definition === 'function' ? [{ name: discovered.name, class: definition }] : [],
  );
  const built = new Map(factory.create(classes).map((instance, index) => [classes[index]?.name, instance]));
  const loaded = new Map(
    loadings.map(({ discovered, definition, checksum }) => {
      const instance = built.get(discovered.name);
      if (instance !== undefined) nameIt(instance, discovered.name);
      const migration = instance ?? (definition as MigrationObject);
      return [discovered.name, { ...discovered, migration, options: optionsOf(migration), checksum }];
    }),
  );
  refuseIrreversible(plan, loaded, archives);
  return loaded;
}

/**
 * The rules by which a migration's body is run and judged: what it declares, and else the strictest. To look at all
 * foreign keys after each batch would take longer than the batches.
 */
export function rulesOf({ options }: LoadedMigration): BodyRules {
  return {
    foreignKeys: options.foreignKeys ?? STRICT_RULES.foreignKeys,
    foreignKeyCheck:
      options.foreignKeyCheck ??
      (options.transaction === 'batches' ? 'changed' : STRICT_RULES.foreignKeyCheck),
    expectLoss: options.expectLoss ?? STRICT_RULES.expectLoss,
  };
}

function refuseIrreversible({ steps }: Plan, loaded: LoadedMigrations, archives?: Archives): void {
  const down = steps.filter(({ direction }) => direction === 'down');
  const pruned = down.length === 0 ? undefined : archives?.pruned();
  for (const { name } of down) {
    const migration = loaded.get(name);
    if (migration === undefined) continue;
    const reason = irreversibleReason(migration, pruned?.get(name));
    if (reason !== undefined) throw new IrreversibleMigrationError(name, reason);
  }
}

function irreversibleReason(
  { migration, options }: LoadedMigration,
  prunedAt: string | undefined,
): string | undefined {
  if (options.irreversible !== undefined) return options.irreversible;
  if (prunedAt !== undefined) return `what it had parked was pruned at ${prunedAt}`;
  const hasDown = migration.down !== undefined && migration.down !== Migration.prototype.down;
  return hasDown ? undefined : 'it has no down()';
}
