import { quoteName } from '../sqlite/tokens.js';
import type { Work } from './operation.js';

/** What is parked of each row that a statement changes. */
export interface Capture {
  readonly event: 'INSERT' | 'UPDATE' | 'DELETE';
  readonly table: string;
  readonly archive: string;
  /** Expressions over `old` and `new`. */
  readonly values: readonly string[];
  readonly when?: string;
}

/**
 * Runs something that changes rows, and parks each of them meanwhile: by a trigger, so that what is parked is exactly
 * what was and what has come of it, and never leaves SQLite.
 */
export function capturing(
  { connection }: Work,
  { event, table, archive, values, when = 'true' }: Capture,
  run: () => void,
): void {
  connection.exec(`CREATE TEMP TRIGGER _decant_capture AFTER ${event} ON main.${quoteName(table)} WHEN ${when}
    BEGIN INSERT INTO ${quoteName(archive)} VALUES (${values.join(', ')}); END`);
  run();
  connection.exec('DROP TRIGGER temp._decant_capture');
}

/** Columns of the old or the new row. */
export function ofRow(row: 'old' | 'new', columns: readonly string[]): readonly string[] {
  return columns.map((column) => `${row}.${column}`);
}
