import type { Config } from './config.js';
import type { Database, Migration, MigrationDefinition } from './domain/migration.js';
import { STRICT, type HistoryPolicy } from './domain/policy.js';
import { InjectionError, UsageError } from './errors.js';
import {
  container as root,
  injectable,
  instanceCachingFactory,
  type DependencyContainer,
  type InjectionToken,
} from './injection.js';
import { openDatabase, openForReading } from './services/database.js';
import { DirectorySource } from './services/directory-source.js';
import { ListSource } from './services/list-source.js';
import { MigrationFactory, type NamedClass } from './services/migration-factory.js';
import { MigrationRepository } from './services/migration-repository.js';
import { MigrationService } from './services/migration-service.js';
import { MigrationSource } from './services/migration-source.js';
import { SqliteMigrationRepository } from './services/sqlite-migration-repository.js';
import { SqliteTransactionManager } from './services/sqlite-transaction-manager.js';
import { TransactionManager } from './services/transaction-manager.js';

// An abstract class is a token as good as any; only tsyringe's type does not say so.
const SOURCE = MigrationSource as InjectionToken<MigrationSource>;
const REPOSITORY = MigrationRepository as InjectionToken<MigrationRepository>;
const TRANSACTIONS = TransactionManager as InjectionToken<TransactionManager>;
const FACTORY = MigrationFactory as InjectionToken<MigrationFactory>;

/** What an application tells Decant. Of the first two one at most, of the next two exactly one. */
export interface DecantOptions extends Partial<HistoryPolicy> {
  /** An open better-sqlite3 connection; it stays yours to close. */
  readonly database?: Database;
  /** The file of a database that Decant opens when it is first needed. */
  readonly path?: string;
  /** Classes, instances or plain objects. */
  readonly migrations?: readonly MigrationDefinition[];
  /** Absolute path of a folder of migration files. */
  readonly directory?: string;
  /** With `path`: milliseconds to wait for another process's lock (default 10,000). */
  readonly lockTimeout?: number;
}

/** What `registerDecant` hands back. */
export interface DecantRegistration {
  /** Closes the database, if Decant opened it. */
  close(): void;
}

/**
 * Registers the engine in an application's own container, after which `container.resolve(MigrationService)` works
 * and migrations are built with the application's services. To replace a part (a `MigrationRepository` of your own,
 * say), register it after this: the last registration counts.
 * @throws UsageError when the options contradict each other
 *
 * @example
 * const decant = registerDecant(container, { path: 'app.db', directory: resolve('migrations') });
 * await container.resolve(MigrationService).up();
 * decant.close();
 */
export function registerDecant(container: DependencyContainer, options: DecantOptions): DecantRegistration {
  const source = sourceOf(options);
  const connection = connectionOf(options);
  const policy = policyOf(options);
  const once = <T>(token: InjectionToken<T>, make: () => T): void => {
    container.register(token, { useFactory: instanceCachingFactory(make) });
  };
  once(SOURCE, () => source);
  once(REPOSITORY, () => new SqliteMigrationRepository(connection.get()));
  once(TRANSACTIONS, () => new SqliteTransactionManager(connection.get()));
  once(FACTORY, () => new ContainerMigrationFactory(container));
  // By a factory, not by decorators: so the services know nothing of a container, and each part may be replaced.
  container.register(MigrationService, {
    useFactory: (scope) =>
      new MigrationService(
        scope.resolve(SOURCE),
        scope.resolve(REPOSITORY),
        scope.resolve(TRANSACTIONS),
        scope.resolve(FACTORY),
        policy,
      ),
  });
  return { close: () => connection.close() };
}

/** The service that one CLI command works with, in a container of its own. */
export async function openService(
  config: Config,
  access: 'read' | 'write',
): Promise<{ readonly service: MigrationService; close(): void }> {
  const { outOfOrder, missing, changed, lockTimeout } = config;
  // Opened here: an error within the container would reach the user wrapped in tsyringe's words.
  const open = access === 'read' ? openForReading : openDatabase;
  const database = open(config.database, lockTimeout);
  const container = root.createChildContainer();
  registerDecant(container, {
    database,
    ...(config.directory === undefined
      ? { migrations: (await import('./migrations/index.js')).builtInMigrations }
      : { directory: config.directory }),
    outOfOrder,
    missing,
    changed,
  });
  config.register?.(container);
  return {
    service: container.resolve(MigrationService),
    close: () => void database.close(),
  };
}

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

function build(scope: DependencyContainer, { name, class: target }: NamedClass): Migration {
  // tsyringe's type for a class has any[] for its parameters; ours has never[], which fits every class.
  const token = target as InjectionToken<Migration> & (new (...args: unknown[]) => Migration);
  injectable()(token);
  try {
    return scope.resolve(token);
  } catch (cause) {
    throw injectionError(scope, { name, class: target }, cause);
  }
}

