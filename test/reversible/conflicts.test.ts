import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Connection from 'better-sqlite3';
import type { Conflict } from '../../src/domain/conflict.js';
import { migration } from '../../src/domain/decorator.js';
import { ReversibleMigration } from '../../src/reversible/migration.js';
import type { ReversibleSchema } from '../../src/reversible/schema.js';
import { serviceFor } from '../helpers/migrations.js';
import { down, up, type Change } from './helpers.js';

let db: Connection.Database;
beforeEach(() => {
  db = new Connection(':memory:');
  db.exec(`
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE, age INT, email TEXT UNIQUE);
    INSERT INTO users VALUES (1, 'ann', 30, 'a'), (2, 'bob', 40, 'b'), (3, 'cy', 50, 'c');
    CREATE TABLE words (w TEXT);
    INSERT INTO words VALUES ('one'), ('two'), ('three');
    CREATE TABLE loose (id INTEGER PRIMARY KEY, v);
    INSERT INTO loose VALUES (1, 'a'), (2, 'b');
    CREATE TABLE other (id INTEGER PRIMARY KEY, t TEXT);
  `);
});
afterEach(() => void db.close());

const rowsOf = (table: string): unknown[] =>
  db
    .prepare(`SELECT ${table === 'words' ? 'rowid, ' : ''}* FROM ${table}`)
    .raw()
    .all();

interface Case {
  readonly what: string;
  readonly change: Change;
  /** What somebody does between up and down. */
  readonly later: string;
  readonly rows: Readonly<Record<string, readonly unknown[]>>;
  readonly conflicts?: readonly Conflict[];
}

const UPDATE: Change = (s) =>
  s.update('users', { set: { name: 'x', age: { sql: 'age + 1' } }, where: 'id < 3' });
const RESTORE = { onConflict: 'restore' } as const;

const ANN = [1, 'ann', 30, 'a'];
const BOB = [2, 'bob', 40, 'b'];
const CY = [3, 'cy', 50, 'c'];

