import { describe, expect, it } from '@jest/globals';
import { registerDecant } from '../src/container.js';
import { Migration, type Database } from '../src/domain/migration.js';
import { container as root } from '../src/injection.js';
import { MigrationRepository } from '../src/services/migration-repository.js';
import { MigrationService } from '../src/services/migration-service.js';
import { TransactionManager } from '../src/services/transaction-manager.js';
import { InMemoryMigrationRepository, InMemoryTransactionManager } from '../src/testing.js';
import { errorOf, rejectionOf } from './helpers/errors.js';
import { makeFolder } from './helpers/files.js';

class Recording extends Migration {
  readonly ran: string[] = [];
  constructor(override readonly name: string) {
    super();
  }
  up(db: Database): void {
    db.exec(`up ${this.name}`);
    this.ran.push('up');
  }
  override down(db: Database): void {
    db.exec(`down ${this.name}`);
    this.ran.push('down');
  }
}

function inMemory(applied: readonly string[], db?: Database) {
  const container = root.createChildContainer();
  const repository = new InMemoryMigrationRepository(applied);
  const migrations = ['001_a', '002_b'].map((name) => new Recording(name));
  registerDecant(container, { migrations });
  container.register(MigrationRepository as never, { useValue: repository });
  container.register(TransactionManager as never, { useValue: new InMemoryTransactionManager(db) });
  return { service: container.resolve(MigrationService), repository, migrations };
}

function stub(): { readonly sql: string[]; readonly db: Database } {
  const sql: string[] = [];
  return { sql, db: { exec: (text: string) => sql.push(text) } as unknown as Database };
}

describe('decant/testing', () => {
  it('drives the service with no database at all', async () => {
    const { sql, db } = stub();
    const { service, repository } = inMemory(['001_a'], db);
    expect((await service.status()).migrations).toEqual([
      { name: '001_a', applied: true, appliedAt: expect.any(String) },
      { name: '002_b', applied: false },
    ]);
    await service.up();
    await service.reset();
    expect(sql).toEqual(['up 002_b', 'down 002_b', 'down 001_a']);
    expect(repository.journal.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
      '002_b applied',
      '002_b rolled-back',
      '001_a rolled-back',
    ]);
    expect(repository.records()).toEqual([]);
  });

  it('gives a migration whose test has no db to offer one on which every call throws', async () => {
    const { service, repository } = inMemory([]);
    expect(await rejectionOf(service.up())).toMatchObject({
      code: 'DECANT_MIGRATION_FAILED',
      failure: { migration: '001_a' },
    });
    expect(repository.records()).toEqual([]);
    expect(repository.journal).toMatchObject([{ name: '001_a', outcome: 'failed' }]);
  });

  it('refuses a body that returns a promise, as the real one does', () => {
    const transactions = new InMemoryTransactionManager();
    expect(errorOf(() => transactions.runBody(async () => undefined))).toMatchObject({
      kind: 'returned a promise',
    });
  });

  it('knows which file a migration was last applied from', async () => {
    const directory = makeFolder({
      '001_a.mjs': 'export const up = () => {}; export const down = () => {};',
    });
    const container = root.createChildContainer();
    const repository = new InMemoryMigrationRepository();
    registerDecant(container, { directory });
    container.register(MigrationRepository as never, { useValue: repository });
    container.register(TransactionManager as never, { useValue: new InMemoryTransactionManager() });
    const service = container.resolve(MigrationService);
    await service.up();
    expect(repository.appliedFiles()).toEqual(
      new Map([['001_a', { file: '001_a.mjs', checksum: expect.stringMatching(/^[\da-f]{64}$/) }]]),
    );
    await service.down();
    expect(repository.appliedFiles()).toEqual(new Map());
  });

  it('counts ids as SQLite does: none is used twice', () => {
    const repository = new InMemoryMigrationRepository(['001_a', '002_b']);
    const entry = {
      runId: 'r',
      direction: 'up',
      startedAt: '2026-11-22T10:15:00.123Z',
      durationMs: 1,
    } as const;
    repository.record({ ...entry, name: '002_b', direction: 'down', outcome: 'rolled-back' });
    repository.record({ ...entry, name: '003_c', outcome: 'applied' });
    expect(repository.records()).toEqual([
      { id: 1, name: '001_a', applied_at: expect.any(String) },
      { id: 3, name: '003_c', applied_at: '2026-11-22 10:15:00' },
    ]);
  });
});
