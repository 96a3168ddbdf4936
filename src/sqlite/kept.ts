import type { Statement } from 'better-sqlite3';
import type { Database } from '../domain/migration.js';

const KEPT = new WeakMap<Database, Map<string, Statement>>();

/**
 * A statement of Decant's own that is prepared once a connection; its integers are numbers, its rows objects. One that
 * is left to the garbage collector makes every change of the schema slower until then: SQLite goes through them all.
 * Not for a PRAGMA that answers when it is compiled, as most do.
 */
export function kept(db: Database, sql: string): Statement {
  let statements = KEPT.get(db);
  if (statements === undefined) KEPT.set(db, (statements = new Map<string, Statement>()));
  let statement = statements.get(sql);
  if (statement === undefined) statements.set(sql, (statement = db.prepare(sql).safeIntegers(false)));
  return statement;
}
