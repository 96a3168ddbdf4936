import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../src/config.js';
import { openService, registerDecant } from '../src/container.js';
import { migration } from '../src/domain/decorator.js';
import {
  Migration,
  type Database as Connection,
  type DiscoveredMigration,
  type MigrationRecord,
} from '../src/domain/migration.js';
import type { HistoryEntry } from '../src/domain/journal.js';
import { DatabaseLockedError } from '../src/errors.js';
import { container as root, inject, injectable, type DependencyContainer } from '../src/injection.js';
import { MigrationFactory, type NamedClass } from '../src/services/migration-factory.js';
import {
  MigrationRepository,
  type AppliedFile,
  type JournalEntry,
} from '../src/services/migration-repository.js';
import { MigrationService } from '../src/services/migration-service.js';
import { MigrationSource } from '../src/services/migration-source.js';
import { TransactionManager } from '../src/services/transaction-manager.js';
import { recordedIn, tablesOf } from './helpers/database.js';
import { errorOf, rejectionOf } from './helpers/errors.js';
import { makeFolder } from './helpers/files.js';
import { tableMigration, tableModule } from './helpers/migrations.js';

// Only now: it wants reflect-metadata to be there.
const { injectAll, Lifecycle } = await import('tsyringe');

let db: Connection;
let application: DependencyContainer;

beforeEach(() => {
  db = new Database(':memory:');
  application = root.createChildContainer();
});

afterEach(() => {
  db.close();
});

// What an application brings along.
@injectable()
class Clock {
  now(): string {
    return '2026-11-22';
  }
}

abstract class Mailer {
  abstract readonly host: string;
}

const PREFIX = Symbol('PREFIX');

@migration({ name: '001_injected' })
class Injected extends Migration {
  constructor(
    private readonly clock: Clock,
    private readonly mailer: Mailer,
    @inject(PREFIX) private readonly prefix: string,
    @inject('limit') private readonly limit: number,
  ) {
    super();
  }

  up(handle: Connection): void {
    handle.exec('CREATE TABLE seen (what)');
    const insert = handle.prepare('INSERT INTO seen VALUES (?)');
    for (const value of [this.clock.now(), this.mailer.host, this.prefix, this.limit, this.name])
      insert.run(value);
  }
}

describe('an application with a container of its own', () => {
  it('has its services injected into a migration, by type and by token', async () => {
    application.register<Mailer>(Mailer as never, { useValue: { host: 'mail.example' } });
    application.register(PREFIX, { useValue: 'app_' });
    application.register('limit', { useValue: 7 });
    registerDecant(application, { database: db, migrations: [Injected] });
    await application.resolve(MigrationService).up();
    expect(db.prepare('SELECT what FROM seen').pluck().all()).toEqual([
      '2026-11-22',
      'mail.example',
      'app_',
      7,
      '001_injected',
    ]);
  });

  it('builds the migrations of one run with one instance of what is scoped to a run, and a new one for the next', async () => {
    const seen: RunScoped[] = [];
    class RunScoped {
      readonly id = Symbol('one of a kind');
    }
    application.register(RunScoped, { useClass: RunScoped }, { lifecycle: Lifecycle.ContainerScoped });
    const scoped = (name: string) => {
      @migration({ name })
      class Scoped extends Migration {
        constructor(@inject(RunScoped) private readonly service: RunScoped) {
          super();
        }
        up(): void {
          seen.push(this.service);
        }
      }
      return Scoped;
    };
    registerDecant(application, { database: db, migrations: ['001_a', '002_b', '003_c'].map(scoped) });
    const service = application.resolve(MigrationService);
    await service.up({ steps: 2 });
    await service.up();
    expect(seen).toHaveLength(3);
    expect(seen[0]).toBe(seen[1]);
    expect(seen[2]).not.toBe(seen[1]);
  });

  it('puts nothing into the container of everybody', () => {
    registerDecant(application, { database: db, migrations: [] });
    for (const token of [MigrationSource, MigrationRepository, TransactionManager, MigrationFactory]) {
      expect(application.isRegistered(token as never)).toBe(true);
      expect(root.isRegistered(token as never)).toBe(false);
    }
  });

  it('does not decide for two applications in one process', async () => {
    const second = new Database(':memory:');
    const other = root.createChildContainer();
    registerDecant(application, { database: db, migrations: [tableMigration('001_a')] });
    registerDecant(other, { database: second, migrations: [tableMigration('001_b')] });
    await Promise.all([application, other].map((each) => each.resolve(MigrationService).up()));
    expect([tablesOf(db), tablesOf(second)]).toEqual([['a'], ['b']]);
    second.close();
  });
});

