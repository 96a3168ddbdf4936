import { ReversibleError } from '../errors.js';
import type { DefaultValue, LossyOptions, TableBuilder } from '../sqlite/table-builder.js';
import { needColumn, needTable, optionsOf, replaceSpan } from '../sqlite/table-edit.js';
import { textOf, type TableSql } from '../sqlite/table-sql.js';
import { stateOf } from '../sqlite/table-state.js';
import { quoteName } from '../sqlite/tokens.js';
import { lossOf } from '../sqlite/verify-copy.js';
import { altered, parkColumn, putBack, textBefore, type Redefined } from './column-texts.js';
import {
  countOf,
  keyOfValues,
  parkedAs,
  parkedRowOf,
  refuseVacuumed,
  rowOf,
  same,
  undistinguished,
  type Key,
} from './keys.js';
import { operation, type ConflictOptions, type Operation, type Work } from './operation.js';

/** What is to be different about a column. What is left out stays. */
export interface ColumnChange extends LossyOptions, ConflictOptions {
  readonly type?: string;
  readonly notNull?: boolean;
  readonly default?: DefaultValue;
  readonly collate?: string;
}

interface AlteredColumn extends Redefined {
  /** Null where no value of its own can have changed. */
  readonly key: Key | null;
}

export function alteringColumn(table: string, column: string, change: ColumnChange): Operation {
  const { type } = change;
  return operation<AlteredColumn>(
    { kind: 'alter column', table, said: [column, change] },
    (work) => {
      const state = stateOf(work.connection, table);
      const { name } = needColumn(state.table, column);
      const key = type === undefined ? null : keyOfValues(work.connection, state, name);
      if (key !== null) parkColumn(work, state.table.name, key, name, parkedAs('n', 1));
      const texts = altered(work, table, (builder) => noteChange(builder, name, change));
      if (key?.kind === 'rowid') refuseIfRowid(work, state.table.name);
      if (key !== null) keepChanged(work, state.table.name, key, name);
      return { ...texts, key };
    },
    (work, texts) => {
      const old = needTable(texts.before, table);
      const sql = textBefore(work, table, texts, (now) => withOldColumn(now, old, column));
      if (texts.key === null)
        return putBack(work, table, texts, { sql, ...(type !== undefined && { recomputed: column }) });
      refuseVacuumed(work, table, texts.key);
      undoAlter(work, table, { ...texts, before: sql, key: texts.key }, column, change);
    },
  );
}

function noteChange(builder: TableBuilder, column: string, change: ColumnChange): void {
  const { type, notNull, default: value, collate, lossy } = change;
  if (type !== undefined) builder.setType(column, type, lossy === undefined ? {} : { lossy });
  if (notNull === true) builder.setNotNull(column);
  if (notNull === false) builder.dropNotNull(column);
  if (value !== undefined) builder.setDefault(column, value);
  if (collate !== undefined) builder.setCollate(column, collate);
}

// An INTEGER PRIMARY KEY is the rowid: rows would get other ones than those that they were parked by.
function refuseIfRowid({ connection }: Work, table: string): void {
  const { rowidColumn } = stateOf(connection, table);
  if (rowidColumn !== undefined) throw undistinguished(table, `${rowidColumn} would become`);
}

// Most values are the same under another type: only those that are not need the archive.
function keepChanged({ connection, archive }: Work, table: string, key: Key, column: string): void {
  const name = `main.${quoteName(archive())}`;
  connection.exec(
    `UPDATE ${name} AS a SET _decant_n0 = t.${quoteName(column)} FROM main.${quoteName(table)} AS t WHERE ${rowOf(key)}`,
  );
  connection.exec(`DELETE FROM ${name} WHERE ${same('_decant_o0', '_decant_n0')}`);
}

function undoAlter(
  work: Work,
  table: string,
  texts: Redefined & { readonly key: Key },
  column: string,
  { onConflict, lossy }: ColumnChange,
): void {
  const { before, key } = texts;
  const archive = `main.${quoteName(work.archive())}`;
  const now = `t.${quoteName(column)}`;
  const isParked =
    onConflict === 'restore'
      ? 'a._decant_k0 IS NOT NULL'
      : `a._decant_k0 IS NOT NULL AND ${same(now, 'a._decant_n0')}`;
  const joined = `${archive} AS a CROSS JOIN main.${quoteName(table)} AS t ON ${rowOf(key)}`;
  const found = countOf(work.connection, joined);
  const edited = countOf(
    work.connection,
    `${joined} WHERE NOT ${same(now, 'a._decant_n0')} AND NOT ${same(now, 'a._decant_o0')}`,
  );
  const gone = countOf(work.connection, archive) - found;
  const join = `LEFT JOIN ${archive} AS a ON ${parkedRowOf(key)}`;
  const later = `FROM main.${quoteName(table)} AS t ${join} WHERE NOT (${isParked})`;
  const converted = countConverted(work, needTable(before, table), column, later);
  if (converted > 0 && lossy !== 'allow') throw beyondReturn(table, column, converted);
  putBack(work, table, texts, {
    sql: before,
    copy: { [column]: `iif(${isParked}, a._decant_o0, ${now})` },
    join,
  });
  work.meet(table, onConflict === 'restore' ? 'overwritten' : 'changed', edited);
  work.meet(table, 'converted', converted);
  work.meet(table, 'deleted', gone);
}

// What the old type makes of values that came later, tried on a column of that type.
function countConverted({ connection }: Work, old: TableSql, column: string, from: string): number {
  const value = `t.${quoteName(column)}`;
  const { type } = needColumn(old, column);
  const options = optionsOf(old).includes('STRICT') ? '' : textOf(old, type);
  connection.exec(`CREATE TEMP TABLE _decant_probe (was, "is" ${options})`);
  connection.exec(`INSERT INTO temp._decant_probe (was, "is") SELECT ${value}, ${value} ${from}`);
  const count = countOf(connection, `temp._decant_probe WHERE ${lossOf('was', '"is"')}`);
  connection.exec('DROP TABLE temp._decant_probe');
  return count;
}

function beyondReturn(table: string, column: string, count: number): ReversibleError {
  return new ReversibleError(
    table,
    `${String(count)} ${count === 1 ? 'value' : 'values'} of ${column} that came later would be altered beyond return by its old type`,
    "Correct them first, or declare it in the operation: { lossy: 'allow' }.",
  );
}

function withOldColumn(now: TableSql, old: TableSql, column: string): string {
  return replaceSpan(now, needColumn(now, column), textOf(old, needColumn(old, column)));
}
