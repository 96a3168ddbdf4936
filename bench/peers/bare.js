// The limit: what SQLite itself takes, with a record of each migration, and nothing to look after them.
import { readdirSync } from 'node:fs';
import Database from 'better-sqlite3';
import { configure, filesOf } from '../workload.js';

export const name = 'bare loop';
export const packages = ['better-sqlite3'];
export const transaction = 'each';
export const files = filesOf('mjs', (_title, up) => `export const up = (db) => db.exec(${up}.join(';'));\n`);

export function open({ file, migrations, directory }) {
  const db = configure(new Database(file));
  return {
    up: () => (directory === undefined ? each(db, migrations, 'up') : void look(db, directory)),
    down: () => each(db, migrations.toReversed(), 'down'),
    status: () => look(db, directory),
    close: () => db.close(),
  };
}

// Nothing is pending: this is the least that finds it out.
function look(db, directory) {
  const applied = new Set(db.prepare('SELECT name FROM _migrations').pluck().all());
  return readdirSync(directory).filter((file) => !applied.has(file.slice(0, -4)));
}

function each(db, migrations, direction) {
  db.exec(
    'CREATE TABLE IF NOT EXISTS _migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE NOT NULL, applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)',
  );
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  const record = db.prepare(
    direction === 'up'
      ? 'INSERT INTO _migrations (name) VALUES (?)'
      : 'DELETE FROM _migrations WHERE name = ?',
  );
  for (const migration of migrations) {
    begin.run();
    for (const sql of migration[direction]) db.exec(sql);
    record.run(migration.name);
    commit.run();
  }
}
