import { describe, expect, it } from '@jest/globals';
import { healthOf, torture } from '../sqlite/torture.js';
import { contentOf, down, up, type Change } from './helpers.js';

// Beside the table of the torture: keys of each sort, and values that do not survive a way through JavaScript.
const MORE = `
CREATE TABLE plain (a, b TEXT, c REAL);
INSERT INTO plain (rowid, a, b, c) VALUES (5, 9007199254740993, CAST(x'ff00fe' AS TEXT), 1), (9, NULL, '', 2.5), (12, x'00', 'x', NULL), (13, '1', '1', 1);
CREATE TABLE pairs (x TEXT COLLATE NOCASE, y INTEGER, v, w INTEGER AS (y * 2) STORED, PRIMARY KEY (x, y)) WITHOUT ROWID;
INSERT INTO pairs (x, y, v) VALUES ('a', 1, 'one'), ('B', 1, 2.0), ('b', 2, NULL);
CREATE TABLE texts (code TEXT PRIMARY KEY, n INTEGER UNIQUE, note TEXT DEFAULT 'none') STRICT;
INSERT INTO texts (rowid, code, n, note) VALUES (7, 'k1', 1, 'x'), (3, 'k2', 2, NULL), (40, 'k3', 3, 'z');
CREATE TABLE loose (code TEXT PRIMARY KEY, v);
INSERT INTO loose (rowid, code, v) VALUES (2, NULL, 'first'), (4, NULL, 'second'), (6, 'c', 'third');
CREATE TABLE shadow (rowid TEXT, oid INTEGER PRIMARY KEY, v);
INSERT INTO shadow VALUES ('r1', 10, 'a'), ('r2', 20, 'b');
CREATE TABLE hidden (rowid TEXT, "_rowid_" INT, v);
INSERT INTO hidden (rowid, _rowid_, v) VALUES ('r1', 1, 'a'), ('r1', 1, 'a');
CREATE TABLE strange ("a b" INTEGER PRIMARY KEY, "select" TEXT, "q""q" TEXT, t TEXT, a TEXT, old TEXT, new TEXT);
INSERT INTO strange VALUES (1, 's', 'q', 't', 'a', 'o', 'n'), (-5, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE archive (k TEXT, title TEXT, n);
CREATE VIEW notes AS SELECT code, note FROM texts;
CREATE TRIGGER notes_set INSTEAD OF UPDATE ON notes BEGIN UPDATE texts SET note = new.note WHERE code = old.code; END;
CREATE INDEX plain_b ON plain (b COLLATE NOCASE DESC) WHERE b IS NOT NULL;
CREATE TABLE tally (n INTEGER);
INSERT INTO tally VALUES (0);
CREATE TRIGGER plain_count AFTER UPDATE ON plain BEGIN UPDATE tally SET n = n + 1; END;
CREATE TRIGGER plain_gone AFTER DELETE ON plain BEGIN UPDATE tally SET n = n + 100; END;
CREATE TRIGGER plain_come BEFORE INSERT ON plain BEGIN UPDATE tally SET n = n + 10000; END;
`;

