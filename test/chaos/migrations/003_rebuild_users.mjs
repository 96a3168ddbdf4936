// The rebuild as SQLite's documentation has it, by hand: https://sqlite.org/lang_altertable.html, section 7. `users`
// is the parent of rows that a DROP TABLE would take along or change, were foreign keys on.
function rebuild(db, age, cast) {
  const about = db
    .prepare(
      "SELECT type, name, sql FROM sqlite_schema WHERE tbl_name IN ('users', 'user_posts') AND type <> 'table' AND sql IS NOT NULL",
    )
    .all();
  const views = about.filter(({ type }) => type === 'view');
  const triggers = about.filter(({ type }) => type === 'trigger');
  for (const { name } of triggers) db.exec(`DROP TRIGGER "${name}"`);
  for (const { name } of views) db.exec(`DROP VIEW "${name}"`);
  const elsewhere = db.prepare("SELECT sql FROM sqlite_schema WHERE name = 'tags_of_nobody'").pluck().get();
  db.exec('DROP TRIGGER tags_of_nobody');
  const { sequence } = db.prepare("SELECT seq AS sequence FROM sqlite_sequence WHERE name = 'users'").get();
  db.exec(`CREATE TABLE users_new (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT COLLATE NOCASE,
      name TEXT NOT NULL DEFAULT 'nobody', age ${age}, legacy BLOB, email_verified INTEGER NOT NULL DEFAULT 0,
      CONSTRAINT named CHECK (length(name) > 0));
    INSERT INTO users_new SELECT id, email, name, ${cast}, legacy, email_verified FROM users;
    DROP TABLE users;
    ALTER TABLE users_new RENAME TO users`);
  db.prepare("UPDATE sqlite_sequence SET seq = ? WHERE name = 'users'").run(sequence);
  for (const type of ['index', 'view', 'trigger']) {
    for (const { sql } of about.filter((each) => each.type === type)) db.exec(sql);
  }
  db.exec(elsewhere);
}

export const up = (db) => rebuild(db, 'TEXT', 'CAST(age AS TEXT)');

export const down = (db) => rebuild(db, '', 'age');
