import { ReversibleError } from '../errors.js';
import { needColumn } from '../sqlite/table-edit.js';
import { stateOf, type TableState } from '../sqlite/table-state.js';
import { inBrackets } from '../sqlite/sql-text.js';
import { foldName, quoteName } from '../sqlite/tokens.js';
import { operation, type ConflictOptions, type Operation, type Work } from './operation.js';
import { countOf, keyOf, parkedAs, refuseVacuumed, rowOf, type Key } from './keys.js';
import { deletingFrom, undoDelete, type DeletedRows } from './delete.js';
import { insertingInto, undoInsert, type InsertedRows } from './insert.js';
import type { ReversibleValue } from './values.js';
import { fragmentOf } from './values.js';

/** What each column of the target gets: a value as it is, or `{ sql }` with an expression over the source row. */
export type MoveMapping = Readonly<Record<string, ReversibleValue>>;

export interface MoveOptions extends ConflictOptions {
  /** A condition over the source row; all rows without it. */
  readonly where?: string;
}

interface Moved {
  readonly deleted: DeletedRows;
  readonly inserted: InsertedRows;
}

// The archive of what was inserted; that of what was deleted has no addition to its name.
const TO = '_to';
const CHOSEN = '_chosen';

export function moving(from: string, to: string, mapping: MoveMapping, options: MoveOptions): Operation {
  const { where, onConflict = 'keep' } = options;
  return operation<Moved>(
    { kind: 'move', table: from, said: [to, mapping, options] },
    (work) => {
      refuseSame(from, to);
      const source = stateOf(work.connection, from);
      const key = keyOf(work.connection, source);
      const order = key.columns.map((column) => `+${column} COLLATE BINARY`);
      const which = where === undefined ? 'true' : chosen(work, source, key, where);
      const inserted = insertingInto(work, stateOf(work.connection, to), TO, (target) => {
        const columns = Object.keys(mapping).map((name) => quoteName(needColumn(target.table, name).name));
        const values = Object.values(mapping).map((value) => fragmentOf(source.table, value));
        const sql = `INSERT OR ABORT INTO main.${quoteName(to)} (${columns.join(', ')})
          SELECT ${values.map((value) => value.sql).join(', ')} FROM main.${quoteName(from)} WHERE ${which}
          ORDER BY ${order.join(', ')}`;
        work.db.prepare(sql).run(...values.flatMap((value) => value.values));
      });
      const remove = `DELETE FROM main.${quoteName(from)} WHERE ${which}`;
      const deleted = deletingFrom(work, source, () => void work.db.exec(remove));
      if (where !== undefined) forgetChosen(work);
      return { deleted, inserted };
    },
    (work, { deleted, inserted }) => {
      refuseVacuumed(work, to, inserted.key);
      const gone = leaveGone(work, to, { deleted, inserted });
      undoInsert(work, to, inserted, onConflict, TO);
      undoDelete(work, from, deleted, onConflict);
      work.meet(to, 'deleted', gone);
    },
  );
}

// Judged once: a condition that looks at the target is another as soon as rows are there.
function chosen(work: Work, { table }: TableState, { columns }: Key, where: string): string {
  const keys = parkedAs('k', columns.length);
  const list = work.park(keys, 0, CHOSEN);
  work.connection.exec(
    `INSERT INTO main.${list} SELECT ${columns.join(', ')} FROM main.${quoteName(table.name)} WHERE ${inBrackets(table, where)}`,
  );
  return `(${columns.join(', ')}) IN (SELECT ${keys.join(', ')} FROM main.${list})`;
}

function forgetChosen({ connection, scope, archive }: Work): void {
  const list = `main.${quoteName(archive(CHOSEN))}`;
  scope.parks(countOf(connection, list));
  connection.exec(`DROP TABLE ${list}`);
}

// What was deleted where it had been moved to is not put back. Rows were inserted in the order of the source's keys,
// so the first of the one archive is the first of the other.
function leaveGone({ connection, archive }: Work, to: string, { deleted, inserted }: Moved): number {
  const [source, target] = [`main.${quoteName(archive())}`, `main.${quoteName(archive(TO))}`];
  const keys = parkedAs('k', deleted.key.columns.length).join(', ');
  const numbered = `(SELECT ${keys}, row_number() OVER (ORDER BY ${keys}) AS number FROM ${source}) AS s`;
  const isThere = `EXISTS (SELECT 1 FROM main.${quoteName(to)} AS t WHERE ${rowOf(inserted.key)})`;
  const list = parkedAs('k', deleted.key.columns.length).map((key) => `s.${key}`);
  const sql = `DELETE FROM ${source} WHERE (${keys}) IN (
    SELECT ${list.join(', ')} FROM ${numbered} JOIN ${target} AS a ON a.rowid = s.number WHERE NOT ${isThere})`;
  return connection.prepare(sql).run().changes;
}

function refuseSame(from: string, to: string): void {
  if (foldName(from) !== foldName(to)) return;
  throw new ReversibleError(from, 'rows cannot be moved into their own table', 'Use update().');
}
