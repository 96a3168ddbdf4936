import { needColumn } from '../sqlite/table-edit.js';
import { stateOf } from '../sqlite/table-state.js';
import { inBrackets } from '../sqlite/sql-text.js';
import { quoteName } from '../sqlite/tokens.js';
import { capturing, ofRow } from './capture.js';
import { exchange, type Exchange } from './exchange.js';
import {
  countOf,
  isFree,
  keyOf,
  parkedAs,
  refuseNullKeys,
  refuseVacuumed,
  rowOf,
  same,
  type ParkedRows,
} from './keys.js';
import { operation, type ConflictOptions, type Operation, type Work } from './operation.js';
import { markOf, setMark } from '../sqlite/sequence.js';
import { withoutTriggers } from './triggers.js';
import { fragmentOf, type ReversibleRow } from './values.js';

export interface UpdateOptions extends ConflictOptions {
  /** What columns get: values as they are, or `{ sql }` with an expression over the row. */
  readonly set: ReversibleRow;
  /** A condition of SQL; all rows without it. */
  readonly where?: string;
}

export function updating(table: string, options: UpdateOptions): Operation {
  const { set, where = 'true', onConflict = 'keep' } = options;
  return operation<ParkedRows>(
    { kind: 'update', table, said: options },
    (work) => {
      const state = stateOf(work.connection, table);
      const key = keyOf(work.connection, state);
      const columns = Object.keys(set).map((name) => quoteName(needColumn(state.table, name).name));
      const values = Object.values(set).map((value) => fragmentOf(state.table, value));
      const count = columns.length;
      const archive = work.park(
        [...parkedAs('k', key.columns.length), ...parkedAs('o', count), ...parkedAs('n', count)],
        0,
      );
      const isSame = columns.map((column) => same(`old.${column}`, `new.${column}`)).join(' AND ');
      const parked = [...ofRow('new', key.columns), ...ofRow('old', columns), ...ofRow('new', columns)];
      const assignments = columns.map((column, at) => `${column} = ${values[at]?.sql ?? 'NULL'}`).join(', ');
      const sql = `UPDATE OR ABORT main.${quoteName(state.table.name)} SET ${assignments} WHERE ${inBrackets(state.table, where)}`;
      withoutTriggers(work, state, ['UPDATE'], () =>
        capturing(
          work,
          { event: 'UPDATE', table: state.table.name, archive, values: parked, when: `NOT (${isSame})` },
          () => void work.db.prepare(sql).run(...values.flatMap((value) => value.values)),
        ),
      );
      refuseNullKeys(work, table, key);
      return { key, columns };
    },
    (work, parked) => {
      refuseVacuumed(work, table, parked.key);
      undoUpdate(work, table, parked, onConflict);
    },
  );
}

function undoUpdate(
  work: Work,
  table: string,
  { key, columns }: ParkedRows,
  onConflict: 'keep' | 'restore',
): void {
  const [target, archive] = [`main.${quoteName(table)}`, `main.${quoteName(work.archive())}`];
  const cells = columns.map((column, at) => ({
    now: `t.${column}`,
    old: `a._decant_o${at}`,
    new: `a._decant_n${at}`,
  }));
  const isEdited = cells
    .map((cell) => `NOT ${same(cell.now, cell.new)} AND NOT ${same(cell.now, cell.old)}`)
    .join(' OR ');
  const joined = `${archive} AS a CROSS JOIN ${target} AS t ON ${rowOf(key)}`;
  const edited = countOf(work.connection, `${joined} WHERE ${isEdited}`);
  const found = countOf(work.connection, joined);
  const values = new Map(
    cells.map((cell, at) => [
      columns[at] ?? '',
      onConflict === 'restore' ? cell.old : `iif(${same(cell.now, cell.new)}, ${cell.old}, ${cell.now})`,
    ]),
  );
  const assignments = Array.from(values, ([column, value]) => `${column} = ${value}`).join(', ');
  const sql = `UPDATE OR ABORT ${target} AS t SET ${assignments} FROM ${archive} AS a WHERE ${rowOf(key)}`;
  const taken = setValues(work, table, sql, { key, joined, values, onConflict });
  work.meet(table, onConflict === 'restore' ? 'overwritten' : 'changed', edited);
  work.meet(table, onConflict === 'restore' ? 'replaced' : 'taken', taken);
  work.meet(table, 'deleted', countOf(work.connection, archive) - found);
}

/** By one UPDATE, or, where a key stands in the way, by exchange(). @returns what that returns */
function setValues(work: Work, table: string, sql: string, exchanged: Exchange): number {
  const state = stateOf(work.connection, table);
  let isDone = false;
  withoutTriggers(work, state, ['UPDATE'], () => {
    // A statement that fails leaves nothing. https://sqlite.org/lang_conflict.html
    isDone = isFree(() => void work.db.exec(sql));
  });
  if (isDone) return 0;
  let taken = 0;
  withoutTriggers(work, state, ['DELETE', 'INSERT'], () => {
    const mark = markOf(work.connection, table);
    taken = exchange(work, state, exchanged);
    setMark(work.connection, table, mark);
  });
  return taken;
}
