import type { Database } from '../domain/migration.js';
import { ReversibleError } from '../errors.js';
import { needTable } from '../sqlite/table-edit.js';
import { rows, stateOf } from '../sqlite/table-state.js';
import { quoteName } from '../sqlite/tokens.js';
import { countOf, hiddenRowidOf, parkedAs, storedColumns } from './keys.js';
import { create, nameIn, storedOf, type Stored } from './objects.js';
import { operation, type Operation, type Work } from './operation.js';
import { markOf, setMark, type Mark } from '../sqlite/sequence.js';
import { parkStatistics, putBackStatistics } from './statistics.js';

export function creatingTable(sql: string): Operation {
  const name = nameIn('table', sql);
  needTable(sql, name);
  return operation(
    { kind: 'create table', table: name, said: sql },
    ({ db }) => void db.exec(sql),
    ({ db, connection, meet }) => {
      meet(name, 'dropped', countOf(connection, `main.${quoteName(name)}`));
      db.exec(`DROP TABLE main.${quoteName(name)}`);
    },
  );
}

interface DroppedTable {
  readonly name: string;
  readonly sql: string;
  readonly columns: readonly string[];
  /** The name of a rowid that is no column, where rows have one. */
  readonly rowid: string | null;
  readonly objects: readonly Stored[];
  readonly mark: Mark;
}

export function droppingTable(table: string): Operation {
  return operation<DroppedTable>(
    { kind: 'drop table', table, said: null },
    (work) => parkTable(work, table),
    (work, dropped) => {
      const { connection } = work;
      refuseTaken(connection, dropped.name);
      work.db.exec(dropped.sql);
      putBackRows(work, dropped);
      for (const object of dropped.objects) create(work.db, object);
      setMark(connection, dropped.name, dropped.mark);
      putBackStatistics(work);
    },
  );
}

function parkTable(work: Work, table: string): DroppedTable {
  const { db, connection } = work;
  const state = stateOf(connection, table);
  const { name, sql } = state.table;
  const columns = storedColumns(state);
  const rowid = hiddenRowidOf(state);
  const archive = work.park(['_decant_rowid', ...parkedAs('o', columns.length)], 0);
  const order = rowid === null ? '' : ` ORDER BY ${rowid}`;
  connection.exec(
    `INSERT INTO main.${archive} SELECT ${[rowid ?? 'NULL', ...columns].join(', ')} FROM main.${quoteName(name)}${order}`,
  );
  parkStatistics(work, name);
  const objects = storedOf(connection, name);
  const mark = markOf(connection, name);
  db.exec(`DROP TABLE main.${quoteName(name)}`);
  return { name, sql, columns, rowid, objects, mark };
}

function putBackRows({ connection, archive }: Work, { name, columns, rowid }: DroppedTable): void {
  const parked = parkedAs('o', columns.length);
  const [to, from] =
    rowid === null
      ? [columns, parked]
      : [
          [rowid, ...columns],
          ['_decant_rowid', ...parked],
        ];
  connection.exec(
    `INSERT OR ABORT INTO main.${quoteName(name)} (${to.join(', ')}) SELECT ${from.join(', ')} FROM main.${archive()} ORDER BY rowid`,
  );
}

function refuseTaken(db: Database, name: string): void {
  if (rows(db, 'SELECT 1 FROM main.sqlite_schema WHERE name = ? COLLATE NOCASE', name)[0] === undefined)
    return;
  throw new ReversibleError(
    name,
    'it was dropped, and there is something else of that name by now',
    'Rename or drop that first.',
  );
}
