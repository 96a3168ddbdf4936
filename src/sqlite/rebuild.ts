import type { Database } from '../domain/migration.js';
import { AlterTableError } from '../errors.js';
import { brokenIn, refuseIfBroken } from './dependents.js';
import { requireRebuildSpace } from './rebuild-space.js';
import { explainCopy, explainIndex } from './offenders.js';
import {
  changedColumns,
  copySql,
  isAutoincrement,
  pairsOf,
  quoteText,
  swapSql,
  type Draft,
  type NewTable,
} from './rebuild-plan.js';
import { isMisfit } from './savepoint.js';
import type { Target } from './target.js';
import type { Script } from './script.js';
import { withName } from './table-edit.js';
import { freeName, readersOf, rows, shapeOf, type TableState } from './table-state.js';
import { foldName, quoteName } from './tokens.js';
import { verifyCopy } from './verify-copy.js';

/**
 * How much of a change is done, all of whose statements are noted. `all`: all of it. `empty`: all but the copying and
 * comparing of rows, so that what comes next can be planned. `plan`: no more than the new table that has the new
 * definition.
 */
export type Extent = 'all' | 'empty' | 'plan';

/**
 * Makes a table anew by its new definition, with all its rows, indexes and triggers. The order is that of SQLite's
 * documentation, and the only one that leaves alone what names the table: create the new copy, drop the old one,
 * rename the new one. https://sqlite.org/lang_altertable.html#making_other_kinds_of_table_schema_changes
 * @returns how many rows were copied
 */
export function rebuild({ db, script }: Target, old: TableState, draft: Draft, extent: Extent): number {
  const table = old.table.name;
  if (extent !== 'plan') refuseIfUnsafe(db, table);
  if (extent === 'all') requireRebuildSpace(db, table);
  const broken = brokenIn(db);
  const name = freeName(db, table);
  create(script, draft, name);
  const made: NewTable = { name, ...shapeOf(db, name) };
  refuseIfMoved(db, old, made);
  const pairs = pairsOf(old, draft, made);
  const swap = [...swapSql(old, draft, made, hasMark(db, old)), ...reindexSql(db, old, draft)];
  const copy = copySql(old, made, pairs);
  if (extent === 'plan') {
    for (const sql of [copy, ...swap]) script.note(sql);
    return 0;
  }
  if (extent === 'empty') script.note(copy);
  else runCopy();
  const count = extent === 'empty' ? 0 : verifyCopy(db, old, draft, made);
  for (const sql of swap) runSwap(sql);
  refuseIfBroken(db, table, broken);
  return count;

  function runSwap(sql: string): void {
    try {
      script.run(sql);
    } catch (error) {
      throw isConstraint(error) ? explainIndex(db, table, sql, error) : error;
    }
  }

  function runCopy(): void {
    try {
      script.run(copy);
    } catch (error) {
      throw isConstraint(error) ? explainCopy(db, old, draft.table, made, pairs, error) : error;
    }
  }
}

// With foreign keys on, dropping the old table deletes the rows of its children, and nothing can turn them off now.
function refuseIfUnsafe(db: Database, table: string): void {
  if (Number(db.pragma('foreign_keys', { simple: true })) === 1)
    throw new AlterTableError(
      table,
      'this needs a rebuild, which foreign keys that are enforced would turn into a loss of rows.',
      "Do it in a migration of its own, without foreignKeys: 'enforced'.",
    );
}

function create(script: Script, draft: Draft, name: string): void {
  try {
    script.run(withName(draft.table, name));
  } catch (error) {
    if (!isMisfit(error)) throw error;
    const message = (error as Error).message.replaceAll(name, draft.table.name);
    throw new AlterTableError(
      draft.table.name,
      `SQLite does not take its new definition: ${message}.`,
      `It would be: ${draft.table.sql}`,
      [],
      { cause: error },
    );
  }
}

// A virtual table that finds rows by their rowids would find others.
function refuseIfMoved(db: Database, old: TableState, made: NewTable): void {
  const isSame = foldName(made.rowidColumn ?? '') === foldName(old.rowidColumn ?? '');
  const keepsHidden = made.rowid.exists && made.rowidColumn === undefined;
  if (isSame ? made.rowid.exists || !old.rowid.exists : keepsHidden) return;
  const reader = readersOf(db, old.table.name).find(({ rowid }) => /^(?:rowid|_rowid_|oid)$/i.test(rowid));
  if (reader === undefined) return;
  throw new AlterTableError(
    old.table.name,
    `its rowids would change, by which the virtual table ${reader.name} finds its rows.`,
    'Drop that table first, and make it again afterwards.',
  );
}

// A full-text index over this table's rows has the words of the old values: 7.0 is two, and 7 is one.
// https://sqlite.org/fts5.html#the_rebuild_command
export function reindexSql(db: Database, old: TableState, draft: Draft): readonly string[] {
  const changed = changedColumns(old.table, draft).filter(({ isSameValue }) => !isSameValue);
  // What is computed may be computed from what is changed.
  const computed = changed.length === 0 ? [] : old.columns.filter(({ isGenerated }) => isGenerated);
  const touched = [...changed.map(({ column }) => column), ...computed].map(({ name }) => foldName(name));
  const names = new Set([...touched, ...draft.fills.keys()]);
  // One that asks for a rowid where there is none has never read anything.
  const isThere = (rowid: string): boolean =>
    old.rowid.exists || old.columns.some(({ name }) => foldName(name) === foldName(rowid));
  return readersOf(db, old.table.name)
    .filter(({ rowid }) => isThere(rowid))
    .filter(({ rowid, columns }) => [rowid, ...columns].some((column) => names.has(foldName(column))))
    .map(({ name }) => `INSERT INTO main.${quoteName(name)} (${quoteName(name)}) VALUES ('rebuild')`);
}

// sqlite_sequence has a row for each table that has ever had one with AUTOINCREMENT.
function hasMark(db: Database, old: TableState): boolean {
  const sql = 'SELECT 1 FROM main.sqlite_sequence WHERE name = ?';
  return isAutoincrement(old.table) && old.hasSequence && rows(db, sql, old.table.name)[0] !== undefined;
}

export function isConstraint(error: unknown): boolean {
  return /^SQLITE_(?:CONSTRAINT|MISMATCH)/.test(String((error as { code?: unknown } | undefined)?.code));
}

/** The statements that hand a table's statistics on to another name, which the indexes of its keys take on, too. */
export function renameStatistics({ table, statistics }: TableState, to: string): readonly string[] {
  const [from, name] = [quoteText(table.name), quoteText(to)];
  const [oldKey, key] = [table.name, to].map((each) => quoteText(`sqlite_autoindex_${each}_`));
  return statistics.map(
    (each) =>
      `UPDATE main.${each} SET tbl = ${name}, idx = CASE WHEN idx = ${from} THEN ${name}
  WHEN substr(idx, 1, length(${oldKey})) = ${oldKey} THEN ${key} || substr(idx, length(${oldKey}) + 1) ELSE idx END WHERE tbl = ${from}`,
  );
}
