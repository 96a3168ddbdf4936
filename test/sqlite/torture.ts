import Database from 'better-sqlite3';

/** Everything that tools lose when they rebuild a table, around one table. */
export const TORTURE = `
CREATE TABLE teams (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE users ( -- people
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  email TEXT COLLATE NOCASE CONSTRAINT unique_email UNIQUE ON CONFLICT IGNORE, /* "quoted", (odd) */
  age INT CHECK (age >= 0),
  'full name' TEXT DEFAULT ('x' || ',)'),
  team INTEGER CONSTRAINT of_team REFERENCES teams (id) ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
  boss INTEGER REFERENCES users (id),
  made TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL,
  anything,
  legacy TEXT NOT NULL DEFAULT 'old' -- CHECK (never)
    ,
  age_next INT GENERATED ALWAYS AS (age + 1) STORED,
  low TEXT AS (lower(email)) VIRTUAL,
  CONSTRAINT grown CHECK (users.age < 200 OR age IS NULL),
  CHECK (anything IS NOT 'bad')
  -- the end
);
CREATE INDEX by_age ON users (age DESC, made) WHERE age > 0;
CREATE UNIQUE INDEX by_low ON users (lower(email), id COLLATE BINARY);
CREATE INDEX by_any ON users (anything);
CREATE TABLE log (what, at DEFAULT CURRENT_TIMESTAMP);
CREATE TRIGGER users_insert AFTER INSERT ON users BEGIN INSERT INTO log (what) VALUES ('insert ' || new.email); END;
CREATE TRIGGER users_age AFTER UPDATE OF age ON users WHEN new.age <> old.age BEGIN
  INSERT INTO log (what) VALUES ('age; of ' || new.id); -- a comment
END;
CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id) ON DELETE CASCADE, body TEXT);
CREATE TABLE likes (user_id INTEGER REFERENCES users ON DELETE SET NULL, post INTEGER);
CREATE TABLE bills (user_id INTEGER REFERENCES users (id) ON DELETE RESTRICT);
CREATE TABLE orphans (user_id INTEGER REFERENCES users (id), k TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TRIGGER posts_insert AFTER INSERT ON posts BEGIN UPDATE users SET anything = 'posted' WHERE id = new.user_id; END;
CREATE VIEW adults AS SELECT id, email FROM users WHERE age >= 18;
CREATE TRIGGER adults_insert INSTEAD OF INSERT ON adults BEGIN INSERT INTO users (email, age) VALUES (new.email, 18); END;
CREATE VIRTUAL TABLE found USING fts5(email, made, content='users', content_rowid='id');
CREATE TRIGGER users_found AFTER INSERT ON users BEGIN INSERT INTO found (rowid, email, made) VALUES (new.id, new.email, new.made); END;
CREATE TRIGGER users_lost AFTER DELETE ON users BEGIN INSERT INTO found (found, rowid, email, made) VALUES ('delete', old.id, old.email, old.made); END;
CREATE TEMP TABLE seen (id);
CREATE TEMP TRIGGER watch AFTER DELETE ON main.users BEGIN INSERT INTO seen VALUES (old.id); END;
CREATE TEMP VIEW young AS SELECT id FROM users WHERE age < 18;
INSERT INTO teams VALUES (1, 'one'), (2, 'two');
INSERT INTO users (id, email, age, team, boss, anything) VALUES
  (1, 'a@x', 30, 1, NULL, 9007199254740993), (2, 'b@x', NULL, 2, 1, CAST(x'ff6100' AS TEXT)), (3, 'c@x', 5, NULL, 1, x'00ff'),
  (7, 'd@x', 18, 1, 3, 1.5), (9, NULL, 44, 1, 9, '007'), (20, 'gone@x', 1, 1, 1, 0);
DELETE FROM users WHERE id = 20;
INSERT INTO posts VALUES (1, 1, 'p'), (2, 1, 'q'), (3, 7, 'r');
INSERT INTO likes VALUES (1, 1), (2, 1), (NULL, 3);
INSERT INTO bills VALUES (1), (9);
INSERT INTO orphans VALUES (404, 'nobody');
ANALYZE;
`;

export type Handle = Database.Database;

/** A database with all of it, and foreign keys on. */
export function torture(more = '', file = ':memory:'): Handle {
  const db = new Database(file);
  db.pragma('foreign_keys = OFF');
  db.exec(TORTURE + more);
  db.pragma('foreign_keys = ON');
  return db;
}

export interface Picture {
  readonly schema: readonly { readonly type: string; readonly name: string; readonly sql: string | null }[];
  readonly tables: Readonly<Record<string, readonly string[]>>;
  readonly pragmas: readonly unknown[];
  readonly inTransaction: boolean;
}

/** All of a database that can be read, but for what the callback leaves out: to be compared before and after. */
export function picture(db: Handle): Picture {
  const schema = db
    .prepare(
      `SELECT type, name, tbl_name, sql FROM (SELECT * FROM sqlite_schema UNION ALL SELECT * FROM temp.sqlite_schema) ORDER BY type, name`,
    )
    .all() as Picture['schema'];
  return {
    schema,
    tables: Object.fromEntries(tablesIn(db).map((name) => [name, contentOf(db, name)])),
    pragmas: ['foreign_keys', 'legacy_alter_table', 'defer_foreign_keys', 'recursive_triggers'].map((name) =>
      db.pragma(name, { simple: true }),
    ),
    inTransaction: db.inTransaction,
  };
}

export function tablesIn(db: Handle): readonly string[] {
  return db
    .prepare(
      `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow') AND name NOT LIKE 'sqlite_schema' ORDER BY name`,
    )
    .pluck()
    .all() as string[];
}

/** The rows of a table with their types, bit for bit. */
export function contentOf(db: Handle, table: string, columns?: readonly string[]): readonly string[] {
  const { wr } = db
    .prepare(`SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?`)
    .get(table) as {
    wr: number;
  };
  const all = db
    .prepare(`SELECT name FROM pragma_table_xinfo(?, 'main') ORDER BY cid`)
    .pluck()
    .all(table) as string[];
  const names = columns ?? all;
  const cells = names.map((name) => {
    const quoted = `"${name.replaceAll('"', '""')}"`;
    return `typeof(${quoted}) || ' ' || CASE typeof(${quoted}) WHEN 'real' THEN format('%!.20g', ${quoted}) WHEN 'null' THEN '' ELSE hex(CAST(${quoted} AS BLOB)) END`;
  });
  const free = ['rowid', '_rowid_', 'oid'].find((each) => !all.some((name) => name.toLowerCase() === each));
  const key = wr === 1 || free === undefined || /^sqlite_|^found_/.test(table) ? '0' : free;
  const sql = `SELECT ${[key, ...cells].join(" || ' | ' || ")} FROM main."${table}"`;
  return (db.prepare(sql).pluck().all() as string[]).toSorted();
}

/** That nothing is broken, by SQLite's own means. */
export function healthOf(db: Handle): unknown {
  db.exec("INSERT INTO found (found, rank) VALUES ('integrity-check', 1)");
  return {
    integrity: db.pragma('integrity_check'),
    keys: db.prepare('PRAGMA foreign_key_check').all(),
    search: db.prepare("SELECT rowid FROM found WHERE found MATCH 'x' ORDER BY rowid").pluck().all(),
  };
}
