// Each row fires the triggers that keep the search index in step.
export function up(db) {
  db.exec(`UPDATE posts SET body = body || ' rewritten', title = upper(title) WHERE id % 2 = 0`);
  db.prepare(
    `INSERT INTO posts (id, user_id, title, body) SELECT id + 10000, user_id, 'copy of ' || title, body FROM posts WHERE id <= ?`,
  ).run(300);
}

export function down(db) {
  db.pragma('cache_size = 10');
  db.exec(`DELETE FROM posts WHERE id > 10000;
    UPDATE posts SET body = substr(body, 1, length(body) - 10), title = 'T' || lower(substr(title, 2)) WHERE id % 2 = 0`);
}
