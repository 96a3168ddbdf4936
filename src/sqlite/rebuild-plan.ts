import { AlterTableError } from '../errors.js';
import type { TableState } from './table-state.js';
import { columnOf, listedNames, mentions, textOf, type ColumnSql, type TableSql } from './table-sql.js';
import { inBrackets } from './sql-text.js';
import { constraintOf, optionsOf } from './table-edit.js';
import { foldName, isWord, quoteName, tokensOf } from './tokens.js';

/** What a table is to become. */
export interface Draft {
  readonly table: TableSql;
  /** Columns, folded, that are not copied from the old one of the same name: what they get, if not their default. */
  readonly fills: ReadonlyMap<string, string | undefined>;
  /** Columns, folded, whose values may change. */
  readonly lossy: ReadonlySet<string>;
}

/** The shape of the new table as SQLite understands it, and its name for the time being. */
export interface NewTable extends Pick<TableState, 'columns' | 'rowid' | 'rowidColumn'> {
  readonly name: string;
}

/** Which column of the new table comes from what, over the old row. */
export interface Pair {
  readonly to: string;
  readonly from: string;
}

/** What is copied, in order; the rowid, too, where it is no column. */
export function pairsOf(old: TableState, { fills }: Draft, made: NewTable): readonly Pair[] {
  const isCopied = (name: string): boolean =>
    fills.has(foldName(name)) || columnOf(old.table, name) !== undefined;
  const pairs = made.columns
    .filter(({ name, isGenerated }) => !isGenerated && isCopied(name))
    .flatMap(({ name }): Pair[] => {
      const from = fills.has(foldName(name))
        ? inBracketsIfAny(old.table, fills.get(foldName(name)))
        : quoteName(columnOf(old.table, name)?.name ?? '');
      return from === undefined ? [] : [{ to: quoteName(name), from }];
    });
  const rowid = old.rowidColumn === undefined ? old.rowid.name : quoteName(old.rowidColumn);
  const hasHidden = made.rowid.exists && made.rowidColumn === undefined && old.rowid.exists;
  return hasHidden && rowid !== undefined && made.rowid.name !== undefined
    ? [{ to: made.rowid.name, from: rowid }, ...pairs]
    : pairs;
}

function inBracketsIfAny(table: TableSql, from: string | undefined): string | undefined {
  return from === undefined ? undefined : inBrackets(table, from);
}

/** The one statement that copies all rows. OR ABORT: an ON CONFLICT of the definition must not drop any. */
export function copySql(old: TableState, made: NewTable, pairs: readonly Pair[]): string {
  const order = old.rowid.exists && old.rowid.name !== undefined ? ` ORDER BY ${old.rowid.name}` : '';
  if (pairs.length === 0)
    throw new AlterTableError(
      old.table.name,
      'the new definition has nothing in common with the old one.',
      'Say by `copy` what its columns get from the old rows.',
    );
  return `INSERT OR ABORT INTO main.${quoteName(made.name)} (${pairs.map(({ to }) => to).join(', ')})
  SELECT ${pairs.map(({ from }) => from).join(', ')} FROM main.${quoteName(old.table.name)}${order}`;
}

/** Puts the new table, with its rows in it, in the place of the old one. */
export function swapSql(old: TableState, draft: Draft, made: NewTable, hasMark: boolean): readonly string[] {
  const table = old.table.name;
  const [name, temporary] = [quoteText(table), quoteText(made.name)];
  const stale = staleStatistics(old, draft, made).map(quoteText);
  return [
    ...(hasMark && isAutoincrement(draft.table)
      ? [
          `DELETE FROM main.sqlite_sequence WHERE name = ${temporary}`,
          `INSERT INTO main.sqlite_sequence (name, seq) SELECT ${temporary}, seq FROM main.sqlite_sequence WHERE name = ${name}`,
        ]
      : []),
    // DROP TABLE deletes what is under the table's name.
    ...old.statistics.flatMap((each) => [
      ...(stale.length === 0
        ? []
        : [
            `DELETE FROM main.${each} WHERE tbl = ${name} COLLATE NOCASE AND idx COLLATE NOCASE IN (${stale.join(', ')})`,
          ]),
      `UPDATE main.${each} SET tbl = ${temporary} WHERE tbl = ${name} COLLATE NOCASE`,
    ]),
    // Otherwise SQLite reads all views and triggers here, fails on a broken one and rewrites the others.
    'PRAGMA legacy_alter_table = ON',
    `DROP TABLE main.${quoteName(table)}`,
    `ALTER TABLE main.${quoteName(made.name)} RENAME TO ${quoteName(table)}`,
    'PRAGMA legacy_alter_table = OFF',
    ...old.objects.map(({ sql, schema }) => (schema === 'temp' ? temporarySql(sql) : sql)),
    // SQLite makes one index for keys that are the same, and none for a key by which rows are stored.
    ...old.statistics.flatMap((each) => [
      `UPDATE main.${each} SET tbl = ${name} WHERE tbl = ${temporary}`,
      `DELETE FROM main.${each} WHERE tbl = ${name} AND idx <> tbl AND idx NOT IN (SELECT name FROM main.sqlite_schema)`,
    ]),
    ...(old.statistics.length === 0 ? [] : ['ANALYZE sqlite_schema']),
  ];
}

