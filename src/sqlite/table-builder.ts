import { AlterTableError } from '../errors.js';
import {
  addingCheck,
  addingColumn,
  constraintName,
  droppingCheck,
  droppingColumn,
  droppingKey,
  droppingNotNull,
  settingNotNull,
  type Operation,
} from './operations.js';
import { renamingColumn, renamingTable } from './renames.js';
import { keyOff, keyOn, primaryKeyOf } from './primary-key.js';
import {
  addItem,
  dropConstraints,
  lastItem,
  needColumn,
  setConstraint,
  setOption,
  setType,
} from './table-edit.js';
import { inBrackets } from './sql-text.js';
import type { TableSql } from './table-sql.js';
import { quoteName } from './tokens.js';

/** A value as a literal, or an expression of SQL. */
export type DefaultValue = string | number | bigint | null | { readonly sql: string };

/** Whether an operation may change values, as '007' to 7. `refuse`, the default, counts and shows those it would. */
export interface LossyOptions {
  readonly lossy?: 'refuse' | 'allow';
}

/** What a foreign key does when the row it refers to goes or changes its key. */
export type ForeignKeyAction = 'CASCADE' | 'SET NULL' | 'SET DEFAULT' | 'RESTRICT' | 'NO ACTION';

export interface ForeignKeyDefinition {
  readonly columns: readonly string[];
  /** The parent table. */
  readonly references: string;
  /** The parent's columns; its primary key, when they are left out. */
  readonly to?: readonly string[];
  readonly onDelete?: ForeignKeyAction;
  readonly onUpdate?: ForeignKeyAction;
  readonly deferrable?: 'INITIALLY DEFERRED' | 'INITIALLY IMMEDIATE';
  readonly name?: string;
}

/**
 * What is to change in a table. The operations are noted, in order, and done together when the function returns that
 * was given to {@link alterTable}. Texts of SQL are taken as they are.
 */
export class TableBuilder {
  readonly #operations: Operation[] = [];

  /** What was noted, in order. */
  get operations(): readonly Operation[] {
    return this.#operations;
  }

  /**
   * Adds a column, after the others.
   * @param definition what stands after the name in a CREATE TABLE, as in `TEXT NOT NULL DEFAULT ''`
   * @param options `from`: what the rows there are get, as an expression over the old row
   */
  addColumn(column: string, definition = '', options: { readonly from?: string } = {}): this {
    return this.#add(addingColumn(column, definition, options.from));
  }

  /** Drops a column and its values. What else names it, in the table or elsewhere, makes this fail. */
  dropColumn(column: string): this {
    return this.#add(droppingColumn(column));
  }

  /** Renames a column here and in all that names it. */
  renameColumn(from: string, to: string): this {
    return this.#add(renamingColumn(from, to));
  }

  /** Sets what a column's values are declared to be. Values that the new type would alter beyond return are refused. */
  setType(column: string, type: string, options: LossyOptions = {}): this {
    return this.#add({ edit: (table) => setType(table, column, type), ...lossyOf(column, options) });
  }

  /** Forbids NULL. Rows that have it are refused, and shown. */
  setNotNull(column: string): this {
    return this.#add(settingNotNull(column));
  }

  /** Allows NULL. */
  dropNotNull(column: string): this {
    return this.#add(droppingNotNull(column));
  }

