import { AlterTableError } from '../errors.js';
import { namesKey } from './operations.js';
import { addItem, dropConstraint, insertAfter, lastItem, needTable, removeSpan } from './table-edit.js';
import { listedNames, type ConstraintSql, type TableSql } from './table-sql.js';
import { isWord, quoteName } from './tokens.js';

/** The definition with these columns as its primary key; as it is, where they are that already. */
export function primaryKeyOf(table: TableSql, columns: readonly string[]): string {
  if (namesKey(keyColumns(table)) === namesKey(columns)) return table.sql;
  const rest =
    constraintIn(table) === undefined
      ? table
      : needTable(
          dropConstraint(table, 'PRIMARY KEY', ({ kind }) => kind === 'PRIMARY'),
          table.name,
        );
  return addItem(rest, lastItem(rest), `PRIMARY KEY (${columns.map(quoteName).join(', ')})`);
}

function keyColumns(table: TableSql): readonly string[] {
  const key = constraintIn(table);
  if (key === undefined) return [];
  const owner = table.columns.find(({ constraints }) => constraints.includes(key));
  return owner === undefined ? listedNames(table, key) : [owner.name];
}

/** The definition with AUTOINCREMENT. https://sqlite.org/autoinc.html */
export function keyOn(table: TableSql): string {
  const key = constraintIn(table);
  if (key === undefined)
    throw new AlterTableError(
      table.name,
      'AUTOINCREMENT needs a primary key, and it has none.',
      'Make one of a column of type INTEGER first: setPrimaryKey().',
    );
  if (autoincrementAt(table, key) !== -1) return table.sql;
  // PRIMARY KEY (id AUTOINCREMENT) for a table's constraint.
  const isOfTable = table.constraints.includes(key);
  const close = table.tokens.findIndex(({ text }, at) => at > key.at && text === ')');
  return insertAfter(table, isOfTable ? close - 1 : key.to - 1, ' AUTOINCREMENT');
}

/** The definition without it. */
export function keyOff(table: TableSql): string {
  const key = constraintIn(table);
  const at = key === undefined ? -1 : autoincrementAt(table, key);
  return at === -1 ? table.sql : removeSpan(table, { from: at, to: at + 1 });
}

function constraintIn({ constraints, columns }: TableSql): ConstraintSql | undefined {
  const all = [...constraints, ...columns.flatMap((column) => column.constraints)];
  return all.find(({ kind }) => kind === 'PRIMARY');
}

function autoincrementAt({ tokens }: TableSql, { from, to }: ConstraintSql): number {
  return tokens.findIndex((token, at) => at >= from && at < to && isWord(token, 'AUTOINCREMENT'));
}
