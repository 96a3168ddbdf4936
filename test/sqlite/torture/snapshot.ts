import type { Database } from '../../../src/domain/migration.js';
import { quoted } from './model.js';

/** All that a database is, in texts that SQL made: a value is its type and its bytes. */
export interface Snapshot {
  readonly objects: readonly StoredObject[];
  /** By schema and name. */
  readonly tables: Readonly<Record<string, TableDump>>;
  readonly pragmas: Readonly<Record<string, unknown>>;
  /** What foreign_key_check says: rows, by child and parent, or the error. */
  readonly foreignKeys: readonly string[];
  readonly broken: readonly string[];
}

export interface StoredObject {
  readonly schema: 'main' | 'temp';
  readonly type: string;
  readonly name: string;
  readonly table: string;
  readonly sql: string | null;
}

export interface TableDump {
  readonly columns: readonly string[];
  readonly rowid: boolean;
  /** The column that is the rowid. */
  readonly alias: string | undefined;
  /** What SQLite makes of each column: whether it is NOT NULL, its default, its place in the key, how it is generated. */
  readonly facts: readonly ColumnFacts[];
  /** The rowid, where there is one, and all cells. In the order of the rowid, or sorted. */
  readonly rows: readonly (readonly string[])[];
}

const PRAGMAS = [
  'foreign_keys',
  'legacy_alter_table',
  'recursive_triggers',
  'defer_foreign_keys',
  'ignore_check_constraints',
  'writable_schema',
  'user_version',
  'application_id',
  'encoding',
  'auto_vacuum',
  'journal_mode',
  'query_only',
  'case_sensitive_like',
  'reverse_unordered_selects',
  'cell_size_check',
  'locking_mode',
  'synchronous',
];

export interface ColumnFacts {
  readonly name: string;
  readonly notnull: number;
  readonly dflt_value: string | null;
  readonly pk: number;
  readonly type: string;
  readonly hidden: number;
}

export function snapshotOf(db: Database): Snapshot {
  const objects = ['main', 'temp'].flatMap((schema) =>
    all<StoredObject>(
      db,
      `SELECT '${schema}' AS "schema", type, name, tbl_name AS "table", sql FROM ${schema}.sqlite_schema ORDER BY rowid`,
    ),
  );
  const pragmas: Readonly<Record<string, unknown>> = {
    ...Object.fromEntries(PRAGMAS.map((name) => [name, String(db.pragma(name, { simple: true }))])),
    inTransaction: db.inTransaction,
  };
  // Off, so that a key to a table that is still to come is not taken for a broken trigger.
  db.pragma('foreign_keys = OFF');
  const broken = brokenIn(db, objects);
  db.pragma(`foreign_keys = ${String(pragmas['foreign_keys'])}`);
  const tables = all<{ schema: string; name: string }>(
    db,
    `SELECT schema, name FROM pragma_table_list WHERE type IN ('table', 'shadow') AND name NOT LIKE 'sqlite\\_schema' ESCAPE '\\'
     AND name NOT LIKE 'sqlite\\_temp\\_schema' ESCAPE '\\' AND name NOT LIKE '\\_migrations%' ESCAPE '\\' ORDER BY schema, name`,
  );
  return {
    objects: objects.filter(
      ({ name, table }) =>
        !/^(?:sqlite_autoindex_)?_migrations/.test(name) && !table.startsWith('_migrations'),
    ),
    tables: Object.fromEntries(
      tables.map(({ schema, name }) => [`${schema}.${name}`, dumpOf(db, schema, name)]),
    ),
    pragmas,
    foreignKeys: foreignKeysOf(db),
    broken,
  };
}