const CASES: readonly Case[] = [
  {
    what: 'update: a later edit wins in its column only',
    change: UPDATE,
    later: "UPDATE users SET age = 99 WHERE id = 1; UPDATE users SET name = 'later' WHERE id = 3",
    rows: {
      users: [[1, 'ann', 99, 'a'], BOB, [3, 'later', 50, 'c']],
    },
    conflicts: [{ table: 'users', kind: 'changed', count: 1 }],
  },
  {
    what: 'update: an edit of the case or of the type is an edit',
    change: UPDATE,
    later: "UPDATE users SET name = 'X' WHERE id = 1; UPDATE users SET age = 'x41' WHERE id = 2",
    rows: {
      users: [[1, 'X', 30, 'a'], [2, 'bob', 'x41', 'b'], CY],
    },
    conflicts: [{ table: 'users', kind: 'changed', count: 2 }],
  },
  {
    what: 'update: 1.0 and 1 are not the same',
    change: (s) => s.update('loose', { set: { v: { sql: 'id - 1' } } }),
    later: 'UPDATE loose SET v = v * 1.0',
    rows: {
      loose: [
        [1, 0],
        [2, 1],
      ],
    },
    conflicts: [{ table: 'loose', kind: 'changed', count: 2 }],
  },
  {
    what: 'update: an edit to what it was is none',
    change: UPDATE,
    later: "UPDATE users SET name = 'ann' WHERE id = 1",
    rows: {
      users: [ANN, BOB, CY],
    },
  },
  {
    what: 'update: what was parked wins with restore',
    change: (s) => s.update('users', { set: { name: 'x' }, ...RESTORE }),
    later: "UPDATE users SET name = 'later' WHERE id = 1",
    rows: {
      users: [ANN, BOB, CY],
    },
    conflicts: [{ table: 'users', kind: 'overwritten', count: 1 }],
  },
  {
    what: 'update: rows that were deleted stay so, and those that were added stay as they are',
    change: UPDATE,
    later: "DELETE FROM users WHERE id = 1; INSERT INTO users VALUES (7, 'new', 1, 'n')",
    rows: {
      users: [BOB, CY, [7, 'new', 1, 'n']],
    },
    conflicts: [{ table: 'users', kind: 'deleted', count: 1 }],
  },
  {
    what: 'update: values of a unique column that were moved along come back',
    change: (s) =>
      s
        .update('users', {
          set: { email: { sql: "CASE email WHEN 'b' THEN 'a2' WHEN 'a' THEN 'b2' ELSE email END" } },
        })
        .update('users', {
          set: { email: { sql: "CASE email WHEN 'a2' THEN 'a' WHEN 'b2' THEN 'b' ELSE email END" } },
        }),
    later: 'SELECT 1',
    rows: {
      users: [ANN, BOB, CY],
    },
  },
  {
    what: 'update: a unique value that another row has by now stays with that',
    change: (s) => s.update('users', { set: { email: { sql: "email || '!'" }, age: 0 } }),
    later: "INSERT INTO users VALUES (7, 'new', 1, 'b')",
    rows: {
      users: [ANN, [2, 'bob', 0, 'b!'], CY, [7, 'new', 1, 'b']],
    },
    conflicts: [{ table: 'users', kind: 'taken', count: 1 }],
  },
  {
    what: 'update: a unique value that another row has by now goes back with restore',
    change: (s) => s.update('users', { set: { email: { sql: "email || '!'" } }, ...RESTORE }),
    later: "INSERT INTO users VALUES (7, 'new', 1, 'b')",
    rows: {
      users: [ANN, BOB, CY],
    },
    conflicts: [{ table: 'users', kind: 'replaced', count: 1 }],
  },
  {
    what: 'delete: a key that is taken by now stays with who has it',
    change: (s) => s.delete('users', { where: 'id > 1' }),
    later: "INSERT INTO users VALUES (2, 'new', 1, 'n')",
    rows: {
      users: [ANN, [2, 'new', 1, 'n'], CY],
    },
    conflicts: [{ table: 'users', kind: 'taken', count: 1 }],
  },
  {
    what: 'delete: so does a unique value',
    change: (s) => s.delete('users', { where: 'id > 1' }),
    later: "INSERT INTO users VALUES (9, 'new', 1, 'c')",
    rows: {
      users: [ANN, BOB, [9, 'new', 1, 'c']],
    },
    conflicts: [{ table: 'users', kind: 'taken', count: 1 }],
  },
  {
    what: 'delete: what was parked wins with restore',
    change: (s) => s.delete('users', { where: 'id > 1', ...RESTORE }),
    later: "INSERT INTO users VALUES (2, 'new', 1, 'n'), (9, 'new', 1, 'c')",
    rows: {
      users: [ANN, BOB, CY],
    },
    conflicts: [{ table: 'users', kind: 'replaced', count: 2 }],
  },
  {
    what: 'delete: a hidden rowid is no key',
    change: (s) => s.delete('words', { where: "w <> 'one'" }),
    later: "INSERT INTO words VALUES ('new')",
    rows: {
      words: [
        [1, 'one'],
        [2, 'new'],
        [3, 'three'],
        [4, 'two'],
      ],
    },
    conflicts: [{ table: 'words', kind: 'renumbered', count: 1 }],
  },
  {
    what: 'insert: a row that was changed stays, one that was deleted too',
    change: (s) => s.insert('users', [{ id: 10 }, { id: 11 }, { id: 12 }]),
    later: 'UPDATE users SET age = 1 WHERE id = 10; DELETE FROM users WHERE id = 11',
    rows: {
      users: [ANN, BOB, CY, [10, null, 1, null]],
    },
    conflicts: [{ table: 'users', kind: 'changed', count: 1 }],
  },
  {
    what: 'insert: a row that was changed goes with restore',
    change: (s) => s.insert('users', [{ id: 10 }], RESTORE),
    later: 'UPDATE users SET age = 1 WHERE id = 10',
    rows: {
      users: [ANN, BOB, CY],
    },
    conflicts: [{ table: 'users', kind: 'overwritten', count: 1 }],
  },
  {
    what: 'dropColumn: rows that came get its default, those that went stay away',
    change: (s) =>
      s
        .addColumn('users', 'note', "TEXT DEFAULT 'd'", { from: 'name' })
        .dropColumn('users', 'age')
        .dropColumn('users', 'note'),
    later: 'INSERT INTO users (id) VALUES (9); DELETE FROM users WHERE id = 1',
    rows: {
      users: [BOB, CY, [9, null, null, null]],
    },
    conflicts: ['added', 'deleted', 'added', 'deleted'].map((kind) => ({
      table: 'users',
      kind,
      count: 1,
    })) as Conflict[],
  },
  {
    what: 'alterColumn: a later edit wins',
    change: (s) =>
      s.alterColumn('users', 'name', { type: 'INT', lossy: 'allow' }).update('users', { set: { age: 1 } }),
    later: "UPDATE users SET name = '007' WHERE id = 1",
    rows: {
      users: [[1, '7', 30, 'a'], BOB, CY],
    },
  },
  {
    what: 'createTable: rows that came are told of',
    change: (s) => s.createTable('CREATE TABLE made (x)'),
    later: 'INSERT INTO made VALUES (1), (2)',
    rows: {},
    conflicts: [{ table: 'made', kind: 'dropped', count: 2 }],
  },
  {
    what: 'move: what was deleted where it went stays deleted, what was changed there stays there too',
    change: (s) => s.move('users', 'other', { id: { sql: 'id + 10' }, t: { sql: 'name' } }),
    later: "DELETE FROM other WHERE id = 11; UPDATE other SET t = 'later' WHERE id = 12",
    rows: {
      users: [BOB, CY],
      other: [[12, 'later']],
    },
    conflicts: [
      { table: 'other', kind: 'changed', count: 1 },
      { table: 'other', kind: 'deleted', count: 1 },
    ],
  },
];

