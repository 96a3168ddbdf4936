import { resolve } from 'node:path';
import { MigrationHooks, type HooksClass } from './domain/hooks.js';
import type { Migration } from './domain/migration.js';
import { InjectionError, UsageError } from './errors.js';
import { injectionError, lastLineOf } from './injection-error.js';
import { container as root, injectable, type DependencyContainer, type InjectionToken } from './injection.js';
import type { NamedHooks } from './services/hook-calls.js';
import { checkHooks, givenHooks, importHooks } from './services/hook-files.js';
import { MigrationFactory, type NamedClass } from './services/migration-factory.js';

/** Builds migrations by a child container for each run, so that what is scoped to a container lives for a run. */
export class ContainerMigrationFactory extends MigrationFactory {
  readonly #container: DependencyContainer;

  constructor(container: DependencyContainer = root) {
    super();
    this.#container = container;
  }

  override create(classes: readonly NamedClass[]): readonly Migration[] {
    const scope = this.#container.createChildContainer();
    return classes.map((each) => build(scope, each));
  }
}

/**
 * Builds the hooks of one run, in a child container of their own: those that are given, then those that are registered.
 * @param given classes, instances, or paths of files
 * @throws HookError, InjectionError
 */
export async function buildHooks(
  container: DependencyContainer,
  given: readonly (HooksClass | MigrationHooks | string)[] = [],
): Promise<readonly NamedHooks[]> {
  if (!Array.isArray(given))
    throw new UsageError('hooks must be a list.', "Example: hooks: ['./hooks/audit.ts']");
  const scope = container.createChildContainer();
  const named: NamedHooks[] = [];
  for (const [index, each] of given.entries()) {
    const name = `number ${index + 1}`;
    const { definition, ...rest } = await (typeof each === 'string'
      ? importHooks(resolve(each))
      : givenHooks(each, name));
    const hooks =
      typeof definition === 'function' ? build(scope, { ...rest, class: definition }) : definition;
    named.push({ ...rest, hooks });
  }
  for (const [index, hooks] of registeredHooks(scope).entries())
    named.push({ ...givenHooks(hooks, `number ${index + 1} of those registered`), hooks });
  return named.map(checkHooks);
}

const HOOKS = MigrationHooks as InjectionToken<MigrationHooks>;

function registeredHooks(scope: DependencyContainer): readonly MigrationHooks[] {
  if (!scope.isRegistered(HOOKS, true)) return [];
  try {
    return scope.resolveAll(HOOKS);
  } catch (cause) {
    throw new InjectionError(
      `Cannot build what is registered as MigrationHooks: ${lastLineOf(cause)}`,
      'Decorate its class with @injectable(), and register what its constructor needs.',
      { cause },
    );
  }
}

function build<T>(scope: DependencyContainer, { name, class: target }: NamedClass<T>): T {
  // tsyringe's type for a class has any[] for its parameters; ours has never[], which fits every class.
  const token = target as InjectionToken<T> & (new (...args: unknown[]) => T);
  injectable()(token);
  try {
    return scope.resolve(token);
  } catch (cause) {
    throw injectionError(scope, { name, class: target }, cause);
  }
}