function dumpOf(db: Database, schema: string, name: string): TableDump {
  const sql = 'SELECT name, pk, type, hidden, "notnull", dflt_value FROM pragma_table_xinfo(?, ?)';
  const facts = all<ColumnFacts>(db, sql, name, schema);
  const columns = facts.map((each) => each.name);
  const target = `${schema}.${quoted(name, 0)}`;
  const rowid = rowidOf(db, target, name, columns);
  const cells = columns.map((each) => cellOf(`t.${quoted(each, 0)}`));
  const from = `FROM ${target} AS t${OWN[name] === undefined ? '' : ` WHERE ${OWN[name]} NOT GLOB '_migrations*'`}`;
  const read = (list: readonly string[], order: string): string[][] =>
    db
      .prepare(`SELECT ${list.join(', ')} ${from}${order}`)
      .raw()
      .all() as string[][];
  return {
    columns,
    rowid: rowid !== undefined,
    alias: rowid === undefined ? undefined : aliasIn(db, schema, name, facts),
    facts,
    rows:
      rowid === undefined
        ? read(cells, '').toSorted((a, b) => (a.join('|') < b.join('|') ? -1 : 1))
        : read([`CAST(t.${rowid} AS TEXT)`, ...cells], ` ORDER BY t.${rowid}`),
  };
}

// The rows of SQLite's own books have no order, and some are about Decant's tables.
const OWN: Readonly<Record<string, string>> = {
  sqlite_sequence: 'name',
  sqlite_stat1: 'tbl',
  sqlite_stat4: 'tbl',
};

function rowidOf(db: Database, target: string, name: string, columns: readonly string[]): string | undefined {
  if (name.startsWith('sqlite_')) return undefined;
  const free = ['rowid', '_rowid_', 'oid'].find((each) => !columns.some((one) => one.toLowerCase() === each));
  return free !== undefined && hasRowid(db, target, free) ? free : undefined;
}

function aliasIn(
  db: Database,
  schema: string,
  name: string,
  facts: readonly ColumnFacts[],
): string | undefined {
  const [key, ...others] = facts.filter(({ pk }) => pk > 0);
  const hasIndex =
    all(db, "SELECT 1 FROM pragma_index_list(?, ?) WHERE origin = 'pk'", name, schema).length > 0;
  const isAlias = others.length === 0 && key?.type.toUpperCase() === 'INTEGER' && !hasIndex;
  return isAlias ? key.name : undefined;
}

function hasRowid(db: Database, target: string, name: string): boolean {
  try {
    db.prepare(`SELECT ${name} FROM ${target}`);
    return true;
  } catch {
    return false;
  }
}

// hex() of a text is that of its bytes, so that NUL and broken UTF-8 are seen.
function cellOf(value: string): string {
  return `typeof(${value}) || ':' || CASE WHEN typeof(${value}) IN ('text', 'blob') THEN lower(hex(${value})) ELSE quote(${value}) END`;
}

function foreignKeysOf(db: Database): readonly string[] {
  const children = all<{ name: string }>(
    db,
    "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND rootpage > 0",
  );
  return children.flatMap(({ name }) => {
    try {
      return all<{ parent: string; fkid: number }>(
        db,
        'SELECT parent, fkid FROM pragma_foreign_key_check(?)',
        name,
      ).map(() => `${name}: a row`);
    } catch (error) {
      return [`${name}: ${(error as Error).message.replace(/ - .*/, '')}`];
    }
  });
}

/** Views that cannot be read, and tables and views that cannot be written: all programs of triggers are compiled. */
function brokenIn(db: Database, objects: readonly StoredObject[]): readonly string[] {
  const statements = objects
    .filter(({ type }) => type === 'view' || type === 'table')
    .flatMap(({ schema, type, name }) => {
      const target = `${schema}.${quoted(name, 0)}`;
      const column =
        type === 'view'
          ? undefined
          : all<{ name: string }>(db, 'SELECT name FROM pragma_table_info(?)', name)[0]?.name;
      const update = column === undefined ? `SELECT 1` : `UPDATE ${target} SET ${quoted(column, 0)} = NULL`;
      return [
        [`${type} ${name}: read`, `SELECT * FROM ${target}`],
        [`${type} ${name}: insert`, `INSERT INTO ${target} DEFAULT VALUES`],
        [`${type} ${name}: delete`, `DELETE FROM ${target}`],
        [`${type} ${name}: update`, update],
      ];
    });
  return statements.flatMap(([what = '', sql = '']) => {
    try {
      db.prepare(sql);
      return [];
    } catch {
      return [what];
    }
  });
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- what a row is, the query says
export function all<Row>(db: Database, sql: string, ...parameters: readonly unknown[]): readonly Row[] {
  return db
    .prepare(sql)
    .safeIntegers(false)
    .all(...parameters) as Row[];
}
