import { AlterTableError } from '../errors.js';
import {
  addItem,
  constraintOf,
  dropColumn,
  dropConstraint,
  dropConstraints,
  lastItem,
  needColumn,
  needTable,
  replaceSpan,
  insertAfter,
} from './table-edit.js';
import {
  columnOf,
  listedNames,
  textOf,
  type ConstraintKind,
  type ConstraintSql,
  type TableSql,
} from './table-sql.js';
import { hasComment, inBrackets, inOnePiece, sameSql } from './sql-text.js';
import type { TableState } from './table-state.js';
import { foldName, isWord, quoteName } from './tokens.js';

/** One change of a table's definition. */
export interface Operation {
  /** The definition after it. @throws AlterTableError when it cannot be done */
  readonly edit: (table: TableSql) => string;
  /** What does the same in place; undefined where this SQLite has nothing, or nothing that keeps all else. */
  readonly native?: (table: TableSql, state: TableState) => string | undefined;
  /** It is never a part of a rebuild: SQLite alone can rewrite what else says the name. */
  readonly renames?: { readonly what: 'column' | 'table'; readonly from?: string; readonly to: string };
  /** A column that it makes, and what it is filled with where that is not its default. */
  readonly adds?: { readonly column: string; readonly from: string | undefined };
  readonly drops?: string;
  /** A column whose values may change. */
  readonly lossy?: string;
  /** For when SQLite says no and does not say why: the rows that stand in the way. */
  readonly offenders?: { readonly what: string; readonly where: string };
}

const SINCE = { alterColumn: 3_053_000, dropColumn: 3_035_000 };

export function addingColumn(column: string, definition: string, from: string | undefined): Operation {
  const item = `${quoteName(column)} ${definition}`.trimEnd();
  return {
    adds: { column, from },
    edit: (table) => {
      if (columnOf(table, column) !== undefined) throw taken(table, column);
      if (from !== undefined) inBrackets(table, from);
      const edited = addItem(table, table.columns.at(-1) ?? lastItem(table), inOnePiece(table, item));
      const { columns, constraints } = needTable(edited, table.name);
      if (columns.length !== table.columns.length + 1 || constraints.length !== table.constraints.length)
        throw new AlterTableError(
          table.name,
          `the definition of ${column} is not that of one column: ${definition}`,
          'Write what stands after the name in a CREATE TABLE, as in TEXT NOT NULL DEFAULT 0.',
        );
      return edited;
    },
    native: (table) =>
      from === undefined && canBeAdded(needTable(`CREATE TABLE t (${item}\n)`, table.name))
        ? `ALTER TABLE main.${quoteName(table.name)} ADD COLUMN ${item}`
        : undefined,
  };
}

// https://sqlite.org/lang_altertable.html#alter_table_add_column. A default that is an expression passes on an empty
// table and fails in production, so it is never tried; nor is a CHECK, as the rebuild can tell which rows fail it.
// It takes off the end of the line that ends a comment, too.
function canBeAdded(table: TableSql): boolean {
  const column = table.columns[0];
  if (column === undefined || hasComment(table) || column.constraints.some(({ kind }) => HEAVY.has(kind)))
    return false;
  if (column.constraints.some(({ to }) => isWord(table.tokens[to - 1], 'STORED'))) return false;
  const fallback = constraintOf(column, 'DEFAULT');
  const value = fallback === undefined ? 'NULL' : textOf(table, { from: fallback.at + 1, to: fallback.to });
  const isNeeded = constraintOf(column, 'NOT') !== undefined && /^null$/i.test(value);
  return !isNeeded && /^(?:x?'[^]*'|[+-]?\s*[\d.][\w.+-]*|null|true|false)$/i.test(value);
}

const HEAVY: ReadonlySet<ConstraintKind> = new Set(['PRIMARY', 'UNIQUE', 'CHECK']);

export function taken(table: TableSql, column: string): AlterTableError {
  return new AlterTableError(table.name, `it has a column ${column} already.`, 'Choose another name.');
}

export function droppingColumn(column: string): Operation {
  return {
    drops: column,
    edit: (table) => dropColumn(table, column),
    native: (table, { version }) => {
      const { constraints } = needColumn(table, column);
      const isPlain = constraints.every(
        ({ kind }) => kind === 'NOT' || kind === 'DEFAULT' || kind === 'NULL',
      );
      return version >= SINCE.dropColumn && isPlain && !hasComment(table)
        ? `ALTER TABLE main.${quoteName(table.name)} DROP COLUMN ${quoteName(column)}`
        : undefined;
    },
  };
}

