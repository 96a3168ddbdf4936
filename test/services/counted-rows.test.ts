import { expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { migration } from '../../src/domain/decorator.js';
import {
  Migration,
  type Database as Connection,
  type MigrationDefinition,
} from '../../src/domain/migration.js';
import type { Profile } from '../../src/domain/profile.js';
import { STRICT } from '../../src/domain/policy.js';
import { ReversibleMigration } from '../../src/reversible/migration.js';
import type { ReversibleSchema } from '../../src/reversible/schema.js';
import { ListSource } from '../../src/services/list-source.js';
import { MigrationService } from '../../src/services/migration-service.js';
import { SqliteMigrationRepository } from '../../src/services/sqlite-migration-repository.js';
import { SqliteTransactionManager } from '../../src/services/sqlite-transaction-manager.js';
import { serviceFor } from '../helpers/migrations.js';

@migration({ name: '003_cascade', foreignKeys: 'enforced', expectLoss: ['parent', 'child'] })
class Cascade extends Migration {
  override up(db: Connection): void {
    db.exec('DELETE FROM parent WHERE id = 1');
  }
}

const MIGRATIONS: readonly MigrationDefinition[] = [
  {
    name: '001_tables',
    up: (db) =>
      void db.exec(`
        CREATE TABLE parent (id INTEGER PRIMARY KEY);
        CREATE TABLE child (parent REFERENCES parent ON DELETE CASCADE);
        CREATE TABLE log (id);
        CREATE TRIGGER logs AFTER INSERT ON parent BEGIN INSERT INTO log VALUES (new.id); END;`),
  },
  {
    name: '002_rows',
    up: (db) => {
      db.prepare('INSERT INTO parent VALUES (1), (2)').run(); // and two by the trigger
      db.exec('INSERT INTO child VALUES (1), (1), (2)');
    },
  },
  Cascade,
  {
    name: '004_fails',
    up: (db) => void db.exec('INSERT INTO child VALUES (2); INSERT INTO nowhere VALUES (1)'),
  },
];

it('counts the rows that a migration changes, triggers and cascades included, and none of its own', async () => {
  const db = new Database(':memory:');
  const repository = new SqliteMigrationRepository(db);
  const service = new MigrationService(
    new ListSource(MIGRATIONS),
    repository,
    new SqliteTransactionManager(db),
    { create: (classes) => classes.map((each) => new each.class()) },
    STRICT,
  );
  await expect(service.up()).rejects.toThrow('004_fails');
  const history = await service.history();
  expect(history.map(({ name, outcome, rows }) => [name, outcome, rows])).toEqual([
    ['004_fails', 'failed', null],
    ['003_cascade', 'applied', 3],
    ['002_rows', 'applied', 7],
    ['001_tables', 'applied', 0],
  ]);
  expect(Object.isFrozen(history[0])).toBe(true);
  await expect(service.history({ limit: 0 })).rejects.toMatchObject({ code: 'DECANT_USAGE' });
  db.close();
});

@migration({ name: '001_reversible' })
class Reversible extends ReversibleMigration {
  override change(schema: ReversibleSchema): void {
    schema.createTable('CREATE TABLE plain (id INTEGER PRIMARY KEY, a)');
    schema.insert('plain', [{ a: 1 }, { a: 2 }, { a: 3 }]);
    schema.update('plain', { set: { a: 0 }, where: 'id < 3' });
    schema.delete('plain', { where: 'id = 1' });
  }
}

it('counts none of the rows that are parked, in the journal as in a profile', async () => {
  const db = new Database(':memory:');
  const service = serviceFor({ database: db, migrations: [Reversible] });
  const profiles: Profile[] = [];
  await service.up({ onProfile: (profile) => void profiles.push(profile) });
  await service.down();
  expect((await service.history()).map(({ outcome, rows }) => [outcome, rows])).toEqual([
    ['rolled-back', 6],
    ['applied', 6],
  ]);
  const statements = profiles.flatMap(({ migrations }) => migrations.flatMap((each) => each.statements));
  expect(statements.map(({ rows, indirectRows }) => [rows, indirectRows])).toEqual([
    [0, 0],
    [3, 0],
    [2, 0],
    [1, 0],
  ]);
});