const CASES: readonly (readonly [what: string, change: Change])[] = [
  [
    'createTable',
    (s) => s.createTable('CREATE TABLE made (id INTEGER PRIMARY KEY AUTOINCREMENT, x /* y */)'),
  ],
  [
    'createTable with rows',
    (s) =>
      s
        .createTable('CREATE TABLE made (id INTEGER PRIMARY KEY AUTOINCREMENT, x)')
        .insert('made', [{ x: 1 }, { x: 2 }]),
  ],
  [
    'dropTable of a table with everything',
    (s) => s.dropTable('likes').dropTable('posts').dropTable('bills').dropTable('orphans').dropTable('users'),
  ],
  ['dropTable of hidden rowids', (s) => s.dropTable('plain')],
  ['dropTable WITHOUT ROWID', (s) => s.dropTable('pairs')],
  ['dropTable STRICT', (s) => s.dropView('notes').dropTable('texts')],
  ['dropTable with a shadowed rowid', (s) => s.dropTable('shadow').dropTable('strange')],
  ['dropTable with NULL in its key', (s) => s.dropTable('loose')],
  ['addColumn', (s) => s.addColumn('plain', 'more', "TEXT NOT NULL DEFAULT 'd'")],
  ['addColumn from', (s) => s.addColumn('pairs', 'more', 'TEXT', { from: "x || '-' || y" })],
  ['addColumn to all of it', (s) => s.addColumn('users', 'more', 'INTEGER CHECK (more > 0)', { from: 'id' })],
  ['dropColumn', (s) => s.dropColumn('plain', 'a')],
  ['dropColumn in the middle, with a comment', (s) => s.dropColumn('users', 'legacy')],
  ['dropColumn WITHOUT ROWID', (s) => s.dropColumn('pairs', 'v')],
  ['dropColumn that is computed', (s) => s.dropColumn('pairs', 'w')],
  ['dropColumn by its index', (s) => s.dropIndex('plain_b').dropColumn('plain', 'b')],
  ['dropColumn STRICT', (s) => s.dropColumn('texts', 'n')],
  ['dropColumn with NULL in its key', (s) => s.dropColumn('loose', 'v')],
  [
    'dropColumn of strange names',
    (s) => s.dropColumn('strange', 'q"q').dropColumn('strange', 'select').dropColumn('strange', 't'),
  ],
  ['renameColumn', (s) => s.renameColumn('plain', 'b', 'bee')],
  ['renameColumn in all that names it', (s) => s.renameColumn('users', 'age', 'years')],
  ['renameColumn of strange names', (s) => s.renameColumn('strange', 'select', 'from')],
  ['renameTable', (s) => s.renameTable('plain', 'fancy')],
  [
    'renameTable in all that names it',
    (s) => s.renameTable('texts', 'Words').renameTable('posts', 'articles'),
  ],
  ['alterColumn', (s) => s.alterColumn('users', 'legacy', { notNull: false, default: 'new' })],
  ['alterColumn with a type', (s) => s.alterColumn('plain', 'a', { type: 'TEXT', lossy: 'allow' })],
  ['alterColumn of a key', (s) => s.alterColumn('loose', 'code', { type: 'BLOB', collate: 'NOCASE' })],
  [
    'alterColumn with everything',
    (s) =>
      s.alterColumn('users', 'anything', { type: 'INTEGER', lossy: 'allow', default: 5, notNull: false }),
  ],
  ['createIndex', (s) => s.createIndex('CREATE UNIQUE INDEX made ON texts (note)')],
  ['dropIndex', (s) => s.dropIndex('by_low').dropIndex('plain_b')],
  ['createView', (s) => s.createView('CREATE VIEW made AS SELECT 1 AS one')],
  ['dropView', (s) => s.dropView('notes').dropView('adults')],
  [
    'createTrigger',
    (s) => s.createTrigger('CREATE TRIGGER made AFTER INSERT ON texts BEGIN DELETE FROM log; END'),
  ],
  ['dropTrigger', (s) => s.dropTrigger('users_age')],
  ['update', (s) => s.update('plain', { set: { a: { sql: 'b' }, b: 'new', c: -0 } })],
  [
    'update of all of it',
    (s) =>
      s.update('users', {
        set: { email: { sql: "email || '!'" }, age: 20, anything: new Uint8Array([0, 255]) },
        where: 'id < 9',
      }),
  ],
  [
    'update of a key',
    (s) =>
      s
        .update('pairs', { set: { y: { sql: 'y + 10' }, v: null } })
        .update('texts', { set: { code: { sql: "code || 'x'" } } }),
  ],
  [
    'update of a rowid',
    (s) => s.update('strange', { set: { 'a b': { sql: '"a b" + 100' }, 'q"q': 'x', old: 1 } }),
  ],
  ['update with NULL in its key', (s) => s.update('loose', { set: { v: { sql: 'upper(v)' } } })],
  ['update with a shadowed rowid', (s) => s.update('shadow', { set: { rowid: 'x', v: { sql: 'oid' } } })],
  ['insert', (s) => s.insert('plain', [{ a: 1, b: 'x' }, {}, { a: { sql: '1 + 1' }, c: 9007199254740993n }])],
  [
    'insert into all of it',
    (s) => s.insert('users', [{ email: 'new@x', age: 3, 'full name': 'N', made: 'now' }]),
  ],
  [
    'insert into keys of each sort',
    (s) =>
      s
        .insert('pairs', [{ x: 'z', y: 1 }])
        .insert('texts', [{ code: 'new', n: 77 }])
        .insert('loose', [{ v: 1 }])
        .insert('shadow', [{ v: 'c' }])
        .insert('strange', [{}]),
  ],
  ['delete', (s) => s.delete('plain', { where: 'true' })],
  [
    'delete from all of it',
    (s) =>
      s
        .delete('likes', { where: 'true' })
        .delete('bills', { where: 'true' })
        .delete('posts', { where: 'true' })
        .update('users', { set: { boss: null } })
        .delete('users', { where: 'id <> 3' }),
  ],
  [
    'delete from keys of each sort',
    (s) =>
      s
        .delete('pairs', { where: "x = 'B'" })
        .delete('texts', { where: 'n > 1' })
        .delete('loose', { where: 'code IS NULL' })
        .delete('shadow', { where: 'oid = 20' })
        .delete('strange', { where: '"a b" < 0' }),
  ],
  [
    'move',
    (s) =>
      s.move('plain', 'archive', { k: { sql: 'rowid' }, title: { sql: 'b' }, n: 7 }, { where: 'rowid < 13' }),
  ],
  [
    'move from keys of each sort',
    (s) =>
      s
        .move('pairs', 'texts', { code: { sql: 'x || y' }, n: { sql: "100 + y * 10 + (x = 'a')" } })
        .move('texts', 'archive', { k: { sql: 'code' } }),
  ],
  [
    'execute',
    (s) =>
      s.execute({
        up: "UPDATE texts SET note = 'e'",
        down: "UPDATE texts SET note = CASE n WHEN 1 THEN 'x' WHEN 3 THEN 'z' END",
      }),
  ],
  [
    'one after the other on one table',
    (s) =>
      s
        .addColumn('texts', 'low', 'TEXT', { from: 'lower(code)' })
        .update('texts', { set: { low: { sql: "low || '.'" } } })
        .dropIndex('plain_b')
        .renameColumn('plain', 'b', 'bee')
        .dropColumn('plain', 'bee')
        .insert('plain', [{ a: 3 }])
        .renameTable('plain', 'fancy')
        .delete('fancy', { where: 'a IS NULL' })
        .createTable('CREATE TABLE target (v)')
        .move('fancy', 'target', { v: { sql: 'a' } })
        .dropTable('fancy'),
  ],
];

describe('up and down of a reversible migration', () => {
  it.each(CASES)('leaves nothing and brings back all after %s', async (what, change) => {
    const db = torture(MORE);
    // What is temporary is not of the database: it goes with its table, and takes on SQLite's quotes.
    if (/^(?:dropTable|rename)/.test(what)) db.exec('DROP TRIGGER temp.watch; DROP VIEW temp.young');
    const before = contentOf(db);
    await up(db, change);
    const applied = contentOf(db);
    expect(applied).not.toEqual(before);

    const report = await down(db, change);

    expect(contentOf(db)).toEqual(before);
    expect(report.steps[0]?.conflicts).toBeUndefined();
    healthOf(db);
    await up(db, change);
    const strip = ({ tables }: typeof applied) =>
      Object.fromEntries(
        Object.entries(tables).filter(([name]) => !/^_decant_archives|_stat[14]$/.test(name)),
      );
    expect(strip(contentOf(db))).toEqual(strip(applied));
    db.close();
  });
});
