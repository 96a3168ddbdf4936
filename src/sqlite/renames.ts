import { AlterTableError } from '../errors.js';
import { taken, type Operation } from './operations.js';
import { needColumn, replaceSpan } from './table-edit.js';
import { columnOf, type TableSql } from './table-sql.js';
import { foldName, quoteName } from './tokens.js';

export function renamingColumn(from: string, to: string): Operation {
  return {
    renames: { what: 'column', from, to },
    edit: (table) => {
      const column = needColumn(table, from);
      if (foldName(from) !== foldName(to) && columnOf(table, to) !== undefined) throw taken(table, to);
      return replaceSpan(table, { from: column.from, to: column.from + 1 }, quoteName(to));
    },
    native: (table) =>
      `ALTER TABLE main.${quoteName(table.name)} RENAME COLUMN ${quoteName(from)} TO ${quoteName(to)}`,
  };
}

export function renamingTable(to: string): Operation {
  return {
    renames: { what: 'table', to },
    edit: (table) => {
      if (to === table.name) return table.sql;
      if (foldName(to) === foldName(table.name)) throw sameName(table, to);
      return replaceSpan(table, { from: table.nameAt, to: table.nameAt + 1 }, quoteName(to));
    },
    native: (table) => `ALTER TABLE main.${quoteName(table.name)} RENAME TO ${quoteName(to)}`,
  };
}

function sameName({ name }: TableSql, to: string): AlterTableError {
  return new AlterTableError(
    name,
    `${to} is its name already: SQLite does not tell ${name} and ${to} apart.`,
    `Go by another name: renameTo('${name}_').renameTo('${to}').`,
  );
}
