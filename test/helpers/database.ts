import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import type { Database } from '../../src/domain/migration.js';
import { makeFolder } from './files.js';
import { runNode } from './processes.js';

/** Names of the user's tables and views, in order. */
export function tablesOf(db: Database): string[] {
  return db
    .prepare(
      `SELECT name FROM sqlite_schema
       WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_migrations%' ESCAPE '\\'
       ORDER BY name`,
    )
    .safeIntegers(false)
    .pluck()
    .all() as string[];
}

/** The names in `_migrations`, oldest first. */
export function recordedIn(db: Database): string[] {
  return db.prepare('SELECT name FROM _migrations ORDER BY id').pluck().all() as string[];
}

/**
 * Leaves a database as a process does that is killed in the middle of a transaction: 001_a is committed, 002_b is
 * not, and part of it has reached the disk.
 */
export async function leaveKilled(file: string, mode: 'wal' | 'delete'): Promise<void> {
  const { signal, stderr } = await runNode([
    '--input-type=module',
    '-e',
    `import Database from 'better-sqlite3';
     const db = new Database(${JSON.stringify(file)});
     db.pragma('journal_mode = ${mode}');
     db.exec("CREATE TABLE _migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE NOT NULL, applied_at TEXT NOT NULL DEFAULT (datetime('now')))");
     db.exec("INSERT INTO _migrations (name) VALUES ('001_a'); CREATE TABLE big (x)");
     db.pragma('cache_size = 5');
     db.exec("BEGIN; INSERT INTO _migrations (name) VALUES ('002_b')");
     db.exec('WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 500) INSERT INTO big SELECT randomblob(500) FROM s');
     process.kill(process.pid, 'SIGKILL');`,
  ]);
  if (signal !== 'SIGKILL') throw new Error(`the child was to be killed: ${stderr}`);
}

/** A WAL database in a folder of its own, open twice. What changes its files from here on is a write. */
export function openTwice(): { readonly folder: string; readonly db: Database; readonly other: Database } {
  const folder = makeFolder();
  const open = (): Database => new BetterSqlite3(join(folder, 'x.db'), { timeout: 20 });
  const db = open();
  db.pragma('journal_mode = WAL');
  const other = open();
  tablesOf(db); // the first look makes an empty WAL
  return { folder, db, other };
}
