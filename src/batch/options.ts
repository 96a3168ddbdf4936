import { inspect } from 'node:util';
import type { WalkDefinition } from '../domain/batches.js';
import type { Database } from '../domain/migration.js';
import { AlterTableError, BatchError } from '../errors.js';
import { isRecord } from '../sqlite/kinds.js';
import { inBrackets } from '../sqlite/sql-text.js';
import { foldName } from '../sqlite/tokens.js';
import type { Walk } from './walk.js';

/** A row as `each` gets it: by column. Whole numbers beyond 2^53 are bigints; blobs are Buffers. */
export type BatchRow = Readonly<Record<string, unknown>>;

/** Which rows `batch()` changes, and how: exactly one of `set` and `each`. */
export interface BatchOptions {
  readonly table: string;
  /** Rows a batch; 1,000 where it is left out. */
  readonly size?: number | undefined;
  /** SQL: only rows for which it is true when their batch comes. */
  readonly where?: string | undefined;
  /** SQL by column, evaluated for each row: values do not pass through JavaScript, so they stay exact. */
  readonly set?: Readonly<Record<string, string>> | undefined;
  /** Called for each row. What it returns, values by column, is written into the row. */
  readonly each?: ((row: BatchRow, db: Database) => Readonly<Record<string, unknown>> | void) | undefined;
}

/** What `batch()` has done. */
export interface BatchResult {
  /** Rows that were changed by `set`, or given to `each`. */
  readonly rows: number;
  readonly batches: number;
}

/** The options, in order. */
export interface Task {
  readonly size: number;
  /** The condition in parentheses; empty when there is none. */
  readonly where: readonly string[];
  readonly set: readonly (readonly [column: string, expression: string])[];
  readonly each: BatchOptions['each'];
}

const OPTIONS: readonly string[] = ['table', 'size', 'where', 'set', 'each'] satisfies (keyof BatchOptions)[];

/**
 * Checks the options as they were given; nothing else does so for a migration.
 * @throws BatchError
 */
export function taskOf(options: BatchOptions): Task {
  if (typeof options !== 'object' || options === null)
    throw new BatchError('no table', 'it was given no options.', "As in: batch(db, { table: 'notes', … })");
  for (const [reason, hint, isWrong] of RULES) {
    const wrong = isWrong(options);
    if (wrong !== undefined) throw new BatchError(text(options.table), reason.replace('WRONG', wrong), hint);
  }
  const { table, size = 1000, where, set, each } = options;
  return {
    size,
    where: where === undefined ? [] : [bracketed(table, where)],
    set: Object.entries(set ?? {}).map(([column, sql]) => [column, bracketed(table, sql)]),
    each,
  };
}

type Rule = readonly [
  reason: string,
  hint: string,
  /** What is wrong, if anything. */
  isWrong: (options: BatchOptions) => string | undefined,
];

const RULES: readonly Rule[] = [
  [
    'its table is not a name.',
    "As in: batch(db, { table: 'notes', … })",
    ({ table }) => (typeof table === 'string' ? undefined : text(table)),
  ],
  [
    'it knows no option WRONG.',
    `The options are ${OPTIONS.join(', ')}.`,
    (options) => Object.keys(options).find((key) => !OPTIONS.includes(key)),
  ],
  [
    'size must be a whole number from 1, not WRONG.',
    'Example: size: 1000',
    ({ size = 1 }) => (Number.isSafeInteger(size) && size > 0 ? undefined : text(size)),
  ],
  [
    'it takes either set or each.',
    'Give exactly one: SQL by column, or a function that gets each row.',
    ({ set, each }) => ((set === undefined) === (each === undefined) ? '' : undefined),
  ],
  [
    'each is not a function.',
    'As in: each: (row) => ({ title: String(row.title).trim() })',
    ({ each }) => (each === undefined || typeof each === 'function' ? undefined : ''),
  ],
  [
    'set names no column.',
    "As in: set: { total: 'price * count' }",
    ({ set = { some: '' } }) => (isRecord(set) && Object.keys(set).length > 0 ? undefined : ''),
  ],
  [
    'where is no SQL, but WRONG.',
    "As in: where: 'total IS NULL'. Leave it out for all rows.",
    ({ where = 'true' }) => (typeof where === 'string' && where.trim() !== '' ? undefined : inspect(where)),
  ],
];

const text = (value: unknown): string => String(value);

/** What of the options must be the same when a walk goes on in another process. */
export function definitionOf({ table, where, set }: BatchOptions): WalkDefinition {
  return { table, where: where ?? null, set: set ?? null };
}

/**
 * @param where in which row they were met, as in ` for rowid 5`; empty where it is no one row
 * @throws BatchError when one of the columns is what rows are found again by, or is not there
 */
export function refuseColumns(
  { table, fixed, columns: all }: Walk,
  columns: readonly string[],
  where = '',
): void {
  const key = columns.find((column) => fixed.has(foldName(column)));
  const unknown = columns.find((column) => !all.some(({ name }) => foldName(name) === foldName(column)));
  if (key === undefined && unknown !== undefined)
    throw new BatchError(
      table,
      `it would set ${unknown}${where}, and there is no such column.`,
      `Its columns are ${all.map(({ name }) => name).join(', ')}.`,
    );
  if (key === undefined) return;
  throw new BatchError(
    table,
    `it would set ${key}, which is part of the key by which its rows are gone through.`,
    'Change keys by one UPDATE, outside of batch().',
  );
}

function bracketed(table: string, sql: string): string {
  if (typeof sql !== 'string' || sql.trim() === '')
    throw new BatchError(
      table,
      `${inspect(sql)} is not SQL.`,
      "Give an expression as a text: set: { total: 'price * count' }",
    );
  try {
    return inBrackets({ name: table }, sql);
  } catch (error) {
    if (!(error instanceof AlterTableError)) throw error;
    throw new BatchError(table, error.reason, error.hint);
  }
}
