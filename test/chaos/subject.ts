import Database from 'better-sqlite3';

/** How a database keeps what it may have to take back. */
export type Journal = 'wal' | 'delete';

export const JOURNALS: readonly Journal[] = ['wal', 'delete'];

/** Makes a database that has all that migration tools are known to lose. */
export function makeSubject(file: string, journal: Journal): void {
  const db = new Database(file);
  db.pragma(`journal_mode = ${journal}`);
  db.pragma('synchronous = OFF'); // of this connection only
  db.pragma('foreign_keys = OFF'); // there are to be orphans
  db.exec(SCHEMA);
  db.exec(ROWS);
  db.pragma('user_version = 42');
  db.exec('ANALYZE');
  db.close();
}

const SCHEMA = `
  CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again
    email TEXT COLLATE NOCASE,
    name TEXT NOT NULL DEFAULT ('user ' || hex(randomblob(4))),
    age, /* of any type; and a ' in a comment */
    legacy BLOB,
    CONSTRAINT named CHECK (length(name) > 0)
  );
  CREATE TABLE posts (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    editor_id INTEGER REFERENCES users ON DELETE SET NULL,
    title TEXT,
    body TEXT,
    words INTEGER GENERATED ALWAYS AS (length(body) - length(replace(body, ' ', '')) + 1) STORED
  );
  CREATE TABLE tags (name TEXT PRIMARY KEY, weight REAL) WITHOUT ROWID;
  CREATE TABLE post_tags (
    post_id INTEGER REFERENCES posts (id) ON DELETE CASCADE,
    tag TEXT REFERENCES tags (name) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (post_id, tag)
  ) WITHOUT ROWID;
  CREATE TABLE log (what TEXT, at);
  CREATE UNIQUE INDEX users_email ON users (email) WHERE email IS NOT NULL;
  CREATE INDEX users_name ON users (lower(name), age DESC);
  CREATE INDEX posts_user ON posts (user_id);
  CREATE INDEX "posts ""title""" ON posts (title COLLATE NOCASE DESC);
  CREATE VIEW user_posts AS SELECT users.id AS user, name, posts.id AS post, title FROM users JOIN posts ON user_id = users.id;
  CREATE TRIGGER user_posts_retitled INSTEAD OF UPDATE OF title ON user_posts BEGIN
    UPDATE posts SET title = new.title WHERE id = old.post;
  END;
  CREATE TRIGGER users_renamed AFTER UPDATE OF name ON users BEGIN
    INSERT INTO log VALUES ('renamed ' || old.name, new.id);
  END;
  CREATE TRIGGER tags_of_nobody AFTER DELETE ON tags BEGIN
    INSERT INTO log SELECT 'untagged', count(*) FROM users;
  END;
  CREATE VIRTUAL TABLE posts_fts USING fts5(title, body, content='posts', content_rowid='id');
  CREATE TRIGGER posts_ai AFTER INSERT ON posts BEGIN
    INSERT INTO posts_fts (rowid, title, body) VALUES (new.id, new.title, new.body);
  END;
  CREATE TRIGGER posts_ad AFTER DELETE ON posts BEGIN
    INSERT INTO posts_fts (posts_fts, rowid, title, body) VALUES ('delete', old.id, old.title, old.body);
  END;
  CREATE TRIGGER posts_au AFTER UPDATE ON posts BEGIN
    INSERT INTO posts_fts (posts_fts, rowid, title, body) VALUES ('delete', old.id, old.title, old.body);
    INSERT INTO posts_fts (rowid, title, body) VALUES (new.id, new.title, new.body);
  END;`;

// Nothing of it is random: two databases of the same journal mode are alike.
const ROWS = `
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
  INSERT INTO users (email, name, age, legacy)
  SELECT iif(i % 7 = 0, NULL, printf('User%d@Example.org', i)), 'Name ' || i % 40,
    CASE i % 8 WHEN 0 THEN '007' WHEN 1 THEN i WHEN 2 THEN i + 0.5 WHEN 3 THEN 9007199254740993 WHEN 4 THEN x'00ff'
      WHEN 5 THEN CAST(x'c328' AS TEXT) WHEN 6 THEN 'a' || char(0) || 'b' ELSE NULL END,
    zeroblob(i % 90)
  FROM n;
  INSERT INTO users (id, name) VALUES (500000, 'the highest');
  DELETE FROM users WHERE id = 500000;
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
  INSERT INTO posts (user_id, editor_id, title, body)
  SELECT 1 + i * 17 % 1000, iif(i % 3 = 0, 1 + i * 31 % 1000, NULL), 'Title ' || i % 300,
    printf('word%d and word%d and %s', i, i % 50, printf('%.*c', 60 + i % 200, 'x')) FROM n;
  INSERT INTO tags SELECT printf('tag %02d', id), id / 3.0 FROM users WHERE id <= 60;
  INSERT INTO post_tags SELECT posts.id, tags.name FROM posts JOIN tags ON (posts.id + tags.weight * 3) % 23 < 1;
  INSERT INTO log (rowid, what, at) SELECT id * 3, 'event', julianday('2024-01-15') + id / 7.0 FROM users WHERE id <= 400;
  -- Orphans, of both kinds of table.
  INSERT INTO posts (id, user_id, title, body) VALUES (9001, 77777, 'an orphan', 'its user is gone');
  INSERT INTO post_tags VALUES (88888, 'tag 01'), (1, 'no such tag');`;