  /** Sets what later rows get when they say nothing. Rows that are there stay as they are. */
  setDefault(column: string, value: DefaultValue): this {
    return this.#add({
      edit: (table) => setConstraint(table, column, 'DEFAULT', `DEFAULT ${literalOf(table, value)}`),
    });
  }

  dropDefault(column: string): this {
    return this.#add({ edit: (table) => dropConstraints(table, column, 'DEFAULT') });
  }

  /** Sets how texts of a column are compared: `NOCASE`, `RTRIM`, `BINARY`, or one of the application's own. */
  setCollate(column: string, collation: string): this {
    const text = `COLLATE ${quoteName(collation)}`;
    return this.#add({ edit: (table) => setConstraint(table, column, 'COLLATE', text) });
  }

  dropCollate(column: string): this {
    return this.#add({ edit: (table) => dropConstraints(table, column, 'COLLATE') });
  }

  /** Computes a column from others from now on. Values there are that differ from what it computes are refused. */
  setGenerated(
    column: string,
    expression: string,
    options: LossyOptions & { readonly kind?: 'STORED' | 'VIRTUAL' } = {},
  ): this {
    const textFor = (table: TableSql): string =>
      `GENERATED ALWAYS AS ${inBrackets(table, expression)} ${options.kind ?? 'VIRTUAL'}`;
    return this.#add({
      edit: (table) => setConstraint(table, column, 'GENERATED', textFor(table)),
      ...lossyOf(column, options),
    });
  }

  /** Makes a generated column an ordinary one that keeps its values. */
  dropGenerated(column: string): this {
    return this.#add({ edit: (table) => dropConstraints(table, column, 'GENERATED') });
  }

  /** Adds a CHECK. Rows that fail it are refused, and shown. */
  addCheck(expression: string, options: { readonly name?: string } = {}): this {
    return this.#add(addingCheck(expression, options.name));
  }

  /** @param check its name, or its expression as it is written */
  dropCheck(check: string | { readonly sql: string }): this {
    return this.#add(droppingCheck(check));
  }

  /** Adds a UNIQUE. Rows that share their values are refused, and shown. */
  addUnique(columns: readonly string[], options: { readonly name?: string } = {}): this {
    const text = `${constraintName(options.name)}UNIQUE (${listOf(columns)})`;
    return this.#add({
      edit: (table) => {
        for (const column of columns) needColumn(table, column);
        return addItem(table, lastItem(table), text);
      },
    });
  }

  /** @param key its name, or its columns in order */
  dropUnique(key: string | readonly string[]): this {
    return this.#add(droppingKey('UNIQUE', key));
  }

  addForeignKey(definition: ForeignKeyDefinition): this {
    return this.#add({
      edit: (table) => {
        for (const column of definition.columns) needColumn(table, column);
        return addItem(table, lastItem(table), foreignKeyText(definition));
      },
    });
  }

  /** @param key its name, or its columns in order */
  dropForeignKey(key: string | readonly string[]): this {
    return this.#add(droppingKey('FOREIGN', key));
  }

  /** Makes these columns the primary key, in the place of the one there is. */
  setPrimaryKey(columns: readonly string[]): this {
    return this.#add({
      edit: (table) => {
        for (const column of columns) needColumn(table, column);
        return primaryKeyOf(table, columns);
      },
    });
  }

  /** `on`: a rowid is never used again. It needs a column that is INTEGER PRIMARY KEY. */
  setAutoincrement(state: 'on' | 'off'): this {
    return this.#add({ edit: (table) => (state === 'on' ? keyOn(table) : keyOff(table)) });
  }

  setStrict(state: 'on' | 'off'): this {
    return this.#add({ edit: (table) => setOption(table, 'STRICT', state) });
  }

  setWithoutRowid(state: 'on' | 'off'): this {
    return this.#add({ edit: (table) => setOption(table, 'WITHOUT ROWID', state) });
  }

  /** Renames the table here and in all that names it. Later operations of the same call are on the new name. */
  renameTo(name: string): this {
    return this.#add(renamingTable(name));
  }

  #add(operation: Operation): this {
    this.#operations.push(operation);
    return this;
  }
}

function lossyOf(column: string, { lossy }: LossyOptions): Pick<Operation, 'lossy'> {
  return lossy === 'allow' ? { lossy: column } : {};
}

function literalOf(table: TableSql, value: DefaultValue): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  if (typeof value === 'object') return inBrackets(table, value.sql);
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new AlterTableError(table.name, `${String(value)} is no default.`, 'Give a finite number.');
  return String(value);
}

function listOf(columns: readonly string[]): string {
  return columns.map(quoteName).join(', ');
}

function foreignKeyText(definition: ForeignKeyDefinition): string {
  const { columns, references, to, onDelete, onUpdate, deferrable, name } = definition;
  return [
    `${constraintName(name)}FOREIGN KEY (${listOf(columns)}) REFERENCES ${quoteName(references)}`,
    to === undefined ? '' : ` (${listOf(to)})`,
    onDelete === undefined ? '' : ` ON DELETE ${onDelete}`,
    onUpdate === undefined ? '' : ` ON UPDATE ${onUpdate}`,
    deferrable === undefined ? '' : ` DEFERRABLE ${deferrable}`,
  ].join('');
}
