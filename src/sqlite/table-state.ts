import type { Database } from '../domain/migration.js';
import { AlterTableError } from '../errors.js';
import { needTable } from './table-edit.js';
import type { TableSql } from './table-sql.js';
import { foldName, isWord, nameOf, tokensOf, type Token } from './tokens.js';

/** An index or trigger, as it is stored. */
export interface StoredObject {
  readonly type: 'index' | 'trigger';
  readonly schema: 'main' | 'temp';
  readonly name: string;
  readonly sql: string;
}

interface ColumnFacts {
  readonly name: string;
  readonly isGenerated: boolean;
  /** Its place in the primary key, from 1; 0 when it is not in it. */
  readonly pk: number;
}

/** What a table is, apart from its text: all that a plan to alter it depends on. */
export interface TableState {
  readonly table: TableSql;
  readonly columns: readonly ColumnFacts[];
  /** Whether rows have rowids, and the name by which they can be got at; a column may have taken all three. */
  readonly rowid: { readonly exists: boolean; readonly name: string | undefined };
  /** The column that is the rowid, if one is. https://sqlite.org/lang_createtable.html#rowid */
  readonly rowidColumn: string | undefined;
  /** In the order in which they were made. */
  readonly objects: readonly StoredObject[];
  /** The tables of statistics that there are. */
  readonly statistics: readonly string[];
  readonly hasSequence: boolean;
  /** As a number that can be compared: 3.53.4 is 3053004. */
  readonly version: number;
}

/** Looks at a table. @throws AlterTableError when it is none that can be altered */
export function stateOf(db: Database, name: string): TableState {
  refuseIfNoTable(db, name);
  const { sql } = rows<{ sql: string }>(
    db,
    `SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND name = ? COLLATE NOCASE`,
    name,
  )[0] ?? { sql: '' };
  const table = needTable(sql, name);
  return {
    table,
    ...shapeOf(db, table.name),
    objects: objectsOf(db, table.name),
    statistics: namesOf(db, `name IN ('sqlite_stat1', 'sqlite_stat3', 'sqlite_stat4')`),
    hasSequence: namesOf(db, `name = 'sqlite_sequence'`).length > 0,
    version: versionOf(db),
  };
}

/** The columns of a table as SQLite understands its definition. */
export function shapeOf(db: Database, name: string): Pick<TableState, 'columns' | 'rowid' | 'rowidColumn'> {
  const found = rows<{ name: string; type: string; hidden: number; pk: number }>(
    db,
    `SELECT name, type, hidden, pk FROM pragma_table_xinfo(?, 'main')`,
    name,
  );
  const { wr } = rows<{ wr: number }>(db, LIST, name)[0] ?? { wr: 0 };
  const keys = found.filter(({ pk }) => pk > 0);
  // INTEGER PRIMARY KEY DESC, by an old mistake, is not the rowid: such a key has an index of its own.
  const hasIndex =
    rows(db, `SELECT 1 FROM pragma_index_list(?, 'main') WHERE origin = 'pk'`, name)[0] !== undefined;
  const isAlias = wr === 0 && keys.length === 1 && !hasIndex && keys[0]?.type.toUpperCase() === 'INTEGER';
  return {
    columns: found.map((each) => ({ name: each.name, isGenerated: each.hidden > 1, pk: each.pk })),
    rowid: { exists: wr === 0, name: rowidNameOf(found) },
    rowidColumn: isAlias ? keys[0]?.name : undefined,
  };
}

/** A name for the rowid that no column of the table has taken. https://sqlite.org/lang_createtable.html#rowid */
export function rowidNameOf(columns: readonly { readonly name: string }[]): string | undefined {
  const taken = new Set(columns.map(({ name }) => foldName(name)));
  return ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name));
}

const LIST = `SELECT type, wr FROM pragma_table_list WHERE schema = 'main' AND name = ? COLLATE NOCASE`;

function refuseIfNoTable(db: Database, name: string): void {
  const type = rows<{ type: string }>(db, LIST, name)[0]?.type;
  const hidden = rows(
    db,
    `SELECT 1 FROM temp.sqlite_schema WHERE type IN ('table', 'view') AND name = ? COLLATE NOCASE`,
    name,
  )[0];
  if (hidden !== undefined)
    throw new AlterTableError(
      name,
      'a temporary table or view of the same name hides it from its indexes and triggers.',
      'Drop the temporary one first.',
    );
  if (type === 'table' && !/^sqlite_/i.test(name)) return;
  const what = type === undefined ? 'there is no such table.' : `it is ${WHAT[type] ?? "SQLite's own."}`;
  throw new AlterTableError(name, what, 'Only tables that hold their own rows can be altered.');
}

