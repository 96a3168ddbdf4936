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
  if (typeof value === 'number') return { sql: '?', values: [numberOf(value)] };
  if (typeof value === 'object' && value !== null && 'sql' in value)
    return { sql: inBrackets(table, value.sql), values: [] };
  return { sql: '?', values: [value] };
}

function numberOf(value: number): number | bigint {
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value;
}
