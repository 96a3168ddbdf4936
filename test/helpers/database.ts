import type { Database } from '../../src/domain/migration.js';

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
