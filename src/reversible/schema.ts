import { alteringColumn, type ColumnChange } from './alter-column.js';
import { addingColumn, droppingColumn } from './columns.js';
import { deleting, type DeleteOptions } from './delete.js';
import { executing, type Execution } from './execute.js';
import { inserting } from './insert.js';
import { moving, type MoveMapping, type MoveOptions } from './move.js';
import { creating, dropping } from './objects.js';
import type { ConflictOptions, Operation } from './operation.js';
import { renamingColumn, renamingTable } from './renames.js';
import { creatingTable, droppingTable } from './tables.js';
import { updating, type UpdateOptions } from './update.js';
import type { ReversibleRow } from './values.js';

/**
 * What a `ReversibleMigration` is to change. Operations are noted, in order, and done when `change` has returned; `down`
 * undoes them in reverse order. Texts of SQL are taken as they are.
 */
export class ReversibleSchema {
  readonly #operations: Operation[] = [];

  /** What was noted, in order. */
  get operations(): readonly Operation[] {
    return this.#operations;
  }

  /**
   * Creates a table. The way back drops it, with the rows that it has by then.
   * @param sql the whole statement: `CREATE TABLE users (…)`
   */
  createTable(sql: string): this {
    return this.#add(creatingTable(sql));
  }

  /** Drops a table, and parks it: rows, rowids, indexes, triggers and AUTOINCREMENT's mark. */
  dropTable(name: string): this {
    return this.#add(droppingTable(name));
  }

  /** Renames a table here and in all that names it. */
  renameTable(from: string, to: string): this {
    return this.#add(renamingTable(from, to));
  }

  /**
   * Adds a column, after the others.
   * @param definition what stands after the name in a CREATE TABLE, as in `TEXT NOT NULL DEFAULT ''`
   * @param options `from`: what the rows there are get, as an expression of SQL over the old row
   */
  addColumn(table: string, column: string, definition = '', options: { readonly from?: string } = {}): this {
    return this.#add(addingColumn(table, column, definition, options));
  }

  /** Drops a column, and parks its values. What names it must be dropped first. */
  dropColumn(table: string, column: string): this {
    return this.#add(droppingColumn(table, column));
  }

  /** Renames a column here and in all that names it. */
  renameColumn(table: string, from: string, to: string): this {
    return this.#add(renamingColumn(table, from, to));
  }

  /** Changes a column's type, NOT NULL, DEFAULT or COLLATE, and parks the values that another type changes. */
  alterColumn(table: string, column: string, change: ColumnChange): this {
    return this.#add(alteringColumn(table, column, change));
  }

  /** @param sql the whole statement: `CREATE UNIQUE INDEX by_email ON users (email)` */
  createIndex(sql: string): this {
    return this.#add(creating('index', sql));
  }

  dropIndex(name: string): this {
    return this.#add(dropping('index', name));
  }

  /** @param sql the whole statement: `CREATE VIEW adults AS SELECT …` */
  createView(sql: string): this {
    return this.#add(creating('view', sql));
  }

  /** Drops a view with its INSTEAD OF triggers. */
  dropView(name: string): this {
    return this.#add(dropping('view', name));
  }

  /** @param sql the whole statement: `CREATE TRIGGER … BEGIN …; END` */
  createTrigger(sql: string): this {
    return this.#add(creating('trigger', sql));
  }

  dropTrigger(name: string): this {
    return this.#add(dropping('trigger', name));
  }

  /** Changes rows, and parks the old values: `update('users', { set: { state: 'old', at: { sql: 'at + 1' } } })`. */
  update(table: string, options: UpdateOptions): this {
    return this.#add(updating(table, options));
  }

  /** Adds rows. The way back deletes them, but for those that were changed since. */
  insert(table: string, rows: readonly ReversibleRow[], options: ConflictOptions = {}): this {
    return this.#add(inserting(table, rows, options));
  }

  /** Deletes rows, and parks them. */
  delete(table: string, options: DeleteOptions): this {
    return this.#add(deleting(table, options));
  }

  /**
   * Moves rows from one table into another, and parks them.
   * @param mapping what each column of the target gets: a value as it is, or `{ sql }` over the source row
   */
  move(from: string, to: string, mapping: MoveMapping, options: MoveOptions = {}): this {
    return this.#add(moving(from, to, mapping, options));
  }

  /** Does what has no operation of its own. Nothing is parked: the way back is yours. */
  execute(execution: Execution): this {
    return this.#add(executing(execution));
  }

  #add(operation: Operation): this {
    this.#operations.push(operation);
    return this;
  }
}