describe('registerDecant', () => {
  it('leaves a connection that it was given open', async () => {
    const decant = registerDecant(application, { database: db, migrations: [tableMigration('001_a')] });
    await application.resolve(MigrationService).up();
    decant.close();
    expect(recordedIn(db)).toEqual(['001_a']);
  });

  it('opens a path when it is first needed, and closes what it opened', async () => {
    const file = join(makeFolder({ 'm/001_a.mjs': tableModule('a') }), 'x.db');
    const decant = registerDecant(application, { path: file, directory: join(file, '..', 'm') });
    const service = application.resolve(MigrationService);
    await service.up();
    decant.close();
    // Only the last connection to close takes the WAL away.
    expect(errorOf(() => new Database(`${file}-wal`, { fileMustExist: true }))).toMatchObject({
      code: 'SQLITE_CANTOPEN',
    });
    const other = new Database(file);
    expect(recordedIn(other)).toEqual(['001_a']);
    other.close();
  });

  it('waits for a lock as long as it was told to', async () => {
    const file = join(makeFolder(), 'x.db');
    const other = new Database(file);
    other.exec('CREATE TABLE t (a); BEGIN IMMEDIATE');
    const decant = registerDecant(application, {
      path: file,
      lockTimeout: 1,
      migrations: [tableMigration('001_a')],
    });
    expect(await rejectionOf(application.resolve(MigrationService).up())).toMatchObject({
      code: 'DECANT_LOCKED',
    });
    decant.close();
    other.close();
  });

  it.each([
    ['neither migrations nor directory', {}, /either `migrations` or `directory`/],
    [
      'both migrations and directory',
      { migrations: [], directory: '/m' },
      /either `migrations` or `directory`/,
    ],
    [
      'both database and path',
      { migrations: [], path: 'x.db', database: {} as Connection },
      /both `database` and `path`/,
    ],
  ])('refuses %s', (_what, options, message) => {
    expect(errorOf(() => registerDecant(application, options))).toMatchObject({
      code: 'DECANT_USAGE',
      message: expect.stringMatching(message),
    });
  });

  it.each([
    ['outOfOrder', 'never', 'outOfOrder must be one of error, warn, allow, not never.'],
    ['missing', true, 'missing must be one of error, warn, allow, not true.'],
    ['changed', '', 'changed must be one of error, warn, allow, not .'],
  ])('refuses %s: %j, which is no policy', (rule, value, message) => {
    const options = { database: db, migrations: [], [rule]: value };
    expect(errorOf(() => registerDecant(application, options))).toMatchObject({
      code: 'DECANT_USAGE',
      message,
    });
  });

  it("takes the path '' for none: SQLite would make a database that nobody finds again", () => {
    registerDecant(application, { path: '', migrations: [] });
    expect(errorOf(() => application.resolve(MigrationService))).toMatchObject({
      message: 'Decant has no database.',
    });
  });

  it('takes a relative directory from where the process is, then and not later', async () => {
    const folder = makeFolder({ 'm/001_a.mjs': tableModule('a') });
    const before = process.cwd();
    process.chdir(folder);
    try {
      registerDecant(application, { database: db, directory: 'm' });
    } finally {
      process.chdir(before);
    }
    await application.resolve(MigrationService).up();
    expect(recordedIn(db)).toEqual(['001_a']);
  });

  it('says so when it has no database and needs one', () => {
    registerDecant(application, { migrations: [] });
    expect(errorOf(() => application.resolve(MigrationService))).toMatchObject({
      message: expect.stringContaining('Decant has no database'),
    });
  });
});

