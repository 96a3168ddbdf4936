import type { Database } from '../domain/migration.js';
import { kept } from './kept.js';

// Not SQLite's own tables, not Decant's records and archives, and not those of Litestream, which come and go.
const IS_USERS = String.raw`name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT LIKE '\_litestream\_%' ESCAPE '\'
  AND name NOT LIKE '\_decant\_%' ESCAPE '\'
  AND name NOT IN ('_migrations', '_migrations_journal')`;

/** The tables that hold a user's rows: not virtual ones, nor what these keep their data in. */
export function userTables(db: Database): readonly string[] {
  return db.prepare(userTablesSql('pragma_table_list')).pluck().all() as string[];
}

/** Whether a table of this name is one of them. */
export function isUserTable(db: Database, name: string): boolean {
  return kept(db, IS_USER_TABLE).get(name) !== undefined;
}

/** Whether it could be one of them, by its name alone. */
export function hasUsersName(db: Database, name: string): boolean {
  return kept(db, HAS_USERS_NAME).get(name) !== undefined;
}

const HAS_USERS_NAME = `SELECT 1 FROM (SELECT ? AS name) WHERE ${IS_USERS}`;

// https://sqlite.org/pragma.html#pragma_table_list
function userTablesSql(list: string): string {
  return `SELECT name FROM ${list} WHERE schema = 'main' AND type = 'table' AND ${IS_USERS}`;
}

const IS_USER_TABLE = userTablesSql('pragma_table_list(?)');

/** Whether a user has anything in a database, be it in a virtual table, too. */
export function hasUserTables(db: Database): boolean {
  const sql = `SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND ${IS_USERS} LIMIT 1`;
  return db.prepare(sql).get() !== undefined;
}