const ALTER: Change = (s) => s.alterColumn('users', 'age', { type: 'TEXT' });
const ALTER_LOSSY: Change = (s) => s.alterColumn('users', 'age', { type: 'TEXT', lossy: 'allow' });
const CHANGED_SINCE: Change = (s) => s.dropColumn('users', 'age').addColumn('users', 'more', 'TEXT');
const NEEDED: Change = (s) => s.dropColumn('strict_ones', 'need');
const FEWER: Change = (s) => s.dropColumn('few', 'a');
const DROPPED: Change = (s) => s.dropTable('other');
const HIDDEN: Change = (s) =>
  s.delete('words', { where: "w = 'one'" }).update('words', { set: { w: { sql: "w || '!'" } } });

describe('what came between up and down', () => {
  it.each(CASES)('$what', async ({ change, later, rows, conflicts }) => {
    await up(db, change);
    db.exec(later);
    const report = await down(db, change);
    expect(Object.fromEntries(Object.keys(rows).map((table) => [table, rowsOf(table)]))).toEqual(rows);
    expect(report.steps[0]?.conflicts).toEqual(conflicts);
    expect(report.warnings).toHaveLength(conflicts?.length ?? 0);
    expect(db.prepare("SELECT name FROM sqlite_schema WHERE name LIKE '%decant%'").all()).toEqual([]);
  });

  it('refuses a way back on which a value that came later would be altered', async () => {
    await up(db, ALTER);
    db.exec("UPDATE users SET age = '007' WHERE id = 1; INSERT INTO users (id, age) VALUES (8, '1e3')");
    await expect(down(db, ALTER)).rejects.toMatchObject({
      cause: { code: 'DECANT_REVERSIBLE', message: expect.stringContaining('2 values of age') },
    });
    expect(rowsOf('users')).toContainEqual([1, 'ann', '007', 'a']);
  });

  it('counts such values where they may be altered', async () => {
    await up(db, ALTER_LOSSY);
    db.exec("UPDATE users SET age = '007' WHERE id = 1; INSERT INTO users (id, age) VALUES (8, '1e3')");
    const { steps } = await down(db, ALTER_LOSSY);
    expect(steps[0]?.conflicts).toEqual([
      { table: 'users', kind: 'changed', count: 1 },
      { table: 'users', kind: 'converted', count: 2 },
    ]);
  });

  it('puts a column back into a table that somebody has changed', async () => {
    await up(db, CHANGED_SINCE);
    db.exec('ALTER TABLE users ADD COLUMN later TEXT');
    await down(db, CHANGED_SINCE);
    const sql = db.prepare("SELECT sql FROM sqlite_schema WHERE name = 'users'").pluck().get();
    expect(sql).toBe(
      'CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE, age INT, email TEXT UNIQUE, later TEXT)',
    );
    expect(rowsOf('users')).toContainEqual([2, 'bob', 40, 'b', null]);
  });

  it('says how many rows lack what a column needs that has no default', async () => {
    db.exec(
      "CREATE TABLE strict_ones (id INTEGER PRIMARY KEY, need TEXT NOT NULL); INSERT INTO strict_ones VALUES (1, 'x')",
    );
    await up(db, NEEDED);
    db.exec('INSERT INTO strict_ones VALUES (2), (3)');
    await expect(down(db, NEEDED)).rejects.toMatchObject({
      cause: {
        code: 'DECANT_REVERSIBLE',
        message: expect.stringContaining('2 rows came later and would have no need, which is NOT NULL'),
      },
    });
    expect(rowsOf('strict_ones')).toEqual([[1], [2], [3]]);
  });

  it('tells of a constraint that what came later does not keep to by the name of the table', async () => {
    db.exec('CREATE TABLE few (id INTEGER PRIMARY KEY, a UNIQUE DEFAULT 5)');
    await up(db, FEWER);
    db.exec('INSERT INTO few VALUES (2), (3)');
    await expect(down(db, FEWER)).rejects.toMatchObject({
      cause: {
        code: 'DECANT_ALTER_TABLE',
        message: 'Cannot alter few: UNIQUE constraint failed: few.a.',
      },
    });
  });

  it('keeps a table that has taken the name of one that was dropped', async () => {
    await up(db, DROPPED);
    db.exec('CREATE VIEW other AS SELECT 1');
    await expect(down(db, DROPPED)).rejects.toMatchObject({ cause: { code: 'DECANT_REVERSIBLE' } });
  });

  it.each<readonly [string, Change, string]>([
    ['a row that was deleted', (s) => s.delete('lax', { where: 'true' }), 'a TEXT NOT NULL'],
    [
      'a row that is put back in any case',
      (s) => s.delete('lax', { where: 'true', onConflict: 'restore' }),
      "a TEXT NOT NULL DEFAULT 'none'",
    ],
    ['a value', (s) => s.update('lax', { set: { a: 'z' } }), "a TEXT CHECK (a = 'z')"],
  ])('refuses the way back, and loses nothing, where %s breaks a rule that came since', async (...given) => {
    const [, change, column] = given;
    db.exec("CREATE TABLE lax (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO lax VALUES (1, NULL), (2, 'x')");
    await up(db, change);
    db.exec(`CREATE TABLE tight (id INTEGER PRIMARY KEY, ${column}); INSERT INTO tight SELECT * FROM lax;
      DROP TABLE lax; ALTER TABLE tight RENAME TO lax`);
    await expect(down(db, change)).rejects.toThrow(/(?:NOT NULL|CHECK) constraint failed/);
    expect(db.prepare('SELECT count(*) FROM _decant_archive_1').pluck().get()).toBe(2);
  });

  it('tells rows apart no longer by a rowid that VACUUM has changed', async () => {
    await up(db, HIDDEN);
    db.exec('VACUUM');
    await expect(down(db, HIDDEN)).rejects.toMatchObject({
      cause: { code: 'DECANT_REVERSIBLE', message: expect.stringContaining('VACUUM') },
    });
    expect(rowsOf('words')).toEqual([
      [1, 'two!'],
      [2, 'three!'],
    ]);
  });
});

