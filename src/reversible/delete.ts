import { rows, stateOf, type TableState } from '../sqlite/table-state.js';
import { inBrackets } from '../sqlite/sql-text.js';
import { quoteName } from '../sqlite/tokens.js';
import { capturing, ofRow } from './capture.js';
import { countOf, hiddenRowidOf, isFree, keyOf, parkedAs, storedColumns, type ParkedRows } from './keys.js';
import { operation, type ConflictOptions, type Operation, type Work } from './operation.js';
import { markOf, setMark } from '../sqlite/sequence.js';
import type { RowEvent } from '../sqlite/trigger-event.js';
import { withoutTriggers } from './triggers.js';

export interface DeleteOptions extends ConflictOptions {
  /** A condition of SQL; `true` for all rows. */
  readonly where: string;
}

/** What is known of rows that were deleted. */
export interface DeletedRows extends ParkedRows {
  /** The name of a rowid that is no column, where rows have one. */
  readonly rowid: string | null;
}

export function deleting(table: string, options: DeleteOptions): Operation {
  const { where, onConflict = 'keep' } = options;
  return operation<DeletedRows>(
    { kind: 'delete', table, said: options },
    (work) => {
      const state = stateOf(work.connection, table);
      const sql = `DELETE FROM main.${quoteName(state.table.name)} WHERE ${inBrackets(state.table, where)}`;
      return deletingFrom(work, state, () => void work.db.exec(sql));
    },
    (work, parked) => undoDelete(work, table, parked, onConflict),
  );
}

/** Parks each row that is deleted meanwhile. */
export function deletingFrom(work: Work, state: TableState, run: () => void): DeletedRows {
  const key = keyOf(work.connection, state);
  const columns = storedColumns(state);
  const count = key.columns.length;
  const rowid = hiddenRowidOf(state);
  const archive = work.park(
    [...parkedAs('k', count), ...parkedAs('o', columns.length), '_decant_rowid', '_decant_taken'],
    0,
  );
  const values = [...ofRow('old', key.columns), ...ofRow('old', columns)];
  const last = [rowid === null ? 'NULL' : `old.${rowid}`, '0'];
  withoutTriggers(work, state, ['DELETE'], () =>
    capturing(work, { event: 'DELETE', table: state.table.name, archive, values: [...values, ...last] }, run),
  );
  return { key, columns, rowid };
}

/** Puts back the rows whose keys are free. Those whose hidden rowid is taken get another. */
export function undoDelete(
  work: Work,
  table: string,
  { columns, rowid }: DeletedRows,
  onConflict: 'keep' | 'restore',
): void {
  const { connection } = work;
  const [target, archive] = [`main.${quoteName(table)}`, `main.${quoteName(work.archive())}`];
  if (rowid !== null)
    connection.exec(
      `UPDATE ${archive} AS a SET _decant_taken = 1 WHERE EXISTS (SELECT 1 FROM ${target} AS t WHERE t.${rowid} = a._decant_rowid)`,
    );
  const parked = parkedAs('o', columns.length);
  const before = countOf(connection, target);
  const mark = markOf(connection, table);
  const insert = (taken: 0 | 1, withRowid: readonly string[], value: readonly string[]): number => {
    const sql = `INTO ${target} (${[...withRowid, ...columns].join(', ')})
      SELECT ${[...value, ...parked].join(', ')} FROM ${archive} WHERE _decant_taken = ${taken}`;
    return putBack(work, sql, archive, onConflict);
  };
  let renumbered = 0;
  const events: readonly RowEvent[] = onConflict === 'restore' ? ['INSERT', 'DELETE'] : ['INSERT'];
  withoutTriggers(work, stateOf(connection, table), events, () =>
    replacingByTriggers(work, () => {
      insert(0, rowid === null ? [] : [rowid], rowid === null ? [] : ['_decant_rowid']);
      if (rowid !== null) renumbered = insert(1, [], []);
    }),
  );
  setMark(connection, table, mark);
  const missing = before + countOf(connection, archive) - countOf(connection, target);
  work.meet(table, onConflict === 'restore' ? 'replaced' : 'taken', missing);
  work.meet(table, 'renumbered', renumbered);
}

// All at once, or, where a key is taken, one by one. IGNORE would pass over what NOT NULL or a CHECK refuses, too, and
// REPLACE alone would put a default in place of NULL.
function putBack(
  { db, connection }: Work,
  sql: string,
  archive: string,
  onConflict: 'keep' | 'restore',
): number {
  const all = db.prepare(`INSERT OR ABORT ${sql}`);
  let count = 0;
  if (isFree(() => (count = all.run().changes))) return count;
  if (onConflict === 'restore') return db.prepare(`INSERT OR REPLACE ${sql}`).run().changes;
  const one = connection.prepare(`INSERT OR ABORT ${sql} AND rowid = ?`);
  for (const { number } of rows<{ number: number }>(connection, `SELECT rowid AS number FROM ${archive}`))
    isFree(() => (count += one.run(number).changes));
  return count;
}

// What is replaced is deleted, and only so do triggers that keep a search index hear of it.
// https://sqlite.org/lang_conflict.html
export function replacingByTriggers({ connection }: Work, run: () => void): void {
  const before = Number(connection.pragma('recursive_triggers', { simple: true }));
  connection.pragma('recursive_triggers = ON');
  try {
    run();
  } finally {
    connection.pragma(`recursive_triggers = ${before}`);
  }
}