// tsyringe says "TypeInfo not known"; find the parameter that it could not fill, and say what to do about it.
function injectionError(
  scope: DependencyContainer,
  { name, class: target }: NamedClass,
  cause: unknown,
): InjectionError {
  const slots = slotsOf(target);
  if (slots.length === 0 && target.length > 0) {
    return new InjectionError(
      `Cannot build ${name}: nothing is known of its constructor's parameters (${parametersOf(target).join(', ')}).`,
      'Decorate the class with @migration(); in plain JavaScript, which has no types to go by, let it have none.',
      { cause },
    );
  }
  const index = slots.findIndex((slot) => !resolves(scope, slot));
  const slot = slots[index];
  if (slot === undefined) {
    const why = cause instanceof Error ? cause.message : String(cause);
    return new InjectionError(
      `Cannot build ${name}: its constructor failed: ${why}`,
      'Mend the constructor.',
      { cause },
    );
  }
  return new InjectionError(
    `Cannot build ${name}: the container cannot fill parameter ${index + 1}, "${parametersOf(target)[index] ?? '?'}".`,
    cureFor(slot.token),
    { cause },
  );
}

/** What one parameter is to be filled with. */
interface Slot {
  readonly token: unknown;
  readonly multiple?: boolean;
  readonly isOptional?: boolean;
}

// TypeScript leaves the types; @inject, @injectAll and their kin leave a token, or a descriptor around one.
function slotsOf(target: NamedClass['class']): readonly Slot[] {
  const types = (Reflect.getMetadata('design:paramtypes', target) ?? []) as readonly unknown[];
  const tokens = (Reflect.getMetadata('injectionTokens', target) ?? {}) as Readonly<Record<number, unknown>>;
  const count = Math.max(types.length, ...Object.keys(tokens).map((index) => Number(index) + 1));
  return Array.from({ length: count }, (_, index) => {
    const wanted = tokens[index] ?? types[index];
    return typeof wanted === 'object' && wanted !== null && 'token' in wanted ? wanted : { token: wanted };
  });
}

// What TypeScript writes down of types that are no class.
const TELLS_NOTHING = new Set<unknown>([undefined, Object, String, Number, Boolean, Array, Function]);

function cureFor(token: unknown): string {
  if (TELLS_NOTHING.has(token)) {
    return 'Its type is an interface, a plain value, or comes by `import type`: import a class as a value, or use @inject(TOKEN).';
  }
  if (typeof token === 'function') {
    return `Decorate ${token.name} with @injectable(), or register it: container.register(${token.name}, …).`;
  }
  const text = typeof token === 'symbol' || typeof token === 'string' ? String(token) : 'TOKEN';
  return `Register it before the run: container.register(${text}, …); for the CLI, in register() of decant.config.`;
}

function resolves(scope: DependencyContainer, { token, multiple, isOptional }: Slot): boolean {
  if (isOptional === true) return true;
  try {
    if (multiple === true) scope.resolveAll(token as InjectionToken);
    else scope.resolve(token as InjectionToken);
    return true;
  } catch {
    return false;
  }
}

// A class without a constructor of its own has its parent's.
function parametersOf(target: unknown): readonly string[] {
  const list = /constructor\s*\(([^)]*)\)/.exec(String(target))?.[1];
  if (list !== undefined) return list.split(',').map((parameter) => parameter.trim());
  return typeof target === 'function' ? parametersOf(Object.getPrototypeOf(target)) : [];
}

function sourceOf({ migrations, directory }: DecantOptions): MigrationSource {
  if (migrations !== undefined && directory === undefined) return new ListSource(migrations);
  if (directory !== undefined && migrations === undefined) return new DirectorySource(directory);
  throw new UsageError('Decant needs either `migrations` or `directory`.', 'Give exactly one of them.');
}

// Opened when it is first used: with a repository and a transaction manager of your own, it never is.
function connectionOf({ database, path, lockTimeout }: DecantOptions): { get(): Database; close(): void } {
  if (database !== undefined && path !== undefined) {
    throw new UsageError('Decant was given both `database` and `path`.', 'Give one of them.');
  }
  let opened: Database | undefined;
  return {
    get() {
      if (database !== undefined) return database;
      if (path === undefined) throw new UsageError('Decant has no database.', 'Give `database` or `path`.');
      return (opened ??= openDatabase(path, lockTimeout));
    },
    close() {
      opened?.close();
      opened = undefined;
    },
  };
}

function policyOf({ outOfOrder, missing, changed }: DecantOptions): HistoryPolicy {
  return {
    outOfOrder: outOfOrder ?? STRICT.outOfOrder,
    missing: missing ?? STRICT.missing,
    changed: changed ?? STRICT.changed,
  };
}