const DELETING: Change = (s) => s.delete('t', { where: 'true' });

function setting(name: string, a: string, dependsOn: readonly string[]): new () => ReversibleMigration {
  @migration({ name, dependsOn })
  class Setting extends ReversibleMigration {
    override change(schema: ReversibleSchema): void {
      schema.update('t', { set: { a } });
    }
  }
  return Setting;
}

describe('what the document says of', () => {
  const orphaned = `CREATE TABLE p (id INTEGER PRIMARY KEY);
    CREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES p (id)); INSERT INTO c VALUES (1, 7)`;

  it.each(['all', 'none'] as const)(
    'orphans: they come back only without the check (%s)',
    async (foreignKeyCheck) => {
      const file = new Connection(':memory:');
      file.pragma('foreign_keys = OFF');
      file.exec(orphaned);
      @migration({ name: '001_change', foreignKeyCheck })
      class Deleting extends ReversibleMigration {
        override change(schema: ReversibleSchema): void {
          schema.delete('c', { where: 'true' });
        }
      }
      const service = serviceFor({ database: file, migrations: [Deleting], backup: 'never' });
      await service.up();
      const left = (): unknown => file.prepare('SELECT count(*) FROM c').pluck().get();
      if (foreignKeyCheck === 'all')
        await expect(service.down()).rejects.toMatchObject({ code: 'DECANT_FOREIGN_KEY' });
      else await service.down();
      expect(left()).toBe(foreignKeyCheck === 'all' ? 0 : 1);
      file.close();
    },
  );

  it('rows that break a rule of their own table: they cannot be put back', async () => {
    const file = new Connection(':memory:');
    file.exec(`CREATE TABLE t (id INTEGER PRIMARY KEY, a CHECK (a > 0)); PRAGMA ignore_check_constraints = ON;
      INSERT INTO t VALUES (1, 0); PRAGMA ignore_check_constraints = OFF`);
    await up(file, DELETING);
    await expect(down(file, DELETING)).rejects.toThrow(/CHECK constraint failed/);
    file.close();
  });

  it.each([false, true])('two that change one column, and declare it: %s', async (isDeclared) => {
    const file = new Connection(':memory:');
    file.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES (1, 'old')");
    const migrations = [
      setting('001_one', 'one', []),
      setting('002_two', 'two', isDeclared ? ['001_one'] : []),
    ];
    const service = serviceFor({ database: file, migrations, backup: 'never' });
    const value = (): unknown => file.prepare('SELECT a FROM t').pluck().get();
    await service.up();
    if (isDeclared) {
      await expect(service.down({ name: '001_one' })).rejects.toMatchObject({ later: ['002_two'] });
      await service.reset();
      expect(value()).toBe('old');
    } else {
      await service.down({ name: '001_one' });
      expect(value()).toBe('two');
      await service.down();
      expect(value()).toBe('one');
    }
    file.close();
  });
});