describe('a class that the container cannot build', () => {
  interface Settings {
    readonly color: string;
  }
  const TOKEN = Symbol('TOKEN');
  class Bare {
    constructor(readonly url: string) {}
  }

  @migration({ name: '001_x' })
  class ByInterface extends Migration {
    constructor(
      readonly clock: Clock,
      readonly settings: Settings,
    ) {
      super();
    }
    up(): void {}
  }

  @migration({ name: '001_x' })
  class ByUndecorated extends Migration {
    constructor(readonly bare: Bare) {
      super();
    }
    up(): void {}
  }

  @migration({ name: '001_x' })
  class ByPrimitive extends Migration {
    constructor(readonly url: string) {
      super();
    }
    up(): void {}
  }

  @migration({ name: '001_x' })
  class BySymbol extends Migration {
    constructor(@inject(TOKEN) readonly value: unknown) {
      super();
    }
    up(): void {}
  }

  @migration({ name: '001_x' })
  class ByString extends Migration {
    constructor(
      readonly clock: Clock,
      @inject('the.token') readonly value: unknown,
    ) {
      super();
    }
    up(): void {}
  }

  @migration({ name: '001_x' })
  class ByPlugins extends Migration {
    constructor(
      @inject('none', { isOptional: true }) readonly none: unknown,
      @injectAll('plugins') readonly plugins: readonly unknown[],
    ) {
      super();
    }
    up(): void {}
  }

  @migration({ name: '001_x' })
  class Throwing extends Migration {
    constructor() {
      super();
      throw new Error('no such luck');
    }
    up(): void {}
  }

  @migration({ name: '001_x' })
  class ThrowingText extends Migration {
    constructor() {
      super();
      throw 'just text'; // oxlint-disable-line no-throw-literal, typescript/only-throw-error -- users do
    }
    up(): void {}
  }

  class WithUrl extends Migration {
    constructor(@inject(new URL('app:config') as never) readonly url: unknown) {
      super();
    }
    up(): void {}
  }

  @migration({ name: '001_x' })
  class Inheriting extends WithUrl {}

  it('fills an optional parameter with undefined, and one of many with all that is registered', async () => {
    const seen: unknown[] = [];
    @migration({ name: '001_x' })
    class Many extends Migration {
      constructor(
        @inject('none', { isOptional: true }) none: unknown,
        @injectAll('plugin') plugins: unknown,
      ) {
        super();
        seen.push(none, plugins);
      }
      up(): void {}
    }
    for (const plugin of ['a', 'b']) application.register('plugin', { useValue: plugin });
    registerDecant(application, { database: db, migrations: [Many] });
    await application.resolve(MigrationService).up();
    expect(seen).toEqual([undefined, ['a', 'b']]);
  });

  it.each<[string, new (...args: never[]) => Migration, RegExp, RegExp]>([
    [
      'an interface',
      ByInterface,
      /^Cannot build 001_x: .* parameter 2, "settings"/,
      /interface, .*@inject\(TOKEN\)/,
    ],
    [
      'a class without @injectable()',
      ByUndecorated,
      /parameter 1, "bare"/,
      /Decorate Bare with @injectable\(\), or register it/,
    ],
    ['a primitive', ByPrimitive, /parameter 1, "url"/, /a plain value.*@inject\(TOKEN\)/],
    [
      'a symbol that is not registered',
      BySymbol,
      /parameter 1, "value"/,
      /container\.register\(Symbol\(TOKEN\), …\)/,
    ],
    [
      'a string that is not registered',
      ByString,
      /parameter 2, "value"/,
      /container\.register\("the\.token", …\)/,
    ],
    [
      'many of which there is none',
      ByPlugins,
      /parameter 2, "plugins"/,
      /container\.register\("plugins", …\)/,
    ],
    ['a constructor that throws', Throwing, /its constructor failed: no such luck/, /Mend the constructor/],
    ['one that throws a text', ThrowingText, /its constructor failed: just text/, /Mend the constructor/],
    [
      'an inherited constructor',
      Inheriting,
      /parameter 1, "url"\.$/,
      /^Mend what fails there: Attempted to construct/,
    ],
  ])('by %s: the error names migration, parameter and cure', async (_what, target, message, hint) => {
    registerDecant(application, { database: db, migrations: [tableMigration('000_first'), target] });
    const error = await rejectionOf(application.resolve(MigrationService).up());
    expect(error).toMatchObject({
      code: 'DECANT_INJECTION',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
    expect((error as Error).message).not.toContain('TypeInfo');
    expect(db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get()).toBe(0);
  });

  // A migration that wants a service that wants what cannot be had.
  @injectable()
  class NestedToken {
    constructor(@inject('deep "token"') readonly value: unknown) {}
  }
  @injectable()
  class NestedSymbol {
    constructor(@inject(TOKEN) readonly value: unknown) {}
  }
  @injectable()
  class NestedBare {
    constructor(readonly bare: Bare) {}
  }
  @injectable()
  class Failing {
    readonly settings: unknown;
    constructor() {
      throw new Error('no such file: settings.json');
    }
  }
  @injectable()
  class NestedFailing {
    constructor(readonly failing: Failing) {}
  }

  it.each<[string, new (...args: never[]) => object, RegExp]>([
    [
      'a token that is not registered',
      NestedToken,
      /^Register it .*: container\.register\("deep \\"token\\"", …\);/,
    ],
    [
      'a symbol that is not registered',
      NestedSymbol,
      /^Register it .*: container\.register\(Symbol\(TOKEN\), …\);/,
    ],
    ['a class without @injectable()', NestedBare, /^Decorate Bare with @injectable\(\), or register it/],
    ['a service that throws', Failing, /^Mend what fails there: no such file: settings\.json$/],
    [
      'a service whose service throws',
      NestedFailing,
      /^Mend what fails there: no such file: settings\.json$/,
    ],
  ])('for %s, further in: the cure is for the innermost', async (_what, token, hint) => {
    @migration({ name: '001_x' })
    class Outer extends Migration {
      constructor(@inject(token as never) readonly service: object) {
        super();
      }
      up(): void {}
    }
    registerDecant(application, { database: db, migrations: [Outer] });
    const error = await rejectionOf(application.resolve(MigrationService).up());
    expect(error).toMatchObject({
      code: 'DECANT_INJECTION',
      message: 'Cannot build 001_x: the container cannot fill parameter 1, "service".',
      hint: expect.stringMatching(hint),
    });
  });

  it('for a factory that throws: its message is told', async () => {
    application.register('the.token', {
      useFactory: () => {
        throw new Error('no licence');
      },
    });
    registerDecant(application, { database: db, migrations: [ByString] });
    expect(await rejectionOf(application.resolve(MigrationService).up())).toMatchObject({
      message: 'Cannot build 001_x: the container cannot fill parameter 2, "value".',
      hint: 'Mend what fails there: no licence',
    });
  });

  it('by `import type`, which carries no metadata', async () => {
    const directory = makeFolder({
      'clock.ts': 'export class Clock {}',
      '001_x.ts': `import { migration, Migration, type Database } from 'decant';
        import type { Clock } from './clock.js';
        @migration()
        export default class X extends Migration {
          constructor(private readonly clock: Clock) { super(); }
          up(db: Database): void { db.exec(String(this.clock)); }
        }`,
    });
    registerDecant(application, { database: db, directory });
    expect(await rejectionOf(application.resolve(MigrationService).up())).toMatchObject({
      code: 'DECANT_INJECTION',
      message: expect.stringMatching(/^Cannot build 001_x: .* parameter 1, "clock"/),
      hint: expect.stringContaining('`import type`'),
    });
  });

  it('for want of a decorator: the error lists its parameters', async () => {
    const directory = makeFolder({
      '001_x.mjs':
        'export default class X { constructor(clock, other) { this.clock = clock; this.other = other; } up() {} }',
    });
    registerDecant(application, { database: db, directory });
    expect(await rejectionOf(application.resolve(MigrationService).up())).toMatchObject({
      code: 'DECANT_INJECTION',
      message: expect.stringContaining("nothing is known of its constructor's parameters (clock, other)"),
      hint: expect.stringContaining('@migration()'),
    });
  });
});

describe('register() of the config', () => {
  it.each<[string, string, string]>([
    ['throws', "() => { throw new Error('no such service'); }", 'failed: no such service'],
    ['throws a text', "() => { throw 'just text'; }", 'failed: just text'],
    ['is async', 'async () => {}', 'returned a promise: it must be synchronous.'],
  ])('that %s is an error of the config', async (_how, text, message) => {
    const folder = makeFolder({ 'decant.config.mjs': `export default { register: ${text} };` });
    const file = join(folder, 'decant.config.mjs');
    const config = await loadConfig({ config: file, database: join(folder, 'x.db') }, {});
    expect(await rejectionOf(openService(config, 'read'))).toMatchObject({
      code: 'DECANT_CONFIG',
      exitCode: 2,
      message: `register() of ${file} ${message}`,
    });
  });
});

describe('a service whose abstractions are made by hand', () => {
  // No database at all: what happens is what these write down.
  const events: string[] = [];
  const handle = { exec: (sql: string) => events.push(sql) } as unknown as Connection;

  class HandMadeRepository extends MigrationRepository {
    readonly names = new Set<string>();
    records(): readonly MigrationRecord[] {
      return [...this.names].map((name, index) => ({ id: index + 1, name, applied_at: 'then' }));
    }
    recordedNames(): ReadonlySet<string> {
      return this.names;
    }
    appliedFiles(): ReadonlyMap<string, AppliedFile> {
      return new Map();
    }
    history(): readonly HistoryEntry[] {
      return [];
    }
    ensureTables(): void {
      events.push('ensureTables');
    }
    record({ name, outcome }: JournalEntry): void {
      events.push(`record ${name} ${outcome}`);
      if (outcome === 'applied') this.names.add(name);
      if (outcome === 'rolled-back') this.names.delete(name);
    }
  }

  class HandMadeTransactions extends TransactionManager {
    run<T>(work: () => T): T {
      events.push('BEGIN');
      try {
        const result = work();
        events.push('COMMIT');
        return result;
      } catch (error) {
        events.push('ROLLBACK');
        throw error;
      }
    }
    runBody(body: (db: Connection) => unknown): void {
      body(handle);
    }
  }

  class HandMadeSource extends MigrationSource {
    discover(): readonly DiscoveredMigration[] {
      return [{ name: '001_a' }, { name: '002_b' }];
    }
    load({ name }: DiscoveredMigration) {
      return {
        up: (given: Connection) => given.exec(`up ${name}`),
        down(given: Connection) {
          given.exec(`down ${name}`);
          if (name === '001_a') throw new Error('no');
        },
      };
    }
    checksum(): undefined {
      return undefined;
    }
  }

  beforeEach(() => {
    events.length = 0;
  });

  function handMade(): MigrationService {
    registerDecant(application, { migrations: [] });
    application.register(MigrationRepository as never, { useValue: new HandMadeRepository() });
    application.register(TransactionManager as never, { useValue: new HandMadeTransactions() });
    application.register(MigrationSource as never, { useValue: new HandMadeSource() });
    return application.resolve(MigrationService);
  }

  it('runs body and record in one transaction each, with no database at all', async () => {
    await handMade().up();
    expect(events.join(', ')).toBe(
      [
        'BEGIN, ensureTables, COMMIT',
        'BEGIN, up 001_a, record 001_a applied, COMMIT',
        'BEGIN, up 002_b, record 002_b applied, COMMIT',
      ].join(', '),
    );
  });

  it('records a failure after its transaction was rolled back', async () => {
    const service = handMade();
    await service.up();
    events.length = 0;
    await rejectionOf(service.reset());
    expect(events.join(', ')).toBe(
      [
        'BEGIN, ensureTables, COMMIT',
        'BEGIN, down 002_b, record 002_b rolled-back, COMMIT',
        'BEGIN, down 001_a, ROLLBACK',
        'BEGIN, record 001_a failed, COMMIT',
      ].join(', '),
    );
    expect((await service.status()).applied).toBe(1);
  });

  it('does not wait for a lock a second time in order to record that it was locked', async () => {
    const service = handMade();
    class Locked extends HandMadeTransactions {
      override run<T>(work: () => T): T {
        events.push('BEGIN');
        if (events.length > 4) throw new DatabaseLockedError('locked', 'wait');
        return work();
      }
    }
    application.register(TransactionManager as never, { useValue: new Locked() });
    expect(await rejectionOf(application.resolve(MigrationService).up())).toMatchObject({
      code: 'DECANT_LOCKED',
    });
    expect(events.join(', ')).toBe('BEGIN, ensureTables, BEGIN, up 001_a, record 001_a applied, BEGIN');
    expect((await service.status()).pending).toBe(1);
  });

  it('nor to record that what ran without a transaction could not be recorded', async () => {
    class Locked extends HandMadeTransactions {
      override run<T>(work: () => T): T {
        events.push('BEGIN');
        if (events.length > 2) throw new DatabaseLockedError('x.db is locked.', 'wait');
        return work();
      }
    }
    @migration({ name: '001_vacuum', transaction: false })
    class Vacuum extends Migration {
      up(given: Connection): void {
        given.exec('VACUUM');
      }
    }
    registerDecant(application, { migrations: [Vacuum] });
    application.register(MigrationRepository as never, { useValue: new HandMadeRepository() });
    application.register(TransactionManager as never, { useValue: new Locked() });
    expect(await rejectionOf(application.resolve(MigrationService).up())).toMatchObject({
      code: 'DECANT_NOT_RECORDED',
      exitCode: 5,
    });
    expect(events.join(', ')).toBe('BEGIN, ensureTables, VACUUM, BEGIN');
  });

  it('takes another factory, too', async () => {
    const built: string[] = [];
    class HandMadeFactory extends MigrationFactory {
      create(classes: readonly NamedClass[]): readonly Migration[] {
        return classes.map(({ name }) => {
          built.push(name);
          return new Hello();
        });
      }
    }
    @migration({ name: '001_hello' })
    class Hello extends Migration {
      up(given: Connection): void {
        given.exec('CREATE TABLE hello (x)');
      }
    }
    registerDecant(application, { database: db, migrations: [Hello] });
    application.register(MigrationFactory as never, { useValue: new HandMadeFactory() });
    await application.resolve(MigrationService).up();
    expect(built).toEqual(['001_hello']);
    expect(tablesOf(db)).toEqual(['hello']);
  });
});
