import { rows, type TableState } from '../sqlite/table-state.js';
import { quoteName } from '../sqlite/tokens.js';
import { replacingByTriggers } from './delete.js';
import { countOf, hiddenRowidOf, isFree, parkedAs, storedColumns, type Key } from './keys.js';
import type { ConflictOptions, Work } from './operation.js';

/** Which rows are to have other values, and which. */
export interface Exchange {
  readonly key: Key;
  /** `… AS a CROSS JOIN … AS t ON …`: each row `t` that is to change, once. */
  readonly joined: string;
  /** By quoted column; the others stay. */
  readonly values: ReadonlyMap<string, string>;
  readonly onConflict: ConflictOptions['onConflict'];
}

const PART = '_work';

/**
 * Gives rows other values where an UPDATE will not do: it meets a key that a row gives up only later, as with two rows
 * that swap theirs. So all of them are taken out, and put in again. Those whose keys others have by now stay as they
 * are, or, with `restore`, take their place.
 * @returns how many rows these are
 */
export function exchange(
  work: Work,
  state: TableState,
  { key, joined, values, onConflict }: Exchange,
): number {
  const { connection } = work;
  const columns = storedColumns(state);
  const rowid = hiddenRowidOf(state);
  const names = rowid === null ? columns : [rowid, ...columns];
  const count = key.columns.length;
  const parked = [...parkedAs('k', count), ...parkedAs('n', names.length)];
  const table = `main.${work.park(parked, 0, PART)}`;
  const given = names.map((name) => values.get(name) ?? `t.${name}`);
  const keys = key.columns.map((name) => `t.${name}`);
  connection.exec(`INSERT INTO ${table} SELECT ${[...keys, ...given].join(', ')} FROM ${joined}`);
  const target = `main.${quoteName(state.table.name)}`;
  const list = parkedAs('k', count).join(', ');
  const remove = `DELETE FROM ${target} WHERE (${key.columns.join(', ')}) IN (SELECT ${list} FROM ${table})`;
  const insert = `INTO ${target} (${names.join(', ')}) SELECT ${parkedAs('n', names.length).join(', ')} FROM ${table}`;
  if (onConflict === 'restore') return replaceAll(work, { remove, insert, target, table });
  let left = 0;
  for (;;) {
    const refused = tryAll(work, remove, `INSERT OR ABORT ${insert} WHERE rowid = ?`, table);
    if (refused.length === 0) return left;
    for (const number of refused) connection.prepare(`DELETE FROM ${table} WHERE rowid = ?`).run(number);
    left += refused.length;
  }
}

// What stands in the way of one row may be another that has to stay for the same reason: so it is tried again from the
// start without those that were refused.
function tryAll({ connection }: Work, remove: string, insert: string, table: string): readonly number[] {
  connection.exec('SAVEPOINT decant_exchange');
  connection.exec(remove);
  const one = connection.prepare(insert);
  const all = rows<{ number: number }>(connection, `SELECT rowid AS number FROM ${table} ORDER BY rowid`);
  const refused = all.filter(({ number }) => !isFree(() => void one.run(number))).map(({ number }) => number);
  if (refused.length > 0) connection.exec('ROLLBACK TO decant_exchange');
  connection.exec('RELEASE decant_exchange');
  return refused;
}

interface Replacing {
  readonly remove: string;
  readonly insert: string;
  readonly target: string;
  readonly table: string;
}

function replaceAll(work: Work, { remove, insert, target, table }: Replacing): number {
  const { connection } = work;
  connection.exec(remove);
  const before = countOf(connection, target);
  replacingByTriggers(work, () => void connection.exec(`INSERT OR REPLACE ${insert}`));
  return before + countOf(connection, table) - countOf(connection, target);
}
