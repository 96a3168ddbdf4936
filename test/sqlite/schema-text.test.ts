import { describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { schemaDiff } from '../../src/sqlite/schema-diff.js';
import { normalSql, schemaOf, schemaText } from '../../src/sqlite/schema-text.js';

describe('normalSql', () => {
  it.each<[what: string, one: string, other: string]>([
    ['white space', 'CREATE TABLE t (a  INT,\n b)', 'CREATE TABLE t(a INT,b)'],
    ['comments', 'CREATE TABLE t (a -- the first,\n, b /* ) */)', 'CREATE TABLE t (a, b)'],
    ['the case of keywords', 'create table t (a int not null)', 'CREATE TABLE t (a int NOT NULL)'],
    ['needless quotes', 'CREATE TABLE "t" ([a] `INT`)', 'CREATE TABLE t (a INT)'],
    ['quotes of a column that is called as a keyword is', 'CREATE TABLE t ("key")', 'CREATE TABLE t (key)'],
    [
      'commas between constraints',
      'CREATE TABLE t (a, CHECK(a) CHECK(1))',
      'CREATE TABLE t (a,CHECK (a),CHECK (1))',
    ],
    ['an index', 'create index "i" on t( a desc )', 'CREATE INDEX i ON "t" (a DESC)'],
    ['a view', 'CREATE VIEW v AS select a\nfrom t', 'CREATE VIEW v AS SELECT a FROM t'],
    [
      'a trigger',
      'CREATE TRIGGER x AFTER INSERT ON t begin select 1 ; end',
      'CREATE TRIGGER x AFTER INSERT ON t BEGIN\n  SELECT 1;\nEND',
    ],
  ])('makes no difference of %s', (_what, one, other) => {
    expect(normalSql(one)).toBe(normalSql(other));
  });

  it.each<[what: string, one: string, other: string]>([
    ['the case of a text', "CREATE TABLE t (a DEFAULT 'x')", "CREATE TABLE t (a DEFAULT 'X')"],
    ['the space in a text', "CREATE TABLE t (a DEFAULT 'x y')", "CREATE TABLE t (a DEFAULT 'x  y')"],
    ['a name and a keyword', 'CREATE INDEX i ON t (CURRENT_DATE)', 'CREATE INDEX i ON t ("CURRENT_DATE")'],
    ['quotes that are needed', 'CREATE TABLE t ("a b")', 'CREATE TABLE t (a b)'],
    ['the place of a column', 'CREATE TABLE t (a, b)', 'CREATE TABLE t (b, a)'],
    ['a sign', 'CREATE TABLE t (a DEFAULT -1)', 'CREATE TABLE t (a DEFAULT +1)'],
    ['options', 'CREATE TABLE t (a INT) STRICT', 'CREATE TABLE t (a INT)'],
  ])('tells apart: %s', (_what, one, other) => {
    expect(normalSql(one)).not.toBe(normalSql(other));
  });

  it('has a line for each column, constraint, clause and statement, and reads well', () => {
    const db = new Database(':memory:');
    db.exec(
      `
      CREATE TABLE a (id INTEGER PRIMARY KEY, "my key" DECIMAL(10,2) NOT NULL DEFAULT(-1.5e3) CHECK("my key">=-1 AND "my key"-1<length('x')),
        b REFERENCES a("id") ON DELETE SET NULL, UNIQUE(b,"my key")) STRICT`
        .replace('DECIMAL(10,2)', 'REAL')
        .replace(' b REF', ' b ANY REF'),
    );
    db.exec(`CREATE INDEX i ON a(b DESC, lower(b)) WHERE b IS NOT NULL;
      CREATE VIEW v AS SELECT a.b, count(*) FROM a JOIN (SELECT 1 FROM a) ON true WHERE b IN (1,2) UNION ALL SELECT 1, 2;
      CREATE TRIGGER t AFTER UPDATE OF b ON a BEGIN SELECT CASE WHEN 1 THEN 2 END; DELETE FROM a WHERE id=old.id; END;`);
    expect(schemaText(schemaOf(db))).toBe(`CREATE TABLE a (
  id INTEGER PRIMARY KEY,
  "my key" REAL NOT NULL DEFAULT (-1.5e3) CHECK ("my key" >= -1 AND "my key" - 1 < length('x')),
  b ANY REFERENCES a(id) ON DELETE SET NULL,
  UNIQUE (b, "my key")
) STRICT;

CREATE INDEX i ON a(b DESC, lower(b)) WHERE b IS NOT NULL;

CREATE TRIGGER t AFTER UPDATE OF b ON a BEGIN
  SELECT CASE WHEN 1 THEN 2 END;
  DELETE FROM a WHERE id = old.id;
END;

CREATE VIEW v AS
SELECT a.b, count(*)
FROM a JOIN (SELECT 1 FROM a) ON true
WHERE b IN (1, 2)
UNION ALL
SELECT 1, 2;
`);
  });

  it('is SQL that makes the same object, and its own normal form', () => {
    const db = new Database(':memory:');
    for (const sql of SAMPLES) db.exec(sql);
    const objects = schemaOf(db);
    expect(objects).toHaveLength(SAMPLES.length);
    const again = new Database(':memory:');
    for (const { sql } of objects.toSorted((a, b) => RANK[a.type] - RANK[b.type])) again.exec(sql);
    expect(schemaOf(again)).toEqual(objects);
  });
});

const RANK = { table: 0, view: 1, index: 2, trigger: 3 };

const SAMPLES = [
  'CREATE TABLE "order" ("group" TEXT COLLATE NOCASE, x INT GENERATED ALWAYS AS (1 - -2) STORED, "a""b", PRIMARY KEY ("group")) WITHOUT ROWID',
  `CREATE TABLE t (a TEXT DEFAULT 'it''s -- not a comment', b BLOB DEFAULT x'00', c CHECK (c NOT BETWEEN -1 AND ~1 OR c ->> '$.x' IS NOT NULL))`,
  'CREATE VIRTUAL TABLE f USING fts5 (a, content=\'t\', tokenize = "unicode61 remove_diacritics 2")',
  'CREATE UNIQUE INDEX "select" ON t (a COLLATE NOCASE DESC, -c) WHERE a <> \'\'',
  'CREATE TRIGGER g INSTEAD OF INSERT ON v WHEN new.a IS NOT NULL BEGIN INSERT INTO t (a) VALUES (new.a), (replace(new.a, 1, 2)); END',
  "CREATE VIEW v (a) AS WITH w AS (SELECT 1) SELECT a FROM t LEFT JOIN w WHERE a LIKE '%' ORDER BY 1",
].toSorted((one, other) => Number(one.includes('g INSTEAD')) - Number(other.includes('g INSTEAD')));

describe('schemaOf', () => {
  it("leaves out what is not the user's", () => {
    const db = new Database(':memory:');
    db.exec(`CREATE TABLE _migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE);
      CREATE TABLE _decant_batches (id); CREATE INDEX batches ON _decant_batches (id);
      CREATE TABLE _litestream_seq (id); CREATE TABLE decant (id UNIQUE); CREATE VIRTUAL TABLE f USING fts5 (a); ANALYZE`);
    expect(schemaOf(db).map(({ name }) => name)).toEqual(['decant', 'f']);
  });

  it('orders by kind and then by name', () => {
    const db = new Database(':memory:');
    db.exec('CREATE TABLE b (x); CREATE VIEW a AS SELECT 1; CREATE TABLE c (x); CREATE INDEX a_i ON c (x);');
    expect(schemaOf(db).map(({ type, name, table }) => [type, name, table])).toEqual([
      ['table', 'b', 'b'],
      ['table', 'c', 'c'],
      ['index', 'a_i', 'c'],
      ['view', 'a', 'a'],
    ]);
  });
});

describe('schemaDiff', () => {
  it('is empty where nothing differs', () => {
    expect(schemaDiff('CREATE TABLE t (a);\n', 'CREATE TABLE t (a);\n')).toBe('');
  });

  it('shows what is gone and what is new, with some lines around it', () => {
    const db = new Database(':memory:');
    db.exec('CREATE TABLE t (a, b, c, d, e, f, g, h)');
    const before = schemaText(schemaOf(db));
    db.exec('ALTER TABLE t DROP COLUMN b; ALTER TABLE t ADD COLUMN i INT DEFAULT 7');
    expect(schemaDiff(before, schemaText(schemaOf(db)))).toBe(`@@ -1,10 +1,10 @@
 CREATE TABLE t (
   a,
-  b,
   c,
   d,
   e,
   f,
   g,
-  h
+  h,
+  i INT DEFAULT 7
 );`);
  });
});
