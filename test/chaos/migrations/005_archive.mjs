// Moves rows to a table that it makes, drops one, and ends with a search index made anew.
export function up(db) {
  db.exec(`CREATE TABLE archive (id INTEGER PRIMARY KEY AUTOINCREMENT, post_id INTEGER UNIQUE, title TEXT, body TEXT) STRICT;
    INSERT INTO archive (post_id, title, body) SELECT id, title, body FROM posts WHERE id % 5 = 1;
    DELETE FROM post_tags WHERE post_id % 5 = 1;
    DELETE FROM posts WHERE id % 5 = 1;
    CREATE TRIGGER archive_kept BEFORE DELETE ON archive BEGIN SELECT RAISE(ABORT, 'the archive is kept'); END;
    DROP TABLE log;
    DROP TRIGGER users_renamed;
    DROP TRIGGER tags_of_nobody;
    INSERT INTO posts_fts (posts_fts) VALUES ('rebuild')`);
}

export function down(db) {
  db.pragma('cache_size = 10');
  db.exec(`CREATE TABLE log (what TEXT, at);
    CREATE TRIGGER users_renamed AFTER UPDATE OF name ON users BEGIN
      INSERT INTO log VALUES ('renamed ' || old.name, new.id);
    END;
    CREATE TRIGGER tags_of_nobody AFTER DELETE ON tags BEGIN
      INSERT INTO log SELECT 'untagged', count(*) FROM users;
    END;
    INSERT INTO posts (id, user_id, title, body) SELECT post_id, 1, title, body FROM archive;
    DROP TRIGGER archive_kept;
    DROP TABLE archive;
    INSERT INTO posts_fts (posts_fts) VALUES ('optimize')`);
}
