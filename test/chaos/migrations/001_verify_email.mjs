// A cache of ten pages, of this connection and so of all that follow: most of a transaction is on disk before COMMIT.
export function up(db) {
  db.pragma('cache_size = 10');
  db.exec(`ALTER TABLE users ADD COLUMN email_verified INTEGER NOT NULL DEFAULT 0;
    UPDATE users SET email_verified = 1 WHERE email LIKE '%1@%';
    CREATE INDEX users_verified ON users (email_verified, id)`);
}

export function down(db) {
  db.exec('DROP INDEX users_verified; ALTER TABLE users DROP COLUMN email_verified');
}