const WHAT: Readonly<Record<string, string>> = {
  view: 'a view.',
  virtual: 'a virtual table, which its module alone can change.',
  shadow: 'where a virtual table keeps its data.',
};

// Indexes that SQLite made by itself have no text: they come back with their constraint.
function objectsOf(db: Database, table: string): readonly StoredObject[] {
  const select = (schema: StoredObject['schema']): readonly StoredObject[] =>
    rows<StoredObject>(
      db,
      `SELECT type, '${schema}' AS "schema", name, sql FROM ${schema}.sqlite_schema
       WHERE tbl_name = ? COLLATE NOCASE AND type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY rowid`,
      table,
    );
  return [...select('main'), ...select('temp')];
}

/** The virtual tables that read their content from a table, as FTS5 does with content='users'. */
export function readersOf(db: Database, table: string): readonly Reader[] {
  const virtual = rows<{ name: string; sql: string }>(
    db,
    `SELECT name, sql FROM main.sqlite_schema WHERE type = 'table' AND rootpage = 0`,
  );
  return virtual.flatMap(({ name, sql }) => {
    const tokens = tokensOf(sql);
    const content = optionOf(tokens, 'content');
    if (content === undefined || foldName(content) !== foldName(table)) return [];
    const open = tokens.findIndex(({ text }) => text === '(');
    const columns = tokens.slice(open).filter((_token, at, all) => /^[(,]$/.test(all[at - 1]?.text ?? ''));
    return [
      {
        name,
        rowid: optionOf(tokens, 'content_rowid') ?? 'rowid',
        columns: columns.map((each) => nameOf(each) ?? ''),
      },
    ];
  });
}

/** What an option of a virtual table says, as `t` of `content='t'`; undefined where it is not given. */
export function optionOf(tokens: readonly Token[], option: string): string | undefined {
  const at = tokens.findIndex(
    (token, index) => isWord(token, option.toUpperCase()) && tokens[index + 1]?.text === '=',
  );
  return at === -1 ? undefined : nameOf(tokens[at + 2]);
}

export interface Reader {
  readonly name: string;
  /** The column, or `rowid`, by which it finds a row. */
  readonly rowid: string;
  readonly columns: readonly string[];
}

/** A name for the new table that nothing has, and that SQLite does not keep for itself. */
export function freeName(db: Database, table: string): string {
  const taken = new Set(namesOf(db, 'true').map(foldName));
  for (let number = 0; ; number++) {
    const name = `_decant_new_${table}${number === 0 ? '' : `_${String(number)}`}`;
    if (!taken.has(foldName(name))) return name;
  }
}

/** Tables that other tools leave behind when they die in the middle of a rebuild. */
export function leftoversOf(db: Database, table: string): readonly string[] {
  const names = new Set(LEFTOVERS.map((pattern) => foldName(pattern.replace('*', table))));
  return namesOf(db, "type = 'table'").filter((name) => names.has(foldName(name)));
}

const LEFTOVERS = [
  '__new_*', // Drizzle
  'new__*', // Django
  'new_*', // Prisma
  '_alembic_tmp_*',
  'temporary_*', // TypeORM
  '*__temp_alter', // MikroORM
  '*_backup', // Sequelize
  'a*', // Rails
  'altered_*',
  '_decant_new_*',
];

function namesOf(db: Database, where: string): readonly string[] {
  const sql = `SELECT name FROM (SELECT * FROM main.sqlite_schema UNION ALL SELECT * FROM temp.sqlite_schema) WHERE ${where}`;
  return rows<{ name: string }>(db, sql).map(({ name }) => name);
}

function versionOf(db: Database): number {
  const { version } = rows<{ version: string }>(db, 'SELECT sqlite_version() AS version')[0] ?? {
    version: '',
  };
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  return major * 1_000_000 + minor * 1000 + patch;
}

/** Reads rows as plain objects, whatever the connection's defaults are. */
export function rows<Row>(db: Database, sql: string, ...parameters: readonly unknown[]): Row[] {
  return db
    .prepare(sql)
    .safeIntegers(false)
    .all(...parameters) as Row[];
}
