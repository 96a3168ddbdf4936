import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { migration, type MigrationOptions } from '../../src/domain/decorator.js';
import { Migration, type Database as Connection } from '../../src/domain/migration.js';
import { alterTable, rebuildTable } from '../../src/sqlite/alter-table.js';
import { errorOf, rejectionOf } from '../helpers/errors.js';
import { makeFolder } from '../helpers/files.js';
import { serviceFor } from '../helpers/migrations.js';
import { healthOf, picture, torture, type Handle } from './torture.js';

let db: Handle;
let other: Handle;

beforeEach(() => {
  const file = join(makeFolder(), 'x.db');
  db = torture('', file);
  other = new Database(file);
});

afterEach(() => {
  db.close();
  other.close();
});

function run(up: (handle: Connection) => void, options: MigrationOptions = {}) {
  @migration({ name: '001_m', ...options })
  class It extends Migration {
    up(handle: Connection): void {
      up(handle);
    }
  }
  return serviceFor({ database: db, migrations: [It] }).up();
}

const rowsOf = (table: string): unknown => other.prepare(`SELECT * FROM ${table}`).raw().all();

describe.each(['wal', 'delete'])('alterTable in a migration, in journal mode %s', (mode) => {
  beforeEach(() => {
    db.pragma(`journal_mode = ${mode}`);
  });

  it('R1: leaves the rows of CASCADE, SET NULL and RESTRICT children as they are', async () => {
    const before = ['posts', 'likes', 'bills', 'orphans'].map(rowsOf);
    const health = healthOf(db);
    await run((handle) => {
      expect(alterTable(handle, 'users', (table) => table.setDefault('age', 1)).path).toBe('rebuild');
    });
    expect(['posts', 'likes', 'bills', 'orphans'].map(rowsOf)).toEqual(before);
    expect(healthOf(db)).toEqual(health);
    expect(picture(db).pragmas).toEqual([1, 0, 0, 0]);
  });

  it('R5, R6: an orphan from before passes, a new one does not, and nothing is left of it', async () => {
    const before = picture(db).tables['users'];
    const error = await rejectionOf(
      run((handle) => {
        alterTable(handle, 'users', (table) => table.setDefault('age', 1));
        rebuildTable(handle, 'teams', {
          sql: 'CREATE TABLE teams (id INTEGER PRIMARY KEY, name TEXT)',
          copy: { id: 'id + 1' },
        });
      }),
    );
    expect(error).toMatchObject({ code: 'DECANT_FOREIGN_KEY' });
    expect(picture(db).tables['users']).toEqual(before);
    expect(rowsOf('teams')).toEqual([
      [1, 'one'],
      [2, 'two'],
    ]);
  });

  it('R5: an orphan from before passes when its table gets another name', async () => {
    await run((handle) => {
      alterTable(handle, 'orphans', (table) => table.renameTo('waifs'));
      alterTable(handle, 'waifs', (table) => table.setDefault('k', 'x'));
    });
    expect(rowsOf('waifs')).toEqual([[404, 'nobody']]);
  });

  it('leaves a table as it was for a migration that catches the error, and goes on', async () => {
    await run((handle) => {
      const error = errorOf(() =>
        alterTable(handle, 'users', (table) => table.setDefault('age', 1).setNotNull('email')),
      );
      expect(error).toMatchObject({ code: 'DECANT_ALTER_TABLE', rows: ['id 9'] });
      handle.exec("UPDATE users SET email = 'e@x' WHERE email IS NULL");
      alterTable(handle, 'users', (table) => table.setNotNull('email'));
    });
    expect(
      other.prepare("SELECT \"notnull\" FROM pragma_table_info('users') WHERE name = 'email'").pluck().get(),
    ).toBe(1);
  });

  it('refuses a rebuild where the migration has foreign keys enforced', async () => {
    const before = rowsOf('posts');
    const error = await rejectionOf(
      run((handle) => void alterTable(handle, 'users', (table) => table.setDefault('age', 1)), {
        foreignKeys: 'enforced',
      }),
    );
    expect(error).toMatchObject({
      code: 'DECANT_MIGRATION_FAILED',
      message: expect.stringContaining('foreign keys that are enforced'),
    });
    expect(rowsOf('posts')).toEqual(before);
  });

  it('works in a migration without a transaction, by one of its own', async () => {
    await run((handle) => void alterTable(handle, 'users', (table) => table.setDefault('age', 1)), {
      transaction: false,
    });
    expect(rowsOf('posts')).toHaveLength(3);
    expect(other.prepare("SELECT sql FROM sqlite_schema WHERE name = 'users'").pluck().get()).toContain(
      '(age >= 0) DEFAULT 1',
    );
    expect(db.pragma('foreign_keys', { simple: true })).toBe(1);
  });
});
