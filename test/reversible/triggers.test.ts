import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Connection from 'better-sqlite3';
import { rejectionOf } from '../helpers/errors.js';
import { contentOf, down, up, type Change } from './helpers.js';

let db: Connection.Database;
beforeEach(() => {
  db = new Connection(':memory:');
  db.exec(`
    CREATE TABLE posts (id INTEGER PRIMARY KEY, title TEXT, body TEXT);
    CREATE TABLE log (what TEXT);
    CREATE VIRTUAL TABLE posts_fts USING fts5(title, body, content='posts', content_rowid='id');
    CREATE TRIGGER fts_insert AFTER INSERT ON posts BEGIN
      INSERT INTO posts_fts (rowid, title, body) VALUES (new.id, new.title, new.body); END;
    CREATE TRIGGER fts_delete AFTER DELETE ON posts BEGIN
      INSERT INTO posts_fts (posts_fts, rowid, title, body) VALUES ('delete', old.id, old.title, old.body); END;
    CREATE TRIGGER fts_update AFTER UPDATE ON posts BEGIN
      INSERT INTO posts_fts (posts_fts, rowid, title, body) VALUES ('delete', old.id, old.title, old.body);
      INSERT INTO posts_fts (rowid, title, body) VALUES (new.id, new.title, new.body); END;
    INSERT INTO posts VALUES (1, 'apple', 'red'), (2, 'pear', 'green'), (3, 'plum', 'blue');
  `);
});
afterEach(() => void db.close());

const found = (word: string): unknown[] =>
  db.prepare('SELECT rowid FROM posts_fts WHERE posts_fts MATCH ? ORDER BY rowid').pluck().all(word);

function expectSearchInStep(): void {
  db.exec("INSERT INTO posts_fts (posts_fts, rank) VALUES ('integrity-check', 1)");
}

const triggersInOrder = (): unknown[] =>
  db
    .prepare("SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'posts' ORDER BY rowid")
    .pluck()
    .all();

const LOGGING = `
  CREATE TRIGGER logged_update BEFORE UPDATE ON posts BEGIN INSERT INTO log VALUES ('update ' || old.id); END;
  CREATE TRIGGER no_delete BEFORE DELETE ON posts BEGIN SELECT RAISE(ABORT, 'posts stay'); END;
  CREATE TRIGGER logged_insert AFTER INSERT ON posts BEGIN INSERT INTO log VALUES ('insert ' || new.id); END;
`;

const CHANGES: readonly (readonly [string, Change, word: string, ids: readonly number[], trigger: string])[] =
  [
    [
      'update',
      (s) => s.update('posts', { set: { title: 'kiwi' }, where: 'id < 3' }),
      'kiwi',
      [1, 2],
      'logged_update',
    ],
    ['insert', (s) => s.insert('posts', [{ title: 'kiwi' }]), 'kiwi', [4], 'logged_insert'],
    ['delete', (s) => s.delete('posts', { where: 'id = 2' }), 'pear', [], 'no_delete'],
    [
      'move',
      (s) =>
        s
          .createTable('CREATE TABLE old (t)')
          .move('posts', 'old', { t: { sql: 'title' } }, { where: 'id = 2' }),
      'pear',
      [],
      'no_delete',
    ],
  ];

const ALL_KIWI: Change = (s) => s.update('posts', { set: { title: 'kiwi' } });
const NO_PEAR: Change = (s) => s.delete('posts', { where: 'id = 2', onConflict: 'restore' });

describe('triggers of a table whose rows are changed', () => {
  it.each(CHANGES)(
    'keep a search index in step at an %s and its way back',
    async (_what, change, word, ids) => {
      const before = contentOf(db);
      const report = await up(db, change);
      expect(report.warnings).toEqual([]);
      expect(found(word)).toEqual(ids);
      expectSearchInStep();
      await down(db, change);
      expect(contentOf(db).schema).toEqual(before.schema);
      expect([found('apple'), found('pear'), found('kiwi')]).toEqual([[1], [2], []]);
      expectSearchInStep();
    },
  );

  it.each(CHANGES)(
    'do nothing else at an %s, are told of, and fire again afterwards',
    async (_what, change, word, ids, trigger) => {
      db.exec(LOGGING);
      const triggers = triggersInOrder();
      const before = contentOf(db);
      const report = await up(db, change);
      // Of the others none could have fired.
      expect(report.warnings).toEqual([
        `001_change: Rows of posts were changed without its triggers: ${trigger}.`,
      ]);
      expect(found(word)).toEqual(ids);
      expect(db.prepare('SELECT * FROM log').all()).toEqual([]);
      expect(triggersInOrder()).toEqual(triggers);
      await down(db, change);
      expect(contentOf(db).tables).toEqual(before.tables);
      expect(triggersInOrder()).toEqual(triggers);
      expectSearchInStep();
      db.exec("UPDATE posts SET body = 'x' WHERE id = 1");
      expect(db.prepare('SELECT what FROM log').pluck().all()).toEqual(['update 1']);
    },
  );

  it('that write to a search index and elsewhere are left out, and the index is made anew', async () => {
    db.exec(`
      DROP TRIGGER fts_update;
      CREATE TRIGGER both AFTER UPDATE ON posts BEGIN
        INSERT INTO log VALUES ('update');
        INSERT INTO posts_fts (posts_fts, rowid, title, body) VALUES ('delete', old.id, old.title, old.body);
        INSERT INTO posts_fts (rowid, title, body) VALUES (new.id, new.title, new.body); END;
    `);
    await up(db, ALL_KIWI);
    expect(found('kiwi')).toEqual([1, 2, 3]);
    await down(db, ALL_KIWI);
    expect(found('apple')).toEqual([1]);
    expectSearchInStep();
    expect(db.prepare('SELECT * FROM log').all()).toEqual([]);
  });

  it('that write to a virtual table and elsewhere are refused where it cannot be made anew', async () => {
    db.exec(`
      CREATE VIRTUAL TABLE own USING fts5(title);
      CREATE TRIGGER both AFTER UPDATE ON posts BEGIN
        INSERT INTO log VALUES ('update'); INSERT INTO own VALUES (new.title); END;
    `);
    const before = contentOf(db);
    const error = await rejectionOf(up(db, ALL_KIWI));
    expect(error).toMatchObject({
      cause: { code: 'DECANT_REVERSIBLE', message: expect.stringContaining('writes to own') },
    });
    expect(contentOf(db)).toEqual(before);
  });

  it('hear of a row that is replaced, so that the index forgets it', async () => {
    await up(db, NO_PEAR);
    db.exec("INSERT INTO posts VALUES (2, 'kiwi', 'new')");
    await down(db, NO_PEAR);
    expect([found('kiwi'), found('pear')]).toEqual([[], [2]]);
    expectSearchInStep();
    expect(db.pragma('recursive_triggers', { simple: true })).toBe(0);
  });

  it.each<readonly [string, Change]>([
    [
      'a column that it does not read',
      (s) => s.addColumn('posts', 'more', 'TEXT', { from: 'title' }).dropColumn('posts', 'more'),
    ],
    ['the content itself', (s) => s.alterColumn('posts', 'body', { type: 'INT', lossy: 'allow' })],
    ['the table with its triggers', (s) => s.dropTable('posts')],
  ])('and the search index survive when the table loses %s', async (_what, change) => {
    const before = contentOf(db);
    await up(db, change);
    await down(db, change);
    expect(contentOf(db).schema).toEqual(before.schema);
    expect(found('apple')).toEqual([1]);
    expectSearchInStep();
  });
});