// SQLite stores a trigger's text from its name on: without TEMP, IF NOT EXISTS and the schema.
export function temporarySql(sql: string): string {
  return sql.replace(/^CREATE/, 'CREATE TEMP');
}

/** A text as a literal of SQL. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function isAutoincrement({ tokens }: TableSql): boolean {
  return tokens.some((token) => isWord(token, 'AUTOINCREMENT'));
}

// What is known of an index holds as long as it has the same columns, which hold the same values.
function staleStatistics(old: TableState, draft: Draft, made: NewTable): readonly string[] {
  const { name } = old.table;
  const changed = changedColumns(old.table, draft).map(({ column }) => column.name);
  const indexes = old.objects.filter(({ type }) => type === 'index');
  const own = indexes.filter(({ sql }) => changed.some((column) => mentions(tokensOf(sql).slice(4), column)));
  const [before, after] = [keysOf(old.table, old.rowidColumn), keysOf(draft.table, made.rowidColumn)];
  // They are numbered: one that comes or goes moves those behind it.
  const same = before.findIndex((key, at) => key !== after[at]);
  const automatic = before.flatMap((key, at) => {
    const isTouched = changed.some((column) => key.includes(JSON.stringify(foldName(column))));
    return isTouched || (same !== -1 && at >= same)
      ? [`sqlite_autoindex_${name}_${String(at + 1)}`, name]
      : [];
  });
  return [...own.map((index) => index.name), ...new Set(automatic)];
}

// The keys for which SQLite makes an index by itself, in order, each as a text that tells them apart. The rowid needs
// none.
function keysOf(table: TableSql, rowidColumn: string | undefined): readonly string[] {
  const options = optionsOf(table).join(' ');
  const own = table.columns.flatMap(({ name, constraints }) =>
    constraints.map((key) => ({ key, names: [name] })),
  );
  const all = [...own, ...table.constraints.map((key) => ({ key, names: listedNames(table, key) }))];
  return all
    .filter(({ key: { kind } }) => kind === 'UNIQUE' || (kind === 'PRIMARY' && rowidColumn === undefined))
    .map(({ key, names }) => JSON.stringify([...names.map(foldName), key.kind === 'PRIMARY' ? options : '']));
}

/** A column that is in both tables and may hold other values in the new one. */
export interface ChangedColumn {
  readonly column: ColumnSql;
  readonly old: ColumnSql;
  /** Whether only what is in it is kept the same; its comparisons may differ. */
  readonly isSameValue: boolean;
}

/** The columns whose affinity, collation or expression is another. */
export function changedColumns(old: TableSql, { table, fills }: Draft): readonly ChangedColumn[] {
  return table.columns.flatMap((column): ChangedColumn[] => {
    const before = columnOf(old, column.name);
    if (before === undefined || fills.has(foldName(column.name))) return [];
    const computed = constraintText(table, column, 'GENERATED');
    // What was computed is copied as it was.
    const isSameValue =
      affinityOf(old, before) === affinityOf(table, column) &&
      ['', constraintText(old, before, 'GENERATED')].includes(computed);
    const isSame =
      isSameValue && constraintText(old, before, 'COLLATE') === constraintText(table, column, 'COLLATE');
    return isSame ? [] : [{ column, old: before, isSameValue }];
  });
}

function constraintText(table: TableSql, column: ColumnSql, kind: 'GENERATED' | 'COLLATE'): string {
  const found = constraintOf(column, kind);
  return found === undefined ? '' : foldName(textOf(table, { from: found.at, to: found.to }));
}

/** https://sqlite.org/datatype3.html#determination_of_column_affinity */
export function affinityOf(table: TableSql, column: ColumnSql): string {
  const type = textOf(table, column.type).toUpperCase();
  if (type.includes('INT')) return 'INTEGER';
  if (/CHAR|CLOB|TEXT/.test(type)) return 'TEXT';
  if (type === '' || type.includes('BLOB')) return 'BLOB';
  if (type === 'ANY' && optionsOf(table).includes('STRICT')) return 'BLOB';
  return /REAL|FLOA|DOUB/.test(type) ? 'REAL' : 'NUMERIC';
}