export function settingNotNull(column: string): Operation {
  return {
    edit: (table) => {
      const found = needColumn(table, column);
      const old = constraintOf(found, 'NOT');
      const none = constraintOf(found, 'NULL');
      if (none !== undefined) return replaceSpan(table, { from: none.at, to: none.to }, 'NOT NULL');
      return old === undefined ? insertAfter(table, found.to - 1, ' NOT NULL') : table.sql;
    },
    native: (table, { version }) =>
      version >= SINCE.alterColumn &&
      constraintOf(needColumn(table, column), 'NULL') === undefined &&
      !isNotDeferrable(table, column)
        ? `${alterColumn(table, column)} SET NOT NULL`
        : undefined,
    offenders: { what: `${column} is NULL`, where: `${quoteName(column)} IS NULL` },
  };
}

export function droppingNotNull(column: string): Operation {
  return {
    edit: (table) => dropConstraints(table, column, 'NOT'),
    // SQLite takes comments beside a constraint with it, and the first of several.
    native: (table, { version }) => {
      const found = needColumn(table, column).constraints.filter(({ kind }) => kind === 'NOT');
      return version >= SINCE.alterColumn &&
        found.length < 2 &&
        !hasComment(table) &&
        !isNotDeferrable(table, column)
        ? `${alterColumn(table, column)} DROP NOT NULL`
        : undefined;
    },
  };
}

// SQLite 3.53 takes the NOT of NOT DEFERRABLE for that of NOT NULL, and takes it away.
function isNotDeferrable(table: TableSql, column: string): boolean {
  const { from, to } = needColumn(table, column);
  return table.tokens
    .slice(from, to)
    .some((token, at, all) => isWord(token, 'NOT') && isWord(all[at + 1], 'DEFERRABLE'));
}

export function addingCheck(expression: string, name: string | undefined): Operation {
  const textFor = (table: TableSql): string =>
    `${constraintName(name)}CHECK ${inBrackets(table, expression)}`;
  return {
    edit: (table) => addItem(table, lastItem(table), textFor(table)),
    native: (table, { version }) =>
      version >= SINCE.alterColumn
        ? `ALTER TABLE main.${quoteName(table.name)} ADD ${textFor(table)}`
        : undefined,
    offenders: { what: `CHECK (${expression}) is false`, where: `NOT (${expression}\n)` },
  };
}

/** @param check its name, or the text of its expression */
export function droppingCheck(check: string | { readonly sql: string }): Operation {
  const what = typeof check === 'string' ? `CHECK named ${check}` : `CHECK (${check.sql})`;
  const fits = (table: TableSql, constraint: ConstraintSql): boolean =>
    constraint.kind === 'CHECK' &&
    (typeof check === 'string'
      ? foldName(constraint.name ?? '') === foldName(check)
      : sameSql(textOf(table, { from: constraint.at + 1, to: constraint.to }), `(${check.sql}\n)`));
  return {
    edit: (table) => dropConstraint(table, what, (constraint) => fits(table, constraint)),
    native: (table, { version }) => {
      if (version < SINCE.alterColumn || typeof check !== 'string' || hasComment(table)) return undefined;
      const all = [...table.constraints, ...table.columns.flatMap(({ constraints }) => constraints)];
      const named = all.filter(({ name }) => foldName(name ?? '') === foldName(check));
      return named.length === 1
        ? `ALTER TABLE main.${quoteName(table.name)} DROP CONSTRAINT ${quoteName(check)}`
        : undefined;
    },
  };
}

/** Takes out a constraint by its name or by its columns. */
export function droppingKey(kind: 'UNIQUE' | 'FOREIGN', key: string | readonly string[]): Operation {
  const what = `${kind === 'FOREIGN' ? 'FOREIGN KEY' : kind} ${typeof key === 'string' ? `named ${key}` : `(${key.join(', ')})`}`;
  const wanted = typeof key === 'string' ? key : namesKey(key);
  const ofColumn = kind === 'FOREIGN' ? 'REFERENCES' : kind;
  return {
    edit: (table) =>
      dropConstraint(table, what, (constraint, column) => {
        if (constraint.kind !== (column === undefined ? kind : ofColumn)) return false;
        if (typeof key === 'string') return foldName(constraint.name ?? '') === foldName(wanted);
        return namesKey(column === undefined ? listedNames(table, constraint) : [column.name]) === wanted;
      }),
  };
}

/** A text that is the same for the same columns in the same order. */
export function namesKey(names: readonly string[]): string {
  return JSON.stringify(names.map(foldName));
}

export function constraintName(name: string | undefined): string {
  return name === undefined ? '' : `CONSTRAINT ${quoteName(name)} `;
}

function alterColumn(table: TableSql, column: string): string {
  return `ALTER TABLE main.${quoteName(table.name)} ALTER COLUMN ${quoteName(column)}`;
}
