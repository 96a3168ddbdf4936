import type { Statement } from 'better-sqlite3';
import type { Database } from '../domain/migration.js';
import { DatabaseError } from '../errors.js';

/** The statements of Decant's own on one connection, each prepared once. */
export class Statements {
  readonly #db: Database;
  readonly #known = new Map<string, Statement>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** A statement whose integers are numbers, however the connection is set. */
  rows(sql: string): Statement {
    let statement = this.#known.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql).safeIntegers(false);
      this.#known.set(sql, statement);
    }
    return statement;
  }

  /** A statement of one column, whose rows are its values. */
  values(sql: string): Statement {
    return this.#known.get(sql) ?? this.rows(sql).pluck();
  }

  /**
   * The columns of a table of Decant's own; undefined when it is not there.
   * @throws DatabaseError for what has its name and is of another kind: that is nothing to write to
   */
  columns(table: string, needed: readonly string[]): readonly string[] | undefined {
    const typeSql = 'SELECT type FROM main.sqlite_schema WHERE name = ? COLLATE NOCASE';
    const type = this.values(typeSql).get(table) as string | undefined;
    if (type === undefined) return undefined;
    const columns = this.values("SELECT name FROM pragma_table_info(?, 'main')").all(table) as string[];
    const lacking = needed.filter((column) => !columns.includes(column));
    if (type === 'table' && lacking.length === 0) return columns;
    throw new DatabaseError(
      `${this.#db.name} has a ${table} of another kind: ${type === 'table' ? `it lacks ${lacking.join(', ')}` : `it is a ${type}`}.`,
      'Another program keeps its own records under that name; use another database, or rename it.',
    );
  }
}
