import type { Database } from '../domain/migration.js';
import { AlterTableError } from '../errors.js';
import { rebuildTable } from './alter-table.js';
import { brokenIn, refuseIfBroken, refuseIfNamed, type Broken } from './dependents.js';
import { explainCopy } from './offenders.js';
import { isConstraint, reindexSql } from './rebuild.js';
import { isAutoincrement, pairsOf, temporarySql, type Draft, type NewTable } from './rebuild-plan.js';
import { requireRebuildSpace } from './rebuild-space.js';
import { tidied } from './savepoint.js';
import { markOf, setMark } from './sequence.js';
import { scopeOf } from './scope.js';
import { needTable, withName } from './table-edit.js';
import { columnOf, type TableSql } from './table-sql.js';
import { freeName, shapeOf, stateOf, type TableState } from './table-state.js';
import { foldName, quoteName } from './tokens.js';
import { verifyCopy } from './verify-copy.js';

/** What a table's text is to be, to the letter. */
export interface Redefinition {
  readonly sql: string;
  /** What columns get, as expressions over the old row `t` and what is joined to it. */
  readonly copy?: Readonly<Record<string, string>>;
  /** A column that is computed, and may come out otherwise. */
  readonly recomputed?: string;
  /** `LEFT JOIN … AS a ON …`, which finds at most one row for each of the table's. */
  readonly join?: string;
  /** What was broken when the table last had this text, and may be so again. */
  readonly broken?: Broken;
}

/**
 * Gives a table a definition to the letter, with all that it has. A rebuild ends with a rename, after which SQLite
 * writes the name in quotes; here it is the old table that is renamed, out of the way, while SQLite is told to leave
 * alone what names it. To be called in a migration that has foreign keys off.
 */
export function redefine(db: Database, table: string, redefinition: Redefinition): void {
  const scope = scopeOf(db);
  const connection = scope?.connection ?? db;
  tidied({ db: connection, scope }, table, () => {
    const target = needTable(redefinition.sql, table);
    const mark = markOf(connection, table);
    const old = movable(db, connection, table);
    if (old.table.sql === redefinition.sql) return;
    for (const { name } of gone(old.table, target)) refuseIfNamed(connection, old, name);
    requireRebuildSpace(connection, table);
    scope?.redefines(old.table.name);
    const broken = new Map([...(redefinition.broken ?? []), ...brokenIn(connection)]);
    replace(connection, old, target, redefinition);
    // A copy gives a table a mark, even where it had none.
    if (isAutoincrement(target)) setMark(connection, target.name, mark);
    refuseIfBroken(connection, table, broken);
  });
}

// In a CHECK, `users.age` keeps SQLite from renaming the table while it is told to leave names alone: it has to be
// `age` first.
function movable(db: Database, connection: Database, table: string): TableState {
  const state = stateOf(connection, table);
  const { nameAt, name } = state.table;
  const bare = withName(state.table, name);
  if (bare.endsWith(state.table.sql.slice(state.table.tokens[nameAt]?.end))) return state;
  rebuildTable(db, table, { sql: bare });
  return stateOf(connection, table);
}

function gone(old: TableSql, target: TableSql): TableSql['columns'] {
  return old.columns.filter(({ name }) => columnOf(target, name) === undefined);
}

function replace(db: Database, old: TableState, target: TableSql, redefinition: Redefinition): void {
  const { copy, recomputed, join } = redefinition;
  const table = old.table.name;
  const away = freeName(db, table);
  const draft = draftOf(target, redefinition);
  withoutRewriting(db, `ALTER TABLE main.${quoteName(table)} RENAME TO ${quoteName(away)}`);
  db.exec(target.sql);
  const made: NewTable = { name: target.name, ...shapeOf(db, target.name) };
  const moved: TableState = { ...old, table: { ...old.table, name: away } };
  copyRows(db, moved, draft, made, join);
  verifyCopy(db, moved, draft, made);
  withoutRewriting(db, `DROP TABLE main.${quoteName(away)}`);
  for (const { sql, schema } of old.objects) db.exec(schema === 'temp' ? temporarySql(sql) : sql);
  // Without either, the text is another, and no value.
  const isSame = copy === undefined && recomputed === undefined;
  for (const sql of isSame ? [] : reindexSql(db, old, draft)) db.exec(sql);
}

function draftOf(table: TableSql, { copy = {}, recomputed }: Redefinition): Draft {
  const fills = new Map(Object.entries(copy).map(([column, from]) => [foldName(column), from]));
  return { table, fills, lossy: new Set(recomputed === undefined ? [] : [foldName(recomputed)]) };
}

// Otherwise SQLite would have views, triggers and children follow. https://sqlite.org/pragma.html#pragma_legacy_alter_table
function withoutRewriting(db: Database, sql: string): void {
  db.pragma('legacy_alter_table = ON');
  db.exec(sql);
  db.pragma('legacy_alter_table = OFF');
}

function copyRows(db: Database, old: TableState, draft: Draft, made: NewTable, join = ''): void {
  const pairs = pairsOf(old, draft, made);
  const own = pairs.map(({ to, from }) => ({ to, from: isPlain(old, from) ? `t.${from}` : from }));
  const order = old.rowid.exists && old.rowid.name !== undefined ? ` ORDER BY t.${old.rowid.name}` : '';
  try {
    db.exec(`INSERT OR ABORT INTO main.${quoteName(made.name)} (${own.map(({ to }) => to).join(', ')})
      SELECT ${own.map(({ from }) => from).join(', ')} FROM main.${quoteName(old.table.name)} AS t ${join}${order}`);
  } catch (error) {
    if (!isConstraint(error)) throw error;
    // It looks for rows in the old table, and would tell of it by the name that this has for the time being.
    const { reason, hint, rows } = explainCopy(db, old, draft.table, made, pairs, error);
    const [away, name] = [old.table.name, made.name];
    throw new AlterTableError(name, reason.replaceAll(away, name), hint, rows, { cause: error });
  }
}

// A column or the rowid, and no expression.
function isPlain({ rowid, table }: TableState, from: string): boolean {
  return from === rowid.name || table.columns.some(({ name }) => quoteName(name) === from);
}
