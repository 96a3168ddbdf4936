/** A statement that a migration's body ran. Executions of the same text in a row are one record. */
export interface StatementRecord {
  readonly sql: string;
  /** How often it was executed; also once where it failed. */
  readonly count: number;
  /** Rows that it inserted, updated or deleted itself. */
  readonly rows: number;
  /** Rows that its triggers and foreign key actions changed. */
  readonly indirectRows: number;
  /** Milliseconds within SQLite. Of many short executions some are timed, and the rest is reckoned from them. */
  readonly durationMs: number;
  /** What was bound in each of the first three executions, as SQL: `1, 'a', X'00'`. Empty where nothing ever was. */
  readonly values: readonly string[];
}

/** How many rows of a table statements have changed themselves, not by triggers or foreign key actions. */
export interface TableRows {
  readonly table: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}
