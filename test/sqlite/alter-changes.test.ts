import { afterEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { alterTable, alterTableSql, rebuildTable } from '../../src/sqlite/alter-table.js';
import { scopeOf, SCOPE_KEY, type MigrationScope } from '../../src/sqlite/scope.js';
import type { TableBuilder } from '../../src/sqlite/table-builder.js';
import { errorOf } from '../helpers/errors.js';
import { contentOf, healthOf, picture, torture, type Handle } from './torture.js';

const open: Handle[] = [];

afterEach(() => {
  for (const db of open.splice(0)) db.close();
});

function make(sql: string): Handle {
  const db = new Database(':memory:');
  db.exec(sql);
  open.push(db);
  return db;
}

function tortured(more = ''): Handle {
  const db = torture(more);
  open.push(db);
  return db;
}

function sqlOf(db: Handle, name = 't'): string {
  return db.prepare('SELECT sql FROM sqlite_schema WHERE name = ?').pluck().get(name) as string;
}

type Change = (table: TableBuilder) => void;

describe('alterTable', () => {
  it.each<[string, string, Change, 'native' | 'rebuild' | 'nothing', string]>([
    ['nothing', 'CREATE TABLE t (a)', () => undefined, 'nothing', 'CREATE TABLE t (a)'],
    [
      'what is so already',
      'CREATE TABLE t (a NOT NULL)',
      (t) => t.setNotNull('A'),
      'nothing',
      'CREATE TABLE t (a NOT NULL)',
    ],
    ['dropNotNull of none', 'CREATE TABLE t (a)', (t) => t.dropNotNull('a'), 'nothing', 'CREATE TABLE t (a)'],
    [
      'addColumn',
      'CREATE TABLE t (a)',
      (t) => t.addColumn('b', "TEXT NOT NULL DEFAULT 'x'"),
      'native',
      `CREATE TABLE t (a, "b" TEXT NOT NULL DEFAULT 'x')`,
    ],
    [
      'addColumn computed',
      'CREATE TABLE t (a)',
      (t) => t.addColumn('b', 'AS (a + 1)'),
      'native',
      'CREATE TABLE t (a, "b" AS (a + 1))',
    ],
    [
      'addColumn with an expression',
      'CREATE TABLE t (a)',
      (t) => t.addColumn('b', 'DEFAULT (1 + 1)'),
      'rebuild',
      'CREATE TABLE "t" (a, "b" DEFAULT (1 + 1))',
    ],
    [
      'addColumn with the time',
      'CREATE TABLE t (a)',
      (t) => t.addColumn('b', 'DEFAULT CURRENT_TIMESTAMP'),
      'rebuild',
      'CREATE TABLE "t" (a, "b" DEFAULT CURRENT_TIMESTAMP)',
    ],
    [
      'addColumn stored',
      'CREATE TABLE t (a)',
      (t) => t.addColumn('b', 'AS (a) STORED'),
      'rebuild',
      'CREATE TABLE "t" (a, "b" AS (a) STORED)',
    ],
    [
      'addColumn UNIQUE',
      'CREATE TABLE t (a)',
      (t) => t.addColumn('b', 'UNIQUE'),
      'rebuild',
      'CREATE TABLE "t" (a, "b" UNIQUE)',
    ],
    [
      'addColumn before constraints',
      'CREATE TABLE t (a, UNIQUE (a))',
      (t) => t.addColumn('b', 'UNIQUE'),
      'rebuild',
      'CREATE TABLE "t" (a, "b" UNIQUE, UNIQUE (a))',
    ],
    [
      'addColumn from an expression',
      'CREATE TABLE t (a)',
      (t) => t.addColumn('b', 'NOT NULL', { from: 'a * 2' }),
      'rebuild',
      'CREATE TABLE "t" (a, "b" NOT NULL)',
    ],
    ['dropColumn', 'CREATE TABLE t (a, b)', (t) => t.dropColumn('b'), 'native', 'CREATE TABLE t (a)'],
    [
      'dropColumn with a comment',
      'CREATE TABLE t (a, -- the a\n b)',
      (t) => t.dropColumn('b'),
      'rebuild',
      'CREATE TABLE "t" (a -- the a\n)',
    ],
    [
      'dropColumn with UNIQUE',
      'CREATE TABLE t (a UNIQUE, b)',
      (t) => t.dropColumn('a'),
      'rebuild',
      'CREATE TABLE "t" ( b)',
    ],
    [
      'dropColumn beside a broken view',
      'CREATE TABLE t (a, b); CREATE VIEW v AS SELECT x FROM nowhere',
      (t) => t.dropColumn('b'),
      'rebuild',
      'CREATE TABLE "t" (a)',
    ],
    [
      'renameColumn',
      'CREATE TABLE t (a, b CHECK (a < b))',
      (t) => t.renameColumn('a', 'c'),
      'native',
      'CREATE TABLE t ("c", b CHECK ("c" < b))',
    ],
    [
      'a rename between others',
      'CREATE TABLE t (a, b)',
      (t) => t.setDefault('a', 1).renameColumn('a', 'c').setDefault('c', 2),
      'rebuild',
      'CREATE TABLE "t" ("c" DEFAULT 2, b)',
    ],
    [
      'setNotNull',
      'CREATE TABLE t (a -- x\n, b)',
      (t) => t.setNotNull('a'),
      'native',
      'CREATE TABLE t (a -- x\n NOT NULL, b)',
    ],
    [
      'setNotNull of NULL',
      'CREATE TABLE t (a INT NULL)',
      (t) => t.setNotNull('a'),
      'rebuild',
      'CREATE TABLE "t" (a INT NOT NULL)',
    ],
    [
      'dropNotNull',
      'CREATE TABLE t (a NOT NULL, b)',
      (t) => t.dropNotNull('a'),
      'native',
      'CREATE TABLE t (a, b)',
    ],
    [
      'dropNotNull with a comment',
      'CREATE TABLE t (a NOT NULL /* x */, b)',
      (t) => t.dropNotNull('a'),
      'rebuild',
      'CREATE TABLE "t" (a /* x */, b)',
    ],
    [
      'dropCheck',
      'CREATE TABLE t (a, CONSTRAINT k CHECK (a))',
      (t) => t.dropCheck('K'),
      'native',
      'CREATE TABLE t (a)',
    ],
    [
      'dropUnique of a column',
      'CREATE TABLE t (a UNIQUE ON CONFLICT REPLACE, b)',
      (t) => t.dropUnique(['a']),
      'rebuild',
      'CREATE TABLE "t" (a, b)',
    ],
    [
      'dropUnique of the table',
      'CREATE TABLE t (a, b, UNIQUE (b, a) UNIQUE (a, b))',
      (t) => t.dropUnique(['a', 'b']),
      'rebuild',
      'CREATE TABLE "t" (a, b, UNIQUE (b, a))',
    ],
    [
      'dropUnique by name',
      'CREATE TABLE t (a, CONSTRAINT u UNIQUE (a))',
      (t) => t.dropUnique('u'),
      'rebuild',
      'CREATE TABLE "t" (a)',
    ],
    [
      'setPrimaryKey',
      'CREATE TABLE t (a INTEGER, b)',
      (t) => t.setPrimaryKey(['a']),
      'rebuild',
      'CREATE TABLE "t" (a INTEGER, b, PRIMARY KEY ("a"))',
    ],
    [
      'setPrimaryKey in place of another',
      'CREATE TABLE t (a INTEGER PRIMARY KEY, b)',
      (t) => t.setPrimaryKey(['b', 'a']),
      'rebuild',
      'CREATE TABLE "t" (a INTEGER, b, PRIMARY KEY ("b", "a"))',
    ],
    [
      'setAutoincrement',
      'CREATE TABLE t (a INTEGER PRIMARY KEY)',
      (t) => t.setAutoincrement('on'),
      'rebuild',
      'CREATE TABLE "t" (a INTEGER PRIMARY KEY AUTOINCREMENT)',
    ],
    [
      'setAutoincrement of a table constraint',
      'CREATE TABLE t (a INTEGER, PRIMARY KEY (a))',
      (t) => t.setAutoincrement('on'),
      'rebuild',
      'CREATE TABLE "t" (a INTEGER, PRIMARY KEY (a AUTOINCREMENT))',
    ],
    [
      'setStrict',
      'CREATE TABLE t (a INTEGER, b ANY)',
      (t) => t.setStrict('on'),
      'rebuild',
      'CREATE TABLE "t" (a INTEGER, b ANY) STRICT',
    ],
    [
      'setWithoutRowid',
      'CREATE TABLE t (a PRIMARY KEY, b) STRICT'.replace('a P', 'a INT P').replace('b)', 'b INT)'),
      (t) => t.setWithoutRowid('on'),
      'rebuild',
      'CREATE TABLE "t" (a INT PRIMARY KEY, b INT) STRICT, WITHOUT ROWID',
    ],
    [
      'setStrict off',
      'CREATE TABLE t (a INT, b INT) STRICT',
      (t) => t.setStrict('off'),
      'rebuild',
      'CREATE TABLE "t" (a INT, b INT)',
    ],
    [
      'setStrict off before another',
      'CREATE TABLE t (a INT PRIMARY KEY, b INT) STRICT, WITHOUT ROWID',
      (t) => t.setStrict('off'),
      'rebuild',
      'CREATE TABLE "t" (a INT PRIMARY KEY, b INT) WITHOUT ROWID',
    ],
    [
      'setWithoutRowid off',
      'CREATE TABLE t (a INT PRIMARY KEY, b) without  rowid',
      (t) => t.setWithoutRowid('off'),
      'rebuild',
      'CREATE TABLE "t" (a INT PRIMARY KEY, b)',
    ],
    [
      'setGenerated',
      'CREATE TABLE t (a, b)',
      (t) => t.setGenerated('b', 'a', { lossy: 'allow' }),
      'rebuild',
      'CREATE TABLE "t" (a, b GENERATED ALWAYS AS (a) VIRTUAL)',
    ],
    [
      'dropGenerated',
      'CREATE TABLE t (a, b AS (a))',
      (t) => t.dropGenerated('b'),
      'rebuild',
      'CREATE TABLE "t" (a, b)',
    ],
    [
      'a column named as a keyword',
      'CREATE TABLE t ("check" INT, [not null] INT, `unique` TEXT)',
      (t) => t.setDefault('not null', "it's"),
      'rebuild',
      `CREATE TABLE "t" ("check" INT, [not null] INT DEFAULT 'it''s', \`unique\` TEXT)`,
    ],
    [
      'a table of AS SELECT',
      'CREATE TABLE t AS SELECT 1 AS a, 2 AS b',
      (t) => t.setDefault('a', null),
      'rebuild',
      'CREATE TABLE "t"(a DEFAULT NULL,b)',
    ],
  ])('does %s by the cheapest safe way (R13)', (_name, sql, change, path, expected) => {
    const db = make(sql);
    const columns = db
      .prepare("SELECT name FROM pragma_table_xinfo('t') WHERE hidden = 0")
      .pluck()
      .all() as string[];
    db.exec(
      `INSERT INTO t DEFAULT VALUES`.replace(
        'DEFAULT VALUES',
        `("${columns.join('", "')}") VALUES (${columns.map((_, at) => at + 1).join()})`,
      ),
    );
    const count = db.prepare('SELECT count(*) FROM t').pluck();
    const rows = count.get();
    const receipt = alterTable(db, 't', change);
    expect(sqlOf(db)).toBe(expected);
    expect(receipt.path).toBe(path);
    expect(receipt.rows > 0).toBe(path === 'rebuild');
    expect(db.prepare('SELECT count(*) FROM t').pluck().get()).toBe(rows);
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
  });

  it.each<[string, string, Change, string]>([
    ['no such table', 'CREATE TABLE u (a)', (t) => t.setNotNull('a'), 'there is no such table'],
    ['a view (R21)', 'CREATE VIEW t AS SELECT 1 AS a', (t) => t.setNotNull('a'), 'it is a view'],
    [
      'a virtual table (R21)',
      'CREATE VIRTUAL TABLE t USING fts5(a)',
      (t) => t.dropColumn('a'),
      'it is a virtual table',
    ],
    [
      'a hidden table',
      'CREATE TABLE t (a); CREATE TEMP TABLE t (b)',
      (t) => t.setNotNull('a'),
      'a temporary table or view',
    ],
    ['no such column', 'CREATE TABLE t (a)', (t) => t.setNotNull('b'), 'it has no column b'],
    ['a column twice', 'CREATE TABLE t (a)', (t) => t.addColumn('A'), 'it has a column A already'],
    [
      'two columns as one',
      'CREATE TABLE t (a)',
      (t) => t.addColumn('b', 'INT, c INT'),
      'is not that of one column',
    ],
    [
      'a definition that SQLite does not take',
      'CREATE TABLE t (a)',
      (t) => t.setStrict('on'),
      'SQLite does not take its new definition',
    ],
    [
      'rows with NULL',
      'CREATE TABLE t (a); INSERT INTO t VALUES (1), (NULL), (NULL)',
      (t) => t.setNotNull('a'),
      'in 2 rows a is NULL. Rows: rowid 2; rowid 3',
    ],
    [
      'rows with NULL in a rebuild',
      'CREATE TABLE t (a); INSERT INTO t VALUES (1), (NULL)',
      (t) => t.setNotNull('a').setDefault('a', 0),
      'NOT NULL constraint failed: t.a. 1 row does not keep to it. Rows: rowid 2',
    ],
    [
      'a NOT NULL column without a default',
      'CREATE TABLE t (a); INSERT INTO t VALUES (1)',
      (t) => t.addColumn('b', 'NOT NULL'),
      'NOT NULL constraint failed: t.b',
    ],
    [
      'rows that fail a CHECK',
      "CREATE TABLE t (k TEXT PRIMARY KEY, a); INSERT INTO t VALUES ('x', 1), ('y', -1)",
      (t) => t.addCheck('a > 0'),
      'CHECK (a > 0) is false. Rows: rowid 2',
    ],
    [
      'rows that fail a CHECK in a rebuild',
      "CREATE TABLE t (k TEXT PRIMARY KEY, a) WITHOUT ROWID; INSERT INTO t VALUES ('x', 1), ('y', -1)",
      (t) => t.addCheck('a > 0', { name: 'big' }).setDefault('a', 2),
      "CHECK constraint failed: big. 1 row does not keep to it. Rows: k 'y'",
    ],
    [
      'rows that are the same',
      "CREATE TABLE t (a COLLATE NOCASE); INSERT INTO t VALUES ('x'), ('X'), ('y')",
      (t) => t.addUnique(['a']),
      "UNIQUE constraint failed: t.a. 2 rows do not keep to it. Rows: rowid 1: 'x'; rowid 2: 'X'",
    ],
    [
      'rows that STRICT does not take',
      "CREATE TABLE t (a INT, b TEXT); INSERT INTO t VALUES ('12x', 'a'), ('12', 'b'), (NULL, x'00')",
      (t) => t.setStrict('on'),
      "Rows: rowid 1: '12x'",
    ],
    [
      "'007' to 7 (R17)",
      "CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('007'), ('42'), ('1e3'), ('x'), (NULL)",
      (t) => t.setType('a', 'INTEGER'),
      "2 values of a would be altered beyond return. Rows: '007' would be 7; '1e3' would be 1000",
    ],
    [
      '2^53+1 to a REAL (R17)',
      'CREATE TABLE t (a INT); INSERT INTO t VALUES (9007199254740993), (9007199254740992)',
      (t) => t.setType('a', 'REAL'),
      '1 value of a would be altered',
    ],
    [
      'values of ANY that is no more STRICT (R17)',
      "CREATE TABLE t (a ANY) STRICT; INSERT INTO t VALUES ('007')",
      (t) => t.setStrict('off'),
      "'007' would be 7",
    ],
    [
      'a lossy type without rowids (R17)',
      "CREATE TABLE t (k PRIMARY KEY, a) WITHOUT ROWID; INSERT INTO t VALUES (1, '01')",
      (t) => t.setType('a', 'INT'),
      "'01' would be 1",
    ],
    [
      'values that a generated column would not have',
      'CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 2)',
      (t) => t.setGenerated('b', 'a'),
      '2 would be 1',
    ],
    [
      'NULL that would get a number',
      'CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (NULL)',
      (t) => t.setPrimaryKey(['a']),
      'altered beyond return',
    ],
    [
      'a text as a rowid',
      "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1), ('x')",
      (t) => t.setPrimaryKey(['a']),
      "datatype mismatch in column a. 1 row does not keep to it. Rows: rowid 2: 'x'",
    ],
    [
      'a column that an index names',
      'CREATE TABLE t (a, b); CREATE INDEX i ON t (a) WHERE b > 0',
      (t) => t.dropColumn('b'),
      'it is named by index i',
    ],
    [
      'a column that a trigger waits for',
      'CREATE TABLE t (a, b); CREATE TRIGGER g AFTER UPDATE OF b ON t BEGIN SELECT 1; END',
      (t) => t.dropColumn('b'),
      'it is named by trigger g',
    ],
    [
      'a column that a trigger uses',
      'CREATE TABLE t (a, b); CREATE TRIGGER g AFTER UPDATE ON t BEGIN SELECT new.b; END',
      (t) => t.dropColumn('b').setDefault('a', 1),
      'trigger g (no such column: new.b)',
    ],
    [
      'a column that a trigger elsewhere uses',
      'CREATE TABLE t (a, b); CREATE TABLE u (x); CREATE TRIGGER g AFTER INSERT ON u BEGIN UPDATE t SET b = 1; END',
      (t) => t.dropColumn('b').setDefault('a', 1),
      'trigger g (no such column: b)',
    ],
    [
      'a column that a view names',
      'CREATE TABLE t (a, b); CREATE VIEW v AS SELECT b FROM t',
      (t) => t.dropColumn('b').setDefault('a', 1),
      'view v (no such column: b)',
    ],
    [
      'a column that a view names, in place',
      'CREATE TABLE t (a, b); CREATE VIEW v AS SELECT b FROM t',
      (t) => t.dropColumn('b'),
      'error in view v',
    ],
    [
      'a column that a child refers to',
      'CREATE TABLE t (a, b UNIQUE); CREATE TABLE c (x REFERENCES t (b))',
      (t) => t.dropColumn('b'),
      'it is named by a foreign key of c',
    ],
    [
      'a column that a CHECK names',
      'CREATE TABLE t (a, b, CONSTRAINT k CHECK (a < b))',
      (t) => t.dropColumn('b'),
      'CONSTRAINT k CHECK (a < b) names it',
    ],
    [
      'a column that is the primary key',
      'CREATE TABLE t (a PRIMARY KEY, b)',
      (t) => t.dropColumn('a'),
      'its PRIMARY KEY names it',
    ],
    [
      'a UNIQUE that a child needs',
      'CREATE TABLE t (a, b UNIQUE); CREATE TABLE c (x REFERENCES t (b))',
      (t) => t.dropUnique(['b']),
      'a foreign key would no longer work: foreign key mismatch',
    ],
    [
      'orphans of a new foreign key (R6)',
      'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a); INSERT INTO t VALUES (5)',
      (t) => t.addForeignKey({ columns: ['a'], references: 'p' }),
      'Rows: t rowid 1: a = 5 is not in p',
    ],
    [
      'to rename what FTS5 reads (R20)',
      "CREATE TABLE t (a); CREATE VIRTUAL TABLE f USING fts5(a, content='t')",
      (t) => t.renameTo('u'),
      'the virtual table f reads its content',
    ],
    [
      'to rename a column that FTS5 reads (R20)',
      'CREATE TABLE t (a); CREATE VIRTUAL TABLE f USING fts5(a, content=t)',
      (t) => t.renameColumn('a', 'b'),
      'its column a cannot be renamed',
    ],
    [
      'to drop a column that FTS5 reads (R20)',
      'CREATE TABLE t (a, b); CREATE VIRTUAL TABLE f USING fts5(a, content="t")',
      (t) => t.dropColumn('a'),
      'it is named by virtual table f',
    ],
    [
      'to move rows that FTS5 finds (R20)',
      "CREATE TABLE t (a PRIMARY KEY); CREATE VIRTUAL TABLE f USING fts5(a, content='t')",
      (t) => t.setWithoutRowid('on'),
      'its rowids would change',
    ],
    [
      'to rename beside a broken view',
      'CREATE TABLE t (a); CREATE VIEW v AS SELECT x FROM nowhere',
      (t) => t.renameColumn('a', 'b'),
      'error in view v',
    ],
    [
      'AUTOINCREMENT without a key',
      'CREATE TABLE t (a)',
      (t) => t.setAutoincrement('on'),
      'AUTOINCREMENT needs a primary key',
    ],
    ['a CHECK that is not there', 'CREATE TABLE t (a)', (t) => t.dropCheck('k'), 'it has no CHECK named k'],
  ])('refuses %s, and leaves all as it was', (_name, sql, change, words) => {
    const db = make(sql);
    const before = picture(db);
    expect(() => alterTable(db, 't', change)).toThrow(
      expect.objectContaining({
        code: 'DECANT_ALTER_TABLE',
        message: expect.stringContaining(words),
        hint: expect.stringMatching(/./),
      }),
    );
    expect(picture(db)).toEqual(before);
  });

  it("changes values where that is declared: '007' is 7 then (R17)", () => {
    const db = make("CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('007'), ('x')");
    alterTable(db, 't', (table) => table.setType('a', 'INTEGER', { lossy: 'allow' }));
    expect(db.prepare('SELECT a, typeof(a) FROM t').raw().all()).toEqual([
      [7, 'integer'],
      ['x', 'text'],
    ]);
  });

  it('fills a new column from the old row', () => {
    const db = make("CREATE TABLE t (a); INSERT INTO t VALUES ('A'), ('B')");
    alterTable(db, 't', (table) => table.addColumn('b', 'TEXT NOT NULL', { from: 'lower(a)' }));
    expect(db.prepare('SELECT * FROM t').raw().all()).toEqual([
      ['A', 'a'],
      ['B', 'b'],
    ]);
  });

  it('empties a column that is dropped and added again', () => {
    const db = make('CREATE TABLE t (a, b UNIQUE); INSERT INTO t VALUES (1, 2)');
    alterTable(db, 't', (table) => table.dropColumn('b').addColumn('b', 'UNIQUE'));
    expect(db.prepare('SELECT * FROM t').raw().all()).toEqual([[1, null]]);
  });

  it('renames a table in all that names it, with its statistics', () => {
    const db = tortured('DROP TRIGGER users_found; DROP TRIGGER users_lost; DROP TABLE found');
    const receipt = alterTable(db, 'users', (table) => table.renameColumn('age', 'years').renameTo('people'));
    expect(receipt).toMatchObject({ table: 'people', path: 'native', dropped: [], rows: 0 });
    expect(sqlOf(db, 'posts')).toContain('REFERENCES "people" (id)');
    expect(db.prepare("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'users'").pluck().get()).toBe(0);
    expect(db.prepare("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'people'").pluck().get()).toBe(4);
    expect(db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'people'").pluck().get()).toBe(20);
  });
});

describe('the rebuild', () => {
  it('keeps hidden rowids, whatever columns are called (R15)', () => {
    const db = make(
      'CREATE TABLE t (rowid, oid, a); INSERT INTO t (_rowid_, rowid, oid, a) VALUES (7, 1, 2, 3), (3, 4, 5, 6)',
    );
    alterTable(db, 't', (table) => table.setDefault('a', 1));
    expect(db.prepare('SELECT _rowid_, * FROM t').raw().all()).toEqual([
      [3, 4, 5, 6],
      [7, 1, 2, 3],
    ]);
  });

  it('copies a table whose columns have taken all names of the rowid (R15)', () => {
    const db = make('CREATE TABLE t (rowid, oid, _rowid_); INSERT INTO t VALUES (1, 2, 3), (4, 5, 6)');
    alterTable(db, 't', (table) => table.setDefault('oid', 1));
    expect(db.prepare('SELECT * FROM t').raw().all()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });

  it('keeps the rowid of a key that is not one any more', () => {
    const db = make('CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES (7, 1), (3, 2)');
    alterTable(db, 't', (table) => table.setPrimaryKey(['a']));
    expect(db.prepare('SELECT rowid, id, a FROM t ORDER BY a').raw().all()).toEqual([
      [7, 7, 1],
      [3, 3, 2],
    ]);
  });

  it("keeps AUTOINCREMENT's mark of an empty table (R14)", () => {
    const db = make(
      'CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO t VALUES (41); DELETE FROM t',
    );
    const receipt = alterTable(db, 't', (table) => table.addCheck('id > 0').addUnique(['id']));
    expect(receipt.kept).toContainEqual({ kind: 'sequence', name: 'sequence' });
    expect(db.prepare('INSERT INTO t DEFAULT VALUES RETURNING id').pluck().get()).toBe(42);
    expect(db.prepare('SELECT count(*) FROM sqlite_sequence').pluck().get()).toBe(1);
  });

  it('drops no row for an ON CONFLICT of the definition', () => {
    const db = make('CREATE TABLE t (a); INSERT INTO t VALUES (1), (1)');
    expect(() => rebuildTable(db, 't', { sql: 'CREATE TABLE t (a UNIQUE ON CONFLICT IGNORE)' })).toThrow(
      'UNIQUE constraint failed: t.a',
    );
  });

  it('works beside broken views and triggers, and leaves their text alone (R9)', () => {
    const db = tortured(
      'CREATE VIEW broken AS SELECT x FROM nowhere; CREATE TRIGGER bad AFTER INSERT ON log BEGIN SELECT zilch FROM users; END',
    );
    const before = picture(db).schema.filter(({ type }) => type !== 'table');
    alterTable(db, 'users', (table) => table.setDefault('age', 1));
    expect(picture(db).schema.filter(({ type }) => type !== 'table')).toEqual(before);
  });

  it('never takes a name that is taken, and reports what other tools left (R22)', () => {
    const db =
      make(`CREATE TABLE T (a); CREATE TABLE _DECANT_NEW_T (x); CREATE INDEX _decant_new_T_1 ON t (a);
      CREATE TABLE __new_t (y)`);
    const receipt = alterTable(db, 't', (table) => table.setDefault('a', 1));
    expect(receipt.warnings).toEqual([
      'The table _DECANT_NEW_T looks like what another tool left behind; it was not touched.',
      'The table __new_t looks like what another tool left behind; it was not touched.',
    ]);
    expect(receipt.statements[0]).toContain('"_decant_new_T_2"');
    expect(sqlOf(db, '_DECANT_NEW_T')).toBe('CREATE TABLE _DECANT_NEW_T (x)');
  });

  it('leaves the planner as clever as it was (R19)', () => {
    const db = make(`CREATE TABLE t (a, b, c); CREATE INDEX by_a ON t (a); CREATE INDEX by_b ON t (b);
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO t SELECT 1, i, i FROM n;
      ANALYZE`);
    const plan = (): unknown => db.prepare('EXPLAIN QUERY PLAN SELECT c FROM t WHERE a = 1 AND b = 5').all();
    const before = plan();
    expect(JSON.stringify(before)).toContain('by_b');
    alterTable(db, 't', (table) => table.setDefault('c', 1));
    expect(plan()).toEqual(before);
  });

  it('counts what it has copied, and takes no one at their word', () => {
    const db = make('CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3)');
    const cheating = executing(db, (sql) => (sql.startsWith('INSERT OR ABORT') ? `${sql} LIMIT 2` : sql));
    expect(() => alterTable(cheating, 't', (table) => table.setDefault('a', 1))).toThrow(
      'of its 3 rows, 2 would be left',
    );
    expect(db.prepare('SELECT count(*) FROM t').pluck().get()).toBe(3);
  });

  it('makes indexes and triggers again in the order in which they were made (R11, R12)', () => {
    const db = tortured();
    const order = db
      .prepare(
        "SELECT name FROM sqlite_schema WHERE tbl_name = 'users' AND sql IS NOT NULL AND type <> 'table' ORDER BY rowid",
      )
      .pluck();
    const before = order.all();
    alterTable(db, 'users', (table) => table.setDefault('age', 1));
    expect(order.all()).toEqual(before);
    expect(before).toHaveLength(7);
  });

  it('takes any name, in any case (R14, R19, R22)', () => {
    const name = `we"ird 'tä.ble]`;
    const quoted = `"${name.replaceAll('"', '""')}"`;
    const db =
      make(`CREATE TABLE ${quoted} (id INTEGER PRIMARY KEY AUTOINCREMENT, a); INSERT INTO ${quoted} VALUES (9, 1);
      CREATE INDEX i ON ${quoted} (a); CREATE TRIGGER g AFTER INSERT ON ${quoted} BEGIN SELECT 1; END; ANALYZE`);
    const receipt = alterTable(db, name.replace('ird', 'IRD'), (table) => table.setDefault('a', 1));
    expect(receipt).toMatchObject({ table: name, rows: 1, dropped: [] });
    expect(receipt.kept).toHaveLength(5);
  });

  it('keeps a temporary trigger temporary, however it was made (R9)', () => {
    const db = tortured(
      'CREATE TRIGGER IF NOT EXISTS temp . watch2 AFTER DELETE ON main.users BEGIN SELECT 1; END',
    );
    const stored = db.prepare('SELECT name, sql FROM temp.sqlite_schema ORDER BY name');
    const before = stored.all();
    alterTable(db, 'users', (table) => table.setDefault('age', 1));
    expect(stored.all()).toEqual(before);
    expect(before).toHaveLength(4);
  });

  it('does not care how the connection reads integers', () => {
    const db = make("CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('007')");
    db.defaultSafeIntegers(true);
    expect(() => alterTable(db, 't', (table) => table.setType('a', 'INTEGER'))).toThrow('1 value of a');
    expect(alterTable(db, 't', (table) => table.setDefault('a', 1)).rows).toBe(1);
  });

  it('refuses the tables in which FTS5 keeps its index (R21)', () => {
    const db = tortured();
    expect(() => alterTable(db, 'found_data', (table) => table.setDefault('id', 1))).toThrow(
      'where a virtual table keeps its data',
    );
  });

  it('says which rows fail a CHECK that names the table', () => {
    const db = make('CREATE TABLE t (a); INSERT INTO t VALUES (1), (-1)');
    expect(() => alterTable(db, 't', (table) => table.addCheck('t.a > 0').setDefault('a', 1))).toThrow(
      'Rows: rowid 2.',
    );
  });

  it('tells what it kept, changed and dropped', () => {
    const db = tortured();
    const receipt = alterTable(db, 'users', (table) =>
      table.dropColumn('legacy').setType('age', 'INTEGER').addColumn('x', 'UNIQUE'),
    );
    expect(receipt).toMatchObject({ path: 'rebuild', rows: 5, table: 'users', warnings: [] });
    expect(receipt.dropped).toEqual([{ kind: 'column', name: 'legacy' }]);
    expect(receipt.changed).toEqual([{ kind: 'column', name: 'age' }]);
    expect(receipt.added).toEqual([{ kind: 'column', name: 'x' }]);
    expect(receipt.kept.map(({ kind, name }) => `${kind} ${name}`)).toEqual(
      expect.arrayContaining([
        'index by_low',
        'trigger watch',
        'view adults',
        'view young',
        'trigger posts_insert',
        'statistics by_age',
        'sequence sequence',
        'column email',
      ]),
    );
    expect(healthOf(db)).toMatchObject({ integrity: [{ integrity_check: 'ok' }] });
  });
});

describe('the rebuild of what FTS5 reads', () => {
  it('makes the index anew where the words change: 7.0 to 7 (R20)', () => {
    const db = make(`CREATE TABLE t (a REAL); CREATE VIRTUAL TABLE f USING fts5(a, content='t');
      INSERT INTO t VALUES (7); INSERT INTO f (f) VALUES ('rebuild')`);
    alterTable(db, 't', (table) => table.setType('a', 'INTEGER'));
    db.exec("INSERT INTO f (f, rank) VALUES ('integrity-check', 1)");
    expect(db.prepare("SELECT rowid FROM f WHERE f MATCH '7'").pluck().all()).toEqual([1]);
  });
});

describe('rebuildTable', () => {
  it('gives a table the definition that is written, and columns what is said', () => {
    const db = make(
      "CREATE TABLE users (id INTEGER PRIMARY KEY, first, last); INSERT INTO users VALUES (5, 'A', 'B'); CREATE INDEX i ON users (id)",
    );
    const receipt = rebuildTable(db, 'users', {
      sql: 'CREATE TABLE users (id INTEGER PRIMARY KEY, full_name TEXT NOT NULL)',
      copy: { full_name: "first || ' ' || last" },
    });
    expect(receipt).toMatchObject({ path: 'rebuild', rows: 1 });
    expect(contentOf(db, 'users')).toEqual(['5 | integer 35 | text 412042']);
    expect(sqlOf(db, 'i')).toBe('CREATE INDEX i ON users (id)');
  });

  it.each([
    ['another table', { sql: 'CREATE TABLE u (a, b)' }, 'is that of another table'],
    ['a temporary table', { sql: 'CREATE TEMP TABLE t (a, b)' }, 'is that of another table'],
    ['no definition', { sql: 'CREATE TABLE t AS SELECT 1' }, 'this is no CREATE TABLE'],
    ['a column that is not mentioned', { sql: 'CREATE TABLE t (a)' }, 'the values of b would be lost'],
    [
      'what is unknown',
      { sql: 'CREATE TABLE t (a, b)', copy: { c: '1' } },
      'the new definition has no column c',
    ],
    [
      'an expression that is none',
      { sql: 'CREATE TABLE t (a, b)', copy: { b: 'nope' } },
      'SQLite says: no such column: nope',
    ],
    [
      'nothing in common',
      { sql: 'CREATE TABLE t (c INTEGER PRIMARY KEY)', drop: ['a', 'b'] },
      'nothing in common',
    ],
  ])('refuses %s', (_name, plan, words) => {
    const db = make('CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 2)');
    const before = picture(db);
    expect(() => rebuildTable(db, 't', plan)).toThrow(
      expect.objectContaining({ code: 'DECANT_ALTER_TABLE', message: expect.stringContaining(words) }),
    );
    expect(picture(db)).toEqual(before);
  });

  it('drops what it is told to', () => {
    const db = make('CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 2)');
    expect(rebuildTable(db, 't', { sql: 'CREATE TABLE t (a)', drop: ['b'] }).dropped).toEqual([
      { kind: 'column', name: 'b' },
    ]);
  });
});

describe('transactions', () => {
  it('refuses a transaction that it did not begin (R3)', () => {
    const db = make('CREATE TABLE t (a)');
    db.exec('BEGIN');
    expect(() => alterTable(db, 't', (table) => table.setDefault('a', 1))).toThrow(
      'in a transaction that Decant did not begin',
    );
    expect(db.inTransaction).toBe(true);
  });

  it.each([0, 1])('leaves pragmas as they were: %i (R4)', (state) => {
    const db = make('CREATE TABLE t (a); INSERT INTO t VALUES (NULL)');
    db.pragma(`foreign_keys = ${state}`);
    db.pragma(`legacy_alter_table = ${state}`);
    const before = picture(db).pragmas;
    alterTable(db, 't', (table) => table.setDefault('a', 1));
    expect(() => alterTable(db, 't', (table) => table.setNotNull('a'))).toThrow();
    expect(picture(db).pragmas).toEqual(before);
  });

  it('works in a migration: it tells what it does, and leaves the transaction open', () => {
    const db = make('CREATE TABLE t (a); CREATE TABLE c (x REFERENCES t (a))');
    const told: string[] = [];
    const handle = scoped(db, told);
    db.pragma('foreign_keys = OFF');
    db.exec('BEGIN');
    expect(scopeOf(handle)).toBeDefined();
    alterTable(handle, 't', (table) => table.setDefault('a', 1).renameTo('u'));
    rebuildTable(handle, 'u', { sql: 'CREATE TABLE u (a DEFAULT 1)' });
    expect(told).toEqual(['redefines t', 'renames t u', 'redefines u']);
    expect(() => alterTable(handle, 'u', (table) => table.setNotNull('b'))).toThrow();
    expect(db.inTransaction).toBe(true);
    expect(sqlOf(db, 'u')).toBe('CREATE TABLE "u" (a DEFAULT 1)');
  });

  it('refuses a rebuild where foreign keys are enforced, and does what needs none', () => {
    const db = make('CREATE TABLE t (a); INSERT INTO t VALUES (1)');
    db.pragma('foreign_keys = ON');
    db.exec('BEGIN');
    const handle = scoped(db, []);
    expect(() => alterTable(handle, 't', (table) => table.setDefault('a', 1))).toThrow(
      'foreign keys that are enforced',
    );
    expect(alterTable(handle, 't', (table) => table.setNotNull('a')).path).toBe('native');
  });
});

function scoped(db: Handle, told: string[]): Handle {
  const scope: MigrationScope = {
    connection: db,
    foreignKeys: 'off',
    exec: (sql) => void db.exec(sql),
    redefines: (table) => void told.push(`redefines ${table}`),
    renames: (from, to) => void told.push(`renames ${from} ${to}`),
    run: (statement, values) => statement.run(values).changes,
    writes: () => undefined,
    progress: () => undefined,
    ledger: undefined,
    meets: () => undefined,
    parks: () => undefined,
    begins: () => undefined,
    warns: () => undefined,
  };
  return Object.assign(Object.create(db) as Handle, { [SCOPE_KEY]: scope });
}

const RENAME_AND_REBUILD: Change = (table) =>
  table.renameColumn('legacy', 'old').setType('age', 'INTEGER').setDefault('old', 'x');

/** What is around the statements of a rebuild. */
const FRAME = /^(?:BEGIN|COMMIT|PRAGMA foreign_keys)/;

describe('alterTableSql', () => {
  it('gives the statements that alterTable runs, with its transaction, and changes nothing', () => {
    const db = tortured();
    const before = picture(db);
    const all = alterTableSql(db, 'users', RENAME_AND_REBUILD);
    const statements = all.filter((sql) => !FRAME.test(sql));
    expect(all.slice(0, 2)).toEqual(['PRAGMA foreign_keys = OFF', 'BEGIN IMMEDIATE']);
    expect(picture(db)).toEqual(before);
    expect(alterTable(db, 'users', RENAME_AND_REBUILD).statements).toEqual(statements);
    expect(statements[0]).toBe('ALTER TABLE main."users" RENAME COLUMN "legacy" TO "old"');
  });

  it('copies nothing where a statement would be enough to say', () => {
    const db = make('CREATE TABLE t (a); INSERT INTO t VALUES (NULL)');
    expect(alterTableSql(db, 't', (table) => table.setNotNull('a').setDefault('a', 1))[3]).toMatch(
      /^INSERT OR ABORT/,
    );
  });
});

describe('a failure at any statement', () => {
  it.each<[string, Change]>([
    ['a rebuild', (t) => t.dropColumn('legacy').setType('age', 'INTEGER')],
    ['a rename', (t) => t.renameColumn('legacy', 'old').setNotNull('id').addCheck('id > 0')],
    ['both', (t) => t.renameColumn('legacy', 'old').setDefault('old', 'y')],
  ])('leaves all as it was: %s (R23)', (_name, change) => {
    const db = tortured();
    const before = picture(db);
    const count = alterTableSql(db, 'users', change).filter((sql) => !FRAME.test(sql)).length;
    for (let failing = 0; failing < count; failing++) {
      expect(() => alterTable(breaking(db, failing), 'users', change)).toThrow('injected');
      expect(picture(db)).toEqual(before);
    }
    expect(count).toBeGreaterThan(2);
    expect(alterTable(breaking(db, count), 'users', change).statements).toHaveLength(count);
  });
});

/** A connection that fails before the statement of this number, of those that are not about transactions. */
function breaking(db: Handle, failing: number): Handle {
  let at = 0;
  return executing(db, (sql) => {
    if (!/^(?:BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)/.test(sql) && at++ === failing)
      throw new Error('injected');
    return sql;
  });
}

/** A connection that executes something else. */
function executing(db: Handle, instead: (sql: string) => string): Handle {
  return new Proxy(db, {
    get: (target, key) => {
      if (key === 'exec') return (sql: string) => target.exec(instead(sql));
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

describe('a full disk', () => {
  it('is told as SQLite tells it, and not taken for a wrong definition', () => {
    const db = new Database(':memory:');
    db.exec('CREATE TABLE t (a)');
    db.pragma(`max_page_count = ${String(db.pragma('page_count', { simple: true }))}`);
    const error = errorOf(() => alterTable(db, 't', (t) => t.addCheck('a > 0').setDefault('a', 1)));
    expect(error).toMatchObject({ code: 'SQLITE_FULL' });
    expect(sqlOf(db, 't')).toBe('CREATE TABLE t (a)');
    db.close();
  });
});
