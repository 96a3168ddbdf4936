import { needColumn } from '../sqlite/table-edit.js';
import { stateOf, type TableState } from '../sqlite/table-state.js';
import { quoteName } from '../sqlite/tokens.js';
import { capturing, ofRow } from './capture.js';
import {
  countOf,
  keyOf,
  parkedAs,
  refuseNullKeys,
  refuseVacuumed,
  rowOf,
  same,
  storedColumns,
  type ParkedRows,
} from './keys.js';
import { operation, type ConflictOptions, type Operation, type Work } from './operation.js';
import { markOf, putBackMark, type Mark } from '../sqlite/sequence.js';
import { withoutTriggers } from './triggers.js';
import { fragmentOf, type ReversibleRow } from './values.js';

/** What is known of rows that were inserted: as they were then. */
export interface InsertedRows extends ParkedRows {
  readonly before: Mark;
  readonly after: Mark;
}

export function inserting(
  table: string,
  rows: readonly ReversibleRow[],
  options: ConflictOptions,
): Operation {
  const { onConflict = 'keep' } = options;
  return operation<InsertedRows>(
    { kind: 'insert', table, said: [rows, options] },
    (work) =>
      insertingInto(work, stateOf(work.connection, table), '', (state) => {
        for (const row of rows) insertRow(work, state, row);
      }),
    (work, parked) => {
      refuseVacuumed(work, table, parked.key);
      undoInsert(work, table, parked, onConflict, '');
    },
  );
}

function insertRow(work: Work, { table }: TableState, row: ReversibleRow): void {
  const columns = Object.keys(row).map((name) => quoteName(needColumn(table, name).name));
  const values = Object.values(row).map((value) => fragmentOf(table, value));
  const list = `(${columns.join(', ')}) VALUES (${values.map(({ sql }) => sql).join(', ')})`;
  const what = columns.length === 0 ? 'DEFAULT VALUES' : list;
  const sql = `INSERT OR ABORT INTO main.${quoteName(table.name)} ${what}`;
  work.db.prepare(sql).run(...values.flatMap((value) => value.values));
}

/** Parks each row that is inserted meanwhile, as it is then. */
export function insertingInto(
  work: Work,
  state: TableState,
  part: string,
  insert: (state: TableState) => void,
): InsertedRows {
  const { connection } = work;
  const { name } = state.table;
  const key = keyOf(connection, state);
  const columns = storedColumns(state);
  const count = key.columns.length;
  const archive = work.park([...parkedAs('k', count), ...parkedAs('n', columns.length)], 0, part);
  const values = [...ofRow('new', key.columns), ...ofRow('new', columns)];
  const before = markOf(connection, name);
  withoutTriggers(work, state, ['INSERT'], () =>
    capturing(work, { event: 'INSERT', table: name, archive, values }, () => insert(state)),
  );
  refuseNullKeys(work, name, key, part);
  return { key, columns, before, after: markOf(connection, name) };
}

/** Deletes the rows that were inserted and that nobody has changed since. */
export function undoInsert(
  work: Work,
  table: string,
  { key, columns, before, after }: InsertedRows,
  onConflict: 'keep' | 'restore',
  part: string,
): void {
  const [target, archive] = [`main.${quoteName(table)}`, `main.${quoteName(work.archive(part))}`];
  const isSame = columns.map((column, at) => same(`t.${column}`, `a._decant_n${at}`)).join(' AND ');
  const joined = `${archive} AS a CROSS JOIN ${target} AS t ON ${rowOf(key)}`;
  const edited = countOf(work.connection, `${joined} WHERE NOT (${isSame})`);
  const condition = onConflict === 'restore' ? 'true' : isSame;
  const list = key.columns.join(', ');
  const listOfRow = key.columns.map((column) => `t.${column}`).join(', ');
  withoutTriggers(work, stateOf(work.connection, table), ['DELETE'], () => {
    work.db.exec(
      `DELETE FROM ${target} WHERE (${list}) IN (SELECT ${listOfRow} FROM ${joined} WHERE ${condition})`,
    );
  });
  putBackMark(work.connection, table, before, after);
  work.meet(table, onConflict === 'restore' ? 'overwritten' : 'changed', edited);
}
