import type { WalkState } from '../domain/batches.js';
import type { Database } from '../domain/migration.js';
import { BatchError } from '../errors.js';
import type { MigrationScope } from '../sqlite/scope.js';
import { quoteName } from '../sqlite/tokens.js';
import { refuseFixed, type BatchRow, type Task } from './options.js';
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
  for (const { key, row } of found) {
    const values: unknown = task.each?.(row, db);
    if (values === undefined || values === null) continue;
    refuseOther(walk.table, values);
    put(key, values as Readonly<Record<string, unknown>>);
  }
  return { rows: found.length, cursor: found.length < task.size ? undefined : found.at(-1)?.literal };
}

interface FoundRow {
  readonly literal: string;
  /** By which to write into it: its rowid, or else the literal. */
  readonly key: bigint | string;
  readonly row: BatchRow;
}

// All of a batch before the first is given away: a function that writes must not meet its own rows.
function rowsOf({ connection, walk, task }: Means, here: readonly string[]): readonly FoundRow[] {
  const rowid = rowidIn(walk);
  const select = connection
    .prepare(
      `SELECT ${literalOf(walk)}, ${rowid ?? 'NULL'}, ${walk.rowid === undefined ? '' : `${walk.rowid}, `}*
       FROM ${walk.from}${conditions(here)} ORDER BY ${walk.key.join(', ')} LIMIT ${task.size}`,
    )
    .safeIntegers(true)
    .raw(true);
  const names = select.columns().map(({ name }) => name);
  return (select.all() as unknown[][]).map(([literal, id, ...values]) => ({
    literal: literal as string,
    key: (id ?? literal) as bigint | string,
    row: Object.fromEntries(values.map((value, index) => [names[index + 2], numberOf(value)])),
  }));
}

// One statement for the columns that are returned, mostly the same for all rows.
function writerOf({ connection, walk, scope }: Means): (key: bigint | string, row: BatchRow) => void {
  const known = new Map<string, ReturnType<Database['prepare']>>();
  const rowid = rowidIn(walk);
  return (key, row) => {
    const columns = Object.keys(row);
    if (columns.length === 0) return;
    const assignments = columns.map((column) => `${quoteName(column)} = ?`).join(', ');
    const where = typeof key === 'bigint' ? `${rowid} = ?` : `(${walk.key.join(', ')}) = ${key}`;
    const sql = `UPDATE ${walk.from} SET ${assignments} WHERE ${where}`;
    let statement = known.get(sql);
    if (statement === undefined) {
      refuseFixed(walk, columns);
      scope?.writes(walk.table, columns);
      statement = connection.prepare(sql);
      if (typeof key === 'bigint') known.set(sql, statement);
    }
    const values = Object.values(row).map(boundOf);
    const bound = [...values, ...(typeof key === 'bigint' ? [key] : [])];
    if (scope === undefined) statement.run(bound);
    else scope.run(statement, bound);
  };
}

function rowidIn({ key, isByRowid, rowid }: Walk): string | undefined {
  return isByRowid ? key[0] : rowid;
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

function refuseOther(table: string, values: unknown): void {
  const isColumns = typeof values === 'object' && !Array.isArray(values) && !('then' in (values as object));
  if (isColumns) return;
  throw new BatchError(
    table,
    'each() returned something else than values by column.',
    'Return nothing, or an object as in { title: "…" }; and take `async` off it.',
  );
}
