import { alterTable } from '../sqlite/alter-table.js';
import { brokenIn } from '../sqlite/dependents.js';
import { redefine, type Redefinition } from '../sqlite/redefine.js';
import type { TableBuilder } from '../sqlite/table-builder.js';
import type { TableSql } from '../sqlite/table-sql.js';
import { stateOf } from '../sqlite/table-state.js';
import { quoteName } from '../sqlite/tokens.js';
import { parkedAs, type Key } from './keys.js';
import type { Work } from './operation.js';
import { markOf, putBackMark, type Mark } from '../sqlite/sequence.js';
import { parkStatistics, putBackStatistics } from './statistics.js';

/** The table's text before and after, and AUTOINCREMENT's mark. */
export interface Redefined {
  readonly before: string;
  readonly after: string;
  /** What could not be compiled before, with SQLite's reason. */
  readonly broken: readonly (readonly [what: string, why: string])[];
  readonly marks: { readonly before: Mark; readonly after: Mark };
}

/** Changes a table's definition, and keeps what it was. */
export function altered(work: Work, table: string, change: (builder: TableBuilder) => void): Redefined {
  parkStatistics(work, table);
  const look = (): readonly [string, Mark] => [
    stateOf(work.connection, table).table.sql,
    markOf(work.connection, table),
  ];
  const [before, mark] = look();
  const broken = [...brokenIn(work.connection)];
  alterTable(work.db, table, change);
  const [after, markNow] = look();
  return { before, after, broken, marks: { before: mark, after: markNow } };
}

/** Gives the table the text that it had. */
export function putBack(
  work: Work,
  table: string,
  { marks, broken }: Redefined,
  redefinition: Redefinition,
): void {
  redefine(work.db, table, { ...redefinition, broken: new Map(broken) });
  putBackMark(work.connection, table, marks.before, marks.after);
  putBackStatistics(work);
}

/** The text that was before; where somebody has changed it since, today's with the one change taken back. */
export function textBefore(
  { connection }: Work,
  table: string,
  { before, after }: Redefined,
  takeBack: (now: TableSql) => string,
): string {
  const now = stateOf(connection, table).table;
  return now.sql === after ? before : takeBack(now);
}

/** Parks the values of a column, by key. @param more columns of the archive that are filled later */
export function parkColumn(
  work: Work,
  table: string,
  { columns, collations }: Key,
  column: string,
  more: readonly string[],
): void {
  const keys = parkedAs('k', columns.length);
  // A row is found again there as it is found in the table: a key that was put in capitals is the same key.
  const keyColumns = keys.map((key, at) => {
    const collation = collations?.[at];
    return collation === undefined ? key : `${key} COLLATE ${quoteName(collation)}`;
  });
  const archive = work.park([...keyColumns, ...parkedAs('o', 1), ...more], columns.length);
  work.connection.exec(
    `INSERT INTO main.${archive} (${[...keys, '_decant_o0'].join(', ')}) SELECT ${[...columns, quoteName(column)].join(', ')} FROM main.${quoteName(table)}`,
  );
}
