import { inspect } from 'node:util';
import { ReversibleError } from '../errors.js';
import { inBrackets } from '../sqlite/sql-text.js';
import type { TableSql } from '../sqlite/table-sql.js';

/** A value as it is, or an expression of SQL. */
export type ReversibleValue = string | number | bigint | null | Uint8Array | { readonly sql: string };

/** Values by column. */
export type ReversibleRow = Readonly<Record<string, ReversibleValue>>;

/** A piece of SQL, and what is bound to it. */
export interface Fragment {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** A value as SQL. A whole number is an integer: better-sqlite3 would make 1.0 of 1. */
export function fragmentOf(table: TableSql, value: ReversibleValue): Fragment {
  if (typeof value === 'number' && Number.isFinite(value)) return { sql: '?', values: [numberOf(value)] };
  if (isPlain(value)) return { sql: '?', values: [value] };
  if (typeof value === 'object' && typeof (value as { sql?: unknown } | null)?.sql === 'string')
    return { sql: inBrackets(table, value.sql), values: [] };
  throw new ReversibleError(
    table.name,
    `${inspect(value)} is no value`,
    'Give a string, a finite number, a bigint, null, a Uint8Array, or { sql } with an expression.',
  );
}

function numberOf(value: number): number | bigint {
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value;
}

function isPlain(value: ReversibleValue): value is string | bigint | null | Uint8Array {
  return value === null || ['string', 'bigint'].includes(typeof value) || value instanceof Uint8Array;
}
