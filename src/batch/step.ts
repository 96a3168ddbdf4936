import type { WalkState } from '../domain/batches.js';
import type { Database } from '../domain/migration.js';
import { BatchError } from '../errors.js';
import type { MigrationScope } from '../sqlite/scope.js';
import { quoteName } from '../sqlite/tokens.js';
import { valuesText } from '../sqlite/values.js';
import { refuseColumns, type BatchRow, type Task } from './options.js';
import { between, literalOf, type Walk } from './walk.js';

/** What the steps of a walk work with. */
export interface Means {
  /** What `each` is given. */
  readonly db: Database;
  /** The same, or the connection behind it. */
  readonly connection: Database;
  readonly walk: Walk;
  readonly task: Task;
  /** Undefined outside a migration. */
  readonly scope: MigrationScope | undefined;
}

/** The state of a walk that has not yet begun: it ends at the last row that there is now. */
export function startOf({ connection, walk, task }: Means): Omit<WalkState, 'definition'> {
  const { from, key } = walk;
  const descending = key.map((each) => `${each} DESC`).join(', ');
  const last = connection
    .prepare(`SELECT ${literalOf(walk)} FROM ${from} ORDER BY ${descending} LIMIT 1`)
    .pluck()
    .get() as string | undefined;
  const total = connection
    .prepare(`SELECT count(*) FROM ${from}${conditions(task.where)}`)
    .safeIntegers(false)
    .pluck()
    .get() as number;
  return { cursor: null, last: last ?? null, done: 0, total, batches: 0, isFinished: last === undefined };
}

/** Does the next batch, if there is one, and returns where the walk is then. */
export function nextBatch<State extends Omit<WalkState, 'definition'>>(means: Means, state: State): State {
  const { rows, cursor } = means.task.each === undefined ? setRows(means, state) : callRows(means, state);
  return {
    ...state,
    cursor: cursor ?? state.last,
    done: state.done + rows,
    batches: state.batches + (rows > 0 || cursor !== undefined ? 1 : 0),
    isFinished: cursor === undefined,
  };
}

/** What a batch came to: `cursor` is undefined when it was the last. */
interface Batch {
  readonly rows: number;
  readonly cursor: string | undefined;
}

type Ends = Pick<WalkState, 'cursor' | 'last'>;

// In SQL alone.
function setRows({ connection, walk, task, scope }: Means, { cursor, last }: Ends): Batch {
  const here = [...between(walk, cursor, last), ...task.where];
  const end = connection
    .prepare(
      `SELECT ${literalOf(walk)} FROM ${walk.from}${conditions(here)} ORDER BY ${walk.key.join(', ')} LIMIT 1 OFFSET ${task.size - 1}`,
    )
    .pluck()
    .get() as string | undefined;
  const assignments = task.set.map(([column, expression]) => `${quoteName(column)} = ${expression}`);
  const rest = [...between(walk, cursor, end ?? last), ...task.where];
  scope?.writes(
    walk.table,
    task.set.map(([column]) => column),
  );
  const update = connection.prepare(`UPDATE ${walk.from} SET ${assignments.join(', ')}${conditions(rest)}`);
  return { rows: scope?.run(update, []) ?? update.run().changes, cursor: end };
}

function callRows(means: Means, { cursor, last }: Ends): Batch {
  const { walk, task, db } = means;
  const found = rowsOf(means, [...between(walk, cursor, last), ...task.where]);
  const put = writerOf(means);
  for (const each of found) {
    const values: unknown = task.each?.(each.row, db);
    if (values === undefined || values === null) continue;
    refuseOther(walk.table, values);
    refuseLost(walk, each, values as BatchRow);
    put(each, values as BatchRow);
  }
  return { rows: found.length, cursor: found.length < task.size ? undefined : found.at(-1)?.literal };
}

interface FoundRow {
  readonly literal: string;
  readonly found: Found;
  readonly row: BatchRow;
}

/** The condition by which a row is found again, with what is to be bound to it. */
interface Found {
  readonly where: string;
  readonly bound: readonly unknown[];
}

