import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Connection from 'better-sqlite3';
import { registerDecant } from '../../src/container.js';
import type { MigrationArchive } from '../../src/domain/archive.js';
import { container } from '../../src/injection.js';
import { Archives } from '../../src/services/archives.js';
import { MigrationService } from '../../src/services/migration-service.js';
import { serviceFor } from '../helpers/migrations.js';
import { reversible } from './helpers.js';

let db: Connection.Database;
beforeEach(() => {
  db = new Connection(':memory:');
  db.exec(`
    CREATE TABLE users (id INTEGER PRIMARY KEY, legacy TEXT);
    INSERT INTO users VALUES (1, 'x'), (2, 'y');
    CREATE INDEX by_legacy ON users (legacy);
    ANALYZE;
  `);
});
afterEach(() => void db.close());

const PARKING = reversible((s) => s.dropIndex('by_legacy').dropColumn('users', 'legacy'), '001_drop');
const CREATING = reversible((s) => s.createTable('CREATE TABLE made (id INTEGER)'), '002_create');
const LATER = reversible((s) => s.delete('users', { where: 'id = 1' }), '003_delete');

function service(): MigrationService {
  return serviceFor({ database: db, migrations: [PARKING, CREATING, LATER], backup: 'never' });
}

function age(name: string, days: number): void {
  const then = new Date(Date.now() - days * 86_400_000).toISOString();
  db.prepare('UPDATE _decant_archives SET made_at = ? WHERE migration = ?').run(then, name);
}

const archivesLeft = (): unknown[] =>
  db
    .prepare("SELECT name FROM sqlite_schema WHERE name GLOB '_decant_archive_*' AND type = 'table'")
    .pluck()
    .all();

describe('archives', () => {
  it('are told of in the status, by number and size, and not where there are none', async () => {
    expect(await service().status()).not.toHaveProperty('archives');
    await service().up();
    const parked = await service().archives();
    expect(parked.map(({ name, tables }) => [name, tables])).toEqual([
      ['001_drop', 3],
      ['003_delete', 1],
    ]);
    const bytes = parked.reduce((sum, each) => sum + Number(each.bytes), 0);
    expect(bytes).toBeGreaterThanOrEqual(4 * 4096);
    expect((await service().status()).archives).toEqual({ tables: 4, bytes });
    await service().reset();
    expect(await service().status()).not.toHaveProperty('archives');
  });

  it('go when they are older than is said, and with them the way back', async () => {
    await service().up();
    age('001_drop', 31);
    const report = await service().prune({ olderThan: '30d' });
    expect(report).toMatchObject({ migrations: ['001_drop'], tables: 3 });
    expect(archivesLeft()).toEqual(['_decant_archive_4']);
    expect((await service().archives()).map(({ name }) => name)).toEqual(['003_delete']);

    const before = db.serialize();
    await expect(service().reset()).rejects.toMatchObject({
      code: 'DECANT_IRREVERSIBLE',
      migration: '001_drop',
      reason: expect.stringMatching(/^what it had parked was pruned at \d{4}-/),
    });
    await expect(service().plan('reset')).rejects.toMatchObject({ code: 'DECANT_IRREVERSIBLE' });
    expect(db.serialize().equals(before)).toBe(true);
    await service().down({ to: '001_drop' });
    expect(db.prepare('SELECT id FROM users').pluck().all()).toEqual([1, 2]);
  });

  it('go by the moment that is given, not by the one at which it is done', async () => {
    await service().up();
    age('001_drop', 2);
    const now = new Date(Date.now() - 86_400_000 - 3_600_000);
    expect((await service().prune({ olderThan: '1d', now })).migrations).toEqual([]);
    expect((await service().prune({ olderThan: '1d' })).migrations).toEqual(['001_drop']);
  });

  it('are looked at again under the lock: they may have been pruned since the plan was made', async () => {
    await service().up();
    const planned = service().down({
      steps: 1,
      onPlan: async () => void (await service().prune({ olderThan: '0h' })),
    });
    await expect(planned).rejects.toMatchObject({ code: 'DECANT_IRREVERSIBLE' });
  });

  it('that hold no rows are none', async () => {
    const own = serviceFor({
      database: db,
      migrations: [reversible((s) => s.dropIndex('by_legacy'))],
      backup: 'never',
    });
    await own.up();
    expect(await own.prune({ olderThan: '0h' })).toMatchObject({ migrations: [] });
    await own.down();
    expect(db.prepare("SELECT sql FROM sqlite_schema WHERE name = 'by_legacy'").pluck().get()).toContain(
      'ON users',
    );
  });

  it('are behind an abstraction', async () => {
    class Fixed extends Archives {
      dropped: readonly string[] = [];
      list(): readonly MigrationArchive[] {
        return [{ name: '001_drop', madeAt: '2020-01-01T00:00:00.000Z', tables: 1, bytes: null }];
      }
      pruned(): ReadonlyMap<string, string> {
        return new Map();
      }
      prune(names: readonly string[]): void {
        this.dropped = names;
      }
    }
    const fixed = new Fixed();
    const own = container.createChildContainer();
    registerDecant(own, { database: db, migrations: [PARKING] });
    own.register(Archives as never, { useValue: fixed });
    const report = await own.resolve(MigrationService).prune({ olderThan: '1w' });
    expect(report).toMatchObject({ migrations: ['001_drop'], tables: 1, bytes: null });
    expect(fixed.dropped).toEqual(['001_drop']);
  });

  it('whose age cannot be read stay', async () => {
    await service().up();
    await expect(service().prune({ olderThan: '30' })).rejects.toMatchObject({ code: 'DECANT_USAGE' });
    expect(archivesLeft()).toHaveLength(4);
  });
});
