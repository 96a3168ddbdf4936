import { describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { readdirSync } from 'node:fs';
import { batch } from '../../src/batch/batch.js';
import { migration } from '../../src/domain/decorator.js';
import { Migration, type Database as Db, type MigrationObject } from '../../src/domain/migration.js';
import type { VerifiedMigration, VerifyMode } from '../../src/domain/verification.js';
import { ReversibleMigration, type ReversibleSchema } from '../../src/index.js';
import { verifyMigrations } from '../../src/verify-migrations.js';
import { canMountDisk, mount } from '../helpers/disk.js';
import { rejectionOf } from '../helpers/errors.js';
import { makeFolder, printsOf } from '../helpers/files.js';
import { decant } from '../helpers/processes.js';
import { reversible } from '../reversible/helpers.js';
import { serviceFor, tableMigration, tableModule } from '../helpers/migrations.js';

/** A database with some rows that are awkward to keep. */
function database(sql = BASE): string {
  const file = join(makeFolder(), 'app.db');
  const db = new Database(file);
  db.exec(sql);
  db.close();
  return file;
}

const BASE = `
  CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b);
  INSERT INTO t VALUES (1, 'one', 1), (2, CAST(X'ff' AS TEXT), 9007199254740993), (3, NULL, NULL), (4, '', -0.0), (5, 'x', X'00ff');
  CREATE INDEX t_a ON t (a);
  CREATE TABLE hidden (a TEXT PRIMARY KEY, b);
  INSERT INTO hidden (rowid, a, b) VALUES (7, 'x', 1), (8, 'y', 2), (20, 'z', 3);
  CREATE TABLE bag (a, b);
  INSERT INTO bag (rowid, a, b) VALUES (2, 1, 1), (4, 1, 1), (6, 2, 2);
  CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, a);
  INSERT INTO counted (a) VALUES (1), (2);
  CREATE TABLE key (k TEXT, v, PRIMARY KEY (k)) WITHOUT ROWID;
  INSERT INTO key VALUES ('a', 1), ('b', 2);`;

const m = (up: string, down?: string, name = '001_change'): MigrationObject & { name: string } => ({
  name,
  up: (db) => db.exec(up),
  ...(down === undefined ? {} : { down: (db) => db.exec(down) }),
});

const swap = (one: string, other: string): string =>
  `ALTER TABLE ${one} RENAME TO o; ALTER TABLE ${other} RENAME TO ${one}; ALTER TABLE o RENAME TO ${other};`;

async function verdictOn(subject: MigrationObject, file = database()): Promise<VerifiedMigration> {
  const { migrations } = await verifyMigrations({ database: file, migrations: [subject] });
  expect(migrations).toHaveLength(1);
  return migrations[0] as VerifiedMigration;
}

describe('verifyMigrations', () => {
  it.each<[what: string, up: string, down: string]>([
    ['a table that is dropped again', 'CREATE TABLE n (a)', 'DROP TABLE n'],
    [
      'a column that is dropped again',
      'ALTER TABLE t ADD COLUMN c INT DEFAULT 7',
      'ALTER TABLE t DROP COLUMN c',
    ],
    ['a renamed column', 'ALTER TABLE t RENAME COLUMN a TO c', 'ALTER TABLE t RENAME COLUMN c TO a'],
    ['a renamed table', 'ALTER TABLE hidden RENAME TO h', 'ALTER TABLE h RENAME TO hidden'],
    [
      'an index, a view and a trigger',
      'CREATE INDEX i ON t (b); CREATE VIEW v AS SELECT a FROM t; CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END',
      'DROP TRIGGER g; DROP VIEW v; DROP INDEX i',
    ],
    [
      'values that are put back',
      'UPDATE t SET b = b + 1 WHERE id = 1',
      'UPDATE t SET b = b - 1 WHERE id = 1',
    ],
    ['rows that are taken out again', "INSERT INTO t (a) VALUES ('new')", "DELETE FROM t WHERE a = 'new'"],
    ['another order of the same index', 'DROP INDEX t_a', 'create index "t_a" ON t(a) -- again'],
    ['a version', 'PRAGMA user_version = 3', 'PRAGMA user_version = 0'],
  ])('calls exact: %s', async (_what, up, down) => {
    expect(await verdictOn(m(up, down))).toMatchObject({
      verdict: 'exact',
      losses: [],
      unrepeated: [],
      problems: [],
    });
  });

  it.each<[what: string, up: string, down: string, losses: readonly object[]]>([
    [
      'values that are not put back',
      'UPDATE t SET b = 0',
      'SELECT 1',
      [{ kind: 'changed', table: 't', column: 'b', rows: 5 }],
    ],
    [
      'a column whose values go with it',
      'ALTER TABLE t DROP COLUMN b',
      'ALTER TABLE t ADD COLUMN b',
      [{ kind: 'changed', table: 't', column: 'b', rows: 4 }],
    ],
    [
      'another type of the same value',
      'SELECT 1',
      'UPDATE t SET b = CAST(b AS REAL) WHERE id = 1',
      [{ kind: 'changed', table: 't', column: 'b', rows: 1 }],
    ],
    [
      'one in 2^53',
      'SELECT 1',
      'UPDATE t SET b = b - 1 WHERE id = 2',
      [{ kind: 'changed', table: 't', column: 'b', rows: 1 }],
    ],
    [
      'text that JavaScript read',
      'SELECT 1',
      "UPDATE t SET a = '\uFFFD' WHERE id = 2",
      [{ kind: 'changed', table: 't', column: 'a', rows: 1 }],
    ],
    [
      'the sign of a zero',
      'SELECT 1',
      'UPDATE t SET b = 0.0 WHERE id = 4',
      [{ kind: 'changed', table: 't', column: 'b', rows: 1 }],
    ],
    [
      'a text and a blob of its bytes',
      'SELECT 1',
      "UPDATE t SET a = X'6f6e65' WHERE id = 1",
      [{ kind: 'changed', table: 't', column: 'a', rows: 1 }],
    ],
    [
      'NULL and nothing',
      'SELECT 1',
      "UPDATE t SET a = '' WHERE id = 3",
      [{ kind: 'changed', table: 't', column: 'a', rows: 1 }],
    ],
    [
      'rows that are gone and new',
      'SELECT 1',
      'DELETE FROM t WHERE id < 3; INSERT INTO t (id) VALUES (9)',
      [
        { kind: 'missing', table: 't', rows: 2 },
        { kind: 'added', table: 't', rows: 1 },
      ],
    ],
    [
      'rows of a table without rowids',
      "UPDATE key SET v = 3 WHERE k = 'a'",
      "DELETE FROM key WHERE k = 'b'",
      [
        { kind: 'missing', table: 'key', rows: 1 },
        { kind: 'changed', table: 'key', column: 'v', rows: 1 },
      ],
    ],
    [
      'rowids that a copy has numbered anew',
      'CREATE TABLE n AS SELECT * FROM hidden; DELETE FROM hidden',
      'INSERT INTO hidden SELECT * FROM n; DROP TABLE n',
      [{ kind: 'rowids', table: 'hidden', rows: 3 }],
    ],
    [
      'values in a table that was numbered anew, by its key',
      'CREATE TABLE n AS SELECT * FROM hidden; DELETE FROM hidden',
      'INSERT INTO hidden SELECT a, b + (b = 2) FROM n; DROP TABLE n',
      [{ kind: 'changed', table: 'hidden', column: 'b', rows: 1 }],
    ],
    [
      'rows that were there twice',
      'CREATE TABLE n AS SELECT DISTINCT a, b FROM bag; DELETE FROM bag',
      'INSERT INTO bag SELECT * FROM n; DROP TABLE n',
      [{ kind: 'missing', table: 'bag', rows: 1 }],
    ],
    [
      'the next number',
      'INSERT INTO counted (a) VALUES (3)',
      'DELETE FROM counted WHERE a = 3',
      [{ kind: 'sequence', table: 'counted' }],
    ],
  ])('calls lossy: %s', async (_what, up, down, losses) => {
    expect(await verdictOn(m(up, down))).toMatchObject({ verdict: 'lossy', losses, problems: [] });
  });

  it.each<[what: string, up: string, down: string, step: string, said: RegExp]>([
    ['forgets a column', 'ALTER TABLE t ADD COLUMN c', 'SELECT 1', 'down', /^\+ {2}c$/m],
    ['forgets an index', 'CREATE INDEX i ON t (b)', 'SELECT 1', 'down', /^\+CREATE INDEX i ON t\(b\);$/m],
    [
      'forgets a trigger',
      'CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END',
      'SELECT 1',
      'down',
      /^\+CREATE TRIGGER g/m,
    ],
    ['forgets a view', 'CREATE VIEW v AS SELECT 1', 'SELECT 1', 'down', /^\+CREATE VIEW v AS$/m],
    [
      'leaves a table',
      'CREATE TABLE n (a); CREATE TABLE o (a)',
      'DROP TABLE n',
      'down',
      /^\+CREATE TABLE o \($/m,
    ],
    ['does not bring back an index', 'DROP INDEX t_a', 'SELECT 1', 'down', /^-CREATE INDEX t_a/m],
    [
      'gives a column another default',
      'ALTER TABLE bag ADD COLUMN c',
      'ALTER TABLE bag DROP COLUMN c; ALTER TABLE bag DROP COLUMN b; ALTER TABLE bag ADD COLUMN b DEFAULT 2',
      'down',
      /^\+ {2}b DEFAULT 2$/m,
    ],
    [
      'puts a column back at another place',
      'ALTER TABLE bag DROP COLUMN a',
      'ALTER TABLE bag ADD COLUMN a',
      'down',
      /^- {2}b$/m,
    ],
    ['fails', 'CREATE TABLE n (a)', 'DROP TABLE m', 'down', /no such table: m/],
    [
      'takes more than it should',
      'CREATE TABLE n (a)',
      'DROP TABLE n; DROP VIEW IF EXISTS v; DROP TABLE bag',
      'down',
      /^-CREATE TABLE bag/m,
    ],
    ['keeps a version', 'PRAGMA user_version = 3', 'SELECT 1', 'down', /^\+PRAGMA user_version = 3;$/m],
  ])('calls broken one whose down %s', async (_what, up, down, step, said) => {
    const { verdict, problems } = await verdictOn(m(up, down));
    expect(verdict).toBe('broken');
    const found = problems.find((each) => each.step === step);
    expect(found?.diff ?? found?.error?.message).toMatch(said);
  });

  it('sees that two tables have changed names, though no page of theirs differs', async () => {
    const file =
      database(`CREATE TABLE a (v); INSERT INTO a VALUES (1), (2); CREATE TABLE b (v); INSERT INTO b VALUES (1);
      CREATE VIRTUAL TABLE f USING fts5 (v); INSERT INTO f VALUES ('x'); CREATE VIRTUAL TABLE g USING fts5 (v);`);
    expect(await verdictOn(m(`${swap('a', 'b')} ${swap('f', 'g')}`, 'SELECT 1'), file)).toMatchObject({
      verdict: 'lossy',
      losses: [
        { kind: 'added', table: 'b', rows: 1 },
        { kind: 'missing', table: 'a', rows: 1 },
        { kind: 'missing', table: 'f', rows: 1 },
        { kind: 'added', table: 'g', rows: 1 },
      ],
    });
  });

  it('counts a full-text index that no longer finds what its table holds, and not one that never did', async () => {
    const fts = `CREATE TABLE docs (id INTEGER PRIMARY KEY, body TEXT); INSERT INTO docs (body) VALUES ('one'), ('two');
      CREATE VIRTUAL TABLE f USING fts5 (body, content='docs', content_rowid='id'); CREATE VIRTUAL TABLE own USING fts5 (a);
      INSERT INTO own VALUES ('x'), ('y');`;
    const inStep = database(`${fts} INSERT INTO f (f) VALUES ('rebuild');`);
    const change = m(
      "UPDATE docs SET body = 'three' WHERE id = 1",
      "UPDATE docs SET body = 'one' WHERE id = 1",
    );
    expect(await verdictOn(change, inStep)).toMatchObject({ verdict: 'exact' });
    const loses = m("INSERT INTO f (f) VALUES ('delete-all')", 'DELETE FROM own WHERE rowid = 2');
    expect(await verdictOn(loses, inStep)).toMatchObject({
      verdict: 'lossy',
      losses: [
        { kind: 'search', table: 'f' },
        { kind: 'missing', table: 'own', rows: 1 },
      ],
    });
    expect(
      (await verdictOn(m("INSERT INTO f (f) VALUES ('delete-all')", 'SELECT 1'), database(fts))).losses,
    ).toEqual([]);
  });

  it.each<[what: string, table: string, row: string, loses: string]>([
    ['keeps no content', "fts5 (a, content='')", 'rowid, a', "INSERT INTO f (f) VALUES ('delete-all')"],
    [
      'lets rows be deleted that it does not keep',
      "fts5 (a, content='', contentless_delete=1)",
      'rowid, a',
      'DELETE FROM f WHERE rowid = 1',
    ],
    ['is one of FTS4', 'fts4 (a, content=t)', 'docid, a', 'DELETE FROM f WHERE docid = 1'],
  ])('counts what is lost of a full-text index that %s', async (_what, table, row, loses) => {
    const file = database(`CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES (1, 'one');
      CREATE VIRTUAL TABLE f USING ${table}; INSERT INTO f (${row}) VALUES (1, 'one')`);
    expect(await verdictOn(m(loses, 'SELECT 1'), file)).toMatchObject({
      verdict: 'lossy',
      losses: [{ kind: 'search', table: 'f' }],
    });
    const putsBack = m(loses, `INSERT INTO f (${row}) VALUES (1, 'one')`);
    expect(await verdictOn(putsBack, file)).toMatchObject({ verdict: 'exact' });
  });

  // By the command: in a test TMPDIR does not reach what asks for the temporary folder.
  it.each([[[]], [['--applied']], [['--empty']]])(
    'changes nothing but its copy, and leaves nothing of that: %j',
    async (mode) => {
      const folder = makeFolder({
        'migrations/001_users.mjs': moduleOf('CREATE TABLE users (id)', 'DROP TABLE users'),
        'migrations/002_gone.mjs': moduleOf('CREATE TABLE t (a)', 'DROP TABLE t'),
      });
      const file = join(folder, 'app.db');
      const writer = new Database(file);
      writer.pragma('journal_mode = WAL');
      const flags = ['-d', file, '--dir', join(folder, 'migrations')];
      expect(await decant(['migrate:up', ...flags, '--steps', '1', '--no-backup'])).toMatchObject({
        code: 0,
      });
      const before = printsOf(folder);
      const temporary = makeFolder();
      const ran = await decant(['migrate:verify', ...flags, ...mode, '--seed', '--json'], {
        env: { TMPDIR: temporary },
      });
      expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining('"verdict"') });
      expect(printsOf(folder)).toEqual(before);
      expect(readdirSync(temporary)).toEqual(['node-compile-cache']); // is Node's own
      writer.close();
    },
  );

  it.each(['SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'SQLITE_CORRUPT', 'ENOSPC'])(
    'ends without a verdict where the disk is at fault: %s',
    async (code) => {
      const failing = (): never => {
        throw code === 'ENOSPC'
          ? Object.assign(new Error('it fails'), { code })
          : new Database.SqliteError('it fails', code);
      };
      const migrations = [{ name: '001_x', up: () => undefined, down: failing }];
      expect(await rejectionOf(verifyMigrations({ migrations }))).toMatchObject({
        code: 'DECANT_DATABASE',
        message: 'The verification cannot go on: Migration 001_x failed: it fails.',
        hint: expect.stringMatching(
          /set TMPDIR to a folder on another disk, and run the verification again\.$/,
        ),
      });
    },
  );

  it('calls broken what leaves a virtual table damaged', async () => {
    const error = new Database.SqliteError('malformed', 'SQLITE_CORRUPT_VTAB');
    const subject: MigrationObject & { name: string } = {
      name: '001_x',
      up: () => undefined,
      down: () => {
        throw error;
      },
    };
    expect(await verdictOn(subject)).toMatchObject({
      verdict: 'broken',
    });
  });

  (canMountDisk() ? it : it.skip).each([
    [
      'in an up',
      'CREATE TABLE l AS SELECT zeroblob(3000000) AS x',
      '(001_large.mjs) failed: database or disk is full.',
    ],
    ['when a state is kept', 'CREATE TABLE l AS SELECT zeroblob(600000) AS x', 'ENOSPC'],
    [
      'while rows are seeded',
      'CREATE TABLE l (x); CREATE TABLE k (x); CREATE TRIGGER g AFTER INSERT ON l BEGIN INSERT INTO k VALUES (zeroblob(3000000)); END',
      'go on: database or disk is full.',
    ],
  ])('ends without a verdict where the disk gets full %s', async (_when, sql, says) => {
    const folder = makeFolder({
      'm/001_large.mjs': `export const up = (db) => db.exec('${sql}');
        export const down = (db) => db.exec('DROP TABLE l');`,
      'm/002_more.mjs': tableModule('more'),
      'tmp/.keep': '',
    });
    const temporary = join(folder, 'tmp');
    mount('-t', 'tmpfs', '-o', 'size=1m', 'decant-test', temporary);
    try {
      const argv = ['migrate:verify', '--empty', '--seed', '--dir', join(folder, 'm'), '--json'];
      const { code, stdout } = await decant(argv, { env: { TMPDIR: temporary } });
      expect(code).toBe(1);
      expect(JSON.parse(stdout)).toMatchObject({
        error: {
          code: 'DECANT_DATABASE',
          message: expect.stringContaining(says),
          hint: expect.stringContaining(temporary),
        },
      });
      expect(readdirSync(temporary).filter((name) => name.startsWith('decant-verify'))).toEqual([]);
    } finally {
      spawnSync('umount', [temporary]);
    }
  });

  it.each<[what: string, body: (db: Db) => unknown, transaction: boolean | 'batches', hint: string]>([
    ['SQL that fails', (db) => db.exec('x'), true, 'Mend the migration and run the verification again.'],
    [
      'a loss',
      (db) => db.exec('CREATE TABLE n AS SELECT * FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t'),
      true,
      "To change a table without loss use alterTable() or rebuildTable(); if the loss is meant, declare it on a class: @migration({ expectLoss: ['t', 't_a'] }).",
    ],
    [
      'a COMMIT',
      (db) => db.exec('COMMIT'),
      true,
      'Take the statement out of the migration (or say transaction: false), and run the verification again.',
    ],
    ['no transaction', (db) => db.exec('x'), false, 'Mend it and run the verification again.'],
    [
      'a batch',
      (db) => batch(db, { table: 't', size: 2, set: { b: "iif(id = 4, json('{'), 1)" } }),
      'batches',
      'Mend the migration and run the verification again.',
    ],
  ])(
    'says what to do about a failure, and nothing of the database: %s',
    async (_what, body, transaction, hint) => {
      const Subject = class extends Migration {
        up(): void {}
        override down(db: Db): void {
          body(db);
        }
      };
      migration({ name: '001_x', transaction })(Subject);
      const { migrations } = await verifyMigrations({ database: database(), migrations: [Subject] });
      expect(migrations[0]?.problems[0]?.error?.hint).toBe(hint);
    },
  );

  it('goes on after a broken and an irreversible one from what their up left, and ends where an up fails', async () => {
    const report = await verifyMigrations({
      database: database(),
      migrations: [
        m('ALTER TABLE t ADD COLUMN c', 'SELECT 1', '001_broken'),
        m('UPDATE t SET c = 1', undefined, '002_only_up'),
        m('UPDATE t SET c = 2 WHERE c = 1', 'UPDATE t SET c = 1', '003_exact'),
        m('INSERT INTO nowhere VALUES (1)', 'SELECT 1', '004_fails'),
        m('SELECT 1', 'SELECT 1', '005_not_reached'),
      ],
    });
    expect(report.migrations.map(({ name, verdict, reason }) => [name, verdict, reason])).toEqual([
      ['001_broken', 'broken', null],
      ['002_only_up', 'irreversible', 'it has no down()'],
      ['003_exact', 'exact', null],
      ['004_fails', 'broken', null],
    ]);
    expect(report.migrations[3]?.problems).toMatchObject([
      { step: 'up', error: { code: 'DECANT_MIGRATION_FAILED' } },
    ]);
    expect(report.notTried).toEqual(['005_not_reached']);
  });

  it('runs by the engine, with its checks: a loss that down does not declare is an error', async () => {
    const lossy = m(
      'CREATE TABLE n (a)',
      'CREATE TABLE x AS SELECT id FROM t; DROP TABLE t; ALTER TABLE x RENAME TO t; DROP TABLE n',
    );
    expect(await verdictOn(lossy)).toMatchObject({
      verdict: 'broken',
      problems: [{ step: 'down', error: { code: 'DECANT_UNDECLARED_LOSS' } }],
    });
  });

  it('lets nothing be attached, which would be no copy', async () => {
    const shop = database('CREATE TABLE goods (x)');
    const before = printsOf(dirname(shop));
    const { problems } = await verdictOn(
      m(`ATTACH '${shop}' AS shop; INSERT INTO shop.goods VALUES (1)`, 'SELECT 1'),
    );
    expect(JSON.stringify(problems)).toMatch(/ATTACH is refused on a copy/);
    expect(printsOf(dirname(shop))).toEqual(before);
  });

  it('runs what has no transaction as well', async () => {
    class Vacuum extends Migration {
      up(db: Db): void {
        db.exec('VACUUM');
      }
      override down(): void {}
    }
    migration({ transaction: false, name: '001_vacuum' })(Vacuum);
    const report = await verifyMigrations({ database: database(), migrations: [Vacuum] });
    // VACUUM numbers hidden rowids anew.
    expect(report.migrations).toMatchObject([
      {
        verdict: 'lossy',
        losses: [{ kind: 'rowids', table: 'bag', rows: 2 }],
      },
    ]);
  });

  it.each([500, 900, 1999])('compares a table of %d columns', async (count) => {
    const columns = Array.from({ length: count }, (_each, index) => `c${index}`);
    const file = database(
      `CREATE TABLE wide (${columns.join(', ')}); INSERT INTO wide (c0) VALUES (1), (2), (3)`,
    );
    const report = await verdictOn(
      m('DELETE FROM wide WHERE c0 = 1', 'UPDATE wide SET c7 = 7 WHERE c0 = 2'),
      file,
    );
    expect(report.losses).toEqual([
      { kind: 'missing', table: 'wide', rows: 1 },
      { kind: 'changed', table: 'wide', column: 'c7', rows: 1 },
    ]);
  });

  it('tells content that is another each time from what is lost', async () => {
    const random = m('CREATE TABLE n (a); INSERT INTO n VALUES (hex(randomblob(8)))', 'DROP TABLE n');
    expect(await verdictOn(random)).toMatchObject({
      verdict: 'exact',
      losses: [],
      unrepeated: [{ kind: 'changed', table: 'n', column: 'a', rows: 1 }],
    });
  });

  it('takes the applied ones newest first, until one cannot be rolled back', async () => {
    const file = database();
    const migrations = [
      m('UPDATE t SET a = upper(a)', 'SELECT 1', '001_below'),
      m('CREATE TABLE keeps (a)', undefined, '002_only_up'),
      m("CREATE TABLE fills (a); INSERT INTO fills VALUES ('x')", 'DROP TABLE fills', '003_fills'),
      m('CREATE TABLE n (a)', 'DROP TABLE n', '004_table'),
    ];
    const db = new Database(file);
    await serviceFor({ database: db, migrations, backup: 'never' }).up();
    db.exec("INSERT INTO n VALUES (1), (2); INSERT INTO fills VALUES ('y')");
    db.close();
    const report = await verifyMigrations({ database: file, migrations, mode: 'applied' });
    expect(report.migrations).toMatchObject([
      { name: '004_table', verdict: 'lossy', losses: [{ kind: 'missing', table: 'n', rows: 2 }] },
      { name: '003_fills', verdict: 'lossy', losses: [{ kind: 'missing', table: 'fills', rows: 1 }] },
      { name: '002_only_up', verdict: 'irreversible' },
    ]);
    expect(report.notTried).toEqual(['001_below']);
  });

  it('finds with seeded rows what empty tables hide, and says what it has filled', async () => {
    const migrations = [
      m('CREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT, b CHECK (b <> b))', 'DROP TABLE n', '001_table'),
      m('UPDATE n SET a = trim(a)', 'SELECT 1', '002_trims'),
    ];
    expect((await verifyMigrations({ migrations })).migrations.map(({ verdict }) => verdict)).toEqual([
      'exact',
      'exact',
    ]);
    const { migrations: found, seeded } = await verifyMigrations({ migrations, seed: true });
    expect(found.map(({ verdict }) => verdict)).toEqual(['exact', 'lossy']);
    expect(seeded).toEqual([{ table: 'n', rows: 12, reason: null }]);
  });

  it('verifies those that depend on others, and only knows those before', async () => {
    class First extends Migration {
      up(db: Db): void {
        db.exec('CREATE TABLE n (a)');
      }
      override down(db: Db): void {
        db.exec('DROP TABLE n');
      }
    }
    class Second extends First {
      override up(db: Db): void {
        db.exec('ALTER TABLE n ADD COLUMN b');
      }
      override down(db: Db): void {
        db.exec('ALTER TABLE n DROP COLUMN b');
      }
    }
    migration({ name: '001_first' })(First);
    migration({ name: '002_second', dependsOn: [First] })(Second);
    const report = await verifyMigrations({ migrations: [Second, First] });
    expect(report.migrations.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['001_first', 'exact'],
      ['002_second', 'exact'],
    ]);
  });

  it('puts back exactly what a ReversibleMigration parks', async () => {
    class Drops extends ReversibleMigration {
      change(schema: ReversibleSchema): void {
        schema.dropColumn('t', 'b');
        schema.dropTable('hidden');
      }
    }
    migration({ name: '001_drops' })(Drops);
    const report = await verifyMigrations({ database: database(), migrations: [Drops] });
    expect(report.migrations).toMatchObject([{ verdict: 'exact', losses: [], unrepeated: [], problems: [] }]);
  });

  it('refuses what a run would refuse, before it begins', async () => {
    const file = database();
    const db = new Database(file);
    await serviceFor({ database: db, migrations: [tableMigration('002_b')], backup: 'never' }).up();
    db.close();
    const migrations = [tableMigration('001_a'), tableMigration('002_b')];
    expect(await rejectionOf(verifyMigrations({ database: file, migrations }))).toMatchObject({
      code: 'DECANT_OUT_OF_ORDER',
    });
    const allowed = await verifyMigrations({ database: file, migrations, outOfOrder: 'allow' });
    expect(allowed.migrations).toMatchObject([
      { name: '001_a', verdict: 'irreversible', reason: '002_b would have to be rolled back first' },
    ]);
    expect(await rejectionOf(verifyMigrations({ migrations, mode: 'applied' }))).toMatchObject({
      code: 'DECANT_USAGE',
    });
  });

  it.each<[VerifyMode]>([['pending'], ['applied']])(
    'refuses a database in which a migration is half done: %s',
    async (mode) => {
      const file = database();
      const db = new Database(file);
      @migration({ name: '002_batches', transaction: 'batches' })
      class Batches extends Migration {
        up(handle: Db): void {
          batch(handle, { table: 't', size: 2, set: { b: "iif(id = 4, json('{'), 1)" } });
        }
        override down(handle: Db): void {
          batch(handle, { table: 't', size: 2, set: { b: 'NULL' } });
        }
      }
      const migrations = [tableMigration('001_a'), Batches];
      await rejectionOf(serviceFor({ database: db, migrations, backup: 'never' }).up());
      db.close();
      expect(await rejectionOf(verifyMigrations({ database: file, migrations, mode }))).toMatchObject({
        code: 'DECANT_HALF_DONE',
        message: '002_batches is half applied (2 of 5 rows), and has to be finished first.',
      });
    },
  );

  it('calls irreversible what had parked rows that were pruned', async () => {
    const file = database();
    const db = new Database(file);
    db.exec('CREATE TABLE parked (id INTEGER PRIMARY KEY); INSERT INTO parked VALUES (1)');
    const migrations = [reversible((s) => s.delete('parked', { where: 'true' }), '001_park')];
    const service = serviceFor({ database: db, migrations, backup: 'never' });
    await service.up();
    await service.prune({ olderThan: '0h' });
    db.close();
    const report = await verifyMigrations({ database: file, migrations, mode: 'applied' });
    expect(report.migrations).toMatchObject([
      { name: '001_park', verdict: 'irreversible', reason: expect.stringContaining('was pruned at') },
    ]);
  });
});

function moduleOf(up: string, down: string): string {
  return `export const up = (db) => void db.exec('${up}');\nexport const down = (db) => void db.exec('${down}');\n`;
}