// All of a batch before the first is given away: a function that writes must not meet its own rows.
function rowsOf({ connection, walk, task }: Means, here: readonly string[]): readonly FoundRow[] {
  const rowid = walk.isByRowid ? walk.key[0] : walk.rowid;
  const key = rowid === undefined ? walk.key.map(exactly) : [rowid];
  const hidden = walk.rowid === undefined ? [] : [walk.rowid];
  const select = connection
    .prepare(
      `SELECT ${[literalOf(walk), ...key, ...hidden].join(', ')}, * FROM ${walk.from}${conditions(here)}
       ORDER BY ${walk.key.join(', ')} LIMIT ${task.size}`,
    )
    .safeIntegers(true)
    .raw(true);
  const names = select.columns().map(({ name }) => name);
  const first = 1 + (rowid === undefined ? 2 : 1) * key.length;
  return (select.all() as unknown[][]).map((all) => ({
    literal: all[0] as string,
    found: foundBy(walk, rowid, all.slice(1, first)),
    row: Object.fromEntries(all.slice(first).map((value, index) => [names[first + index], numberOf(value)])),
  }));
}

// A text may be none that JavaScript has: it is taken as bytes.
function exactly(part: string): string {
  return `typeof(${part}), iif(typeof(${part}) = 'text', CAST(${part} AS BLOB), ${part})`;
}

function foundBy({ key }: Walk, rowid: string | undefined, values: readonly unknown[]): Found {
  if (rowid !== undefined) return { where: `${rowid} = ?`, bound: values };
  const marks = key.map((_part, index) => (values[2 * index] === 'text' ? '+CAST(? AS TEXT)' : '?'));
  return {
    where: `(${key.join(', ')}) = (${marks.join(', ')})`,
    bound: values.filter((_value, index) => index % 2 === 1),
  };
}

// One statement for the columns that are returned, and the types of the key: mostly the same for all rows.
function writerOf({ connection, walk, scope }: Means): (found: FoundRow, row: BatchRow) => void {
  const known = new Map<string, ReturnType<Database['prepare']>>();
  return (each, row) => {
    const { where, bound } = each.found;
    const columns = Object.keys(row);
    if (columns.length === 0) return;
    const assignments = columns.map((column) => `${quoteName(column)} = ?`).join(', ');
    const sql = `UPDATE ${walk.from} SET ${assignments} WHERE ${where}`;
    let statement = known.get(sql);
    if (statement === undefined) {
      refuseColumns(walk, columns, ` for ${rowName(walk, each)}`);
      scope?.writes(walk.table, columns);
      statement = connection.prepare(sql);
      known.set(sql, statement);
    }
    const all = [...Object.values(row).map(boundOf), ...bound];
    if (scope === undefined) statement.run(all);
    else scope.run(statement, all);
  };
}

function conditions(all: readonly string[]): string {
  return all.length === 0 ? '' : ` WHERE ${all.join(' AND ')}`;
}

// A number where it is exact: who calculates with bigints has to convert them.
function numberOf(value: unknown): unknown {
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

// better-sqlite3 stores every number as REAL, where the column does not say otherwise.
function boundOf(value: unknown): unknown {
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value as number) : value;
}

// better-sqlite3 would store both as NULL, and not say so.
function refuseLost(walk: Walk, found: FoundRow, values: BatchRow): void {
  for (const column of Object.keys(values)) {
    const value = values[column];
    if (value !== undefined && !Number.isNaN(value)) continue;
    throw new BatchError(
      walk.table,
      `each() returned ${String(value)} as ${column} of ${rowName(walk, found)}.`,
      'Say null where it is to be NULL, and leave the column out where it is to stay as it is.',
    );
  }
}

// As a person would look for it.
function rowName({ columns, isByRowid, rowid }: Walk, { found, row }: FoundRow): string {
  if (isByRowid || rowid !== undefined) return `rowid ${String(found.bound[0])}`;
  const key = columns.filter(({ pk }) => pk > 0).toSorted((a, b) => a.pk - b.pk);
  return valuesText([Object.fromEntries(key.map(({ name }) => [name, row[name]]))]);
}

function refuseOther(table: string, values: unknown): void {
  const isColumns = typeof values === 'object' && !Array.isArray(values) && !('then' in (values as object));
  if (isColumns) return;
  throw new BatchError(
    table,
    'each() returned something else than values by column.',
    'Return nothing, or an object as in { title: "…" }; and take `async` off it.',
  );
}
