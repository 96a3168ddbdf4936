import type { Database } from '../domain/migration.js';
import { rows, leftoversOf } from './table-state.js';
import { needTable } from './table-edit.js';
import { textOf } from './table-sql.js';
import { foldName, nameOf, tokensOf } from './tokens.js';

/** A column, or something that belongs to a table or names it. */
export interface Part {
  readonly kind: 'column' | 'index' | 'trigger' | 'view' | 'statistics' | 'sequence';
  readonly name: string;
}

/** What a call has done to a table. */
export interface AlterReceipt {
  /** The table, by its name now. */
  readonly table: string;
  /** `native`: in place, by ALTER TABLE; `rebuild`: by a new table; `nothing`: it was so already. */
  readonly path: 'native' | 'rebuild' | 'nothing';
  /** How many rows were copied, and counted and compared. */
  readonly rows: number;
  readonly added: readonly Part[];
  /** What is as it was, to the letter. */
  readonly kept: readonly Part[];
  readonly changed: readonly Part[];
  readonly dropped: readonly Part[];
  /** The statements that were run, in order. */
  readonly statements: readonly string[];
  readonly warnings: readonly string[];
}

/** The parts of a table, each with what it is to the letter. */
export type Inventory = ReadonlyMap<string, { readonly part: Part; readonly text: string }>;

export function inventoryOf(db: Database, name: string): Inventory {
  const inventory = new Map<string, { part: Part; text: string }>();
  const add = (kind: Part['kind'], part: string, text: string, key = part): void =>
    void inventory.set(`${kind} ${foldName(key)}`, { part: { kind, name: part }, text });
  const stored = rows<{ sql: string }>(
    db,
    `SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND name = ? COLLATE NOCASE`,
    name,
  )[0];
  const table = needTable(stored?.sql ?? '', name);
  for (const column of table.columns) add('column', column.name, textOf(table, column));
  for (const { type, name: object, sql } of objectsNaming(db, name)) add(type, object, sql);
  for (const { index, text, key } of statisticsOf(db, name)) add('statistics', index, text, key);
  const mark = sequenceOf(db, name);
  if (mark !== undefined) add('sequence', 'sequence', mark);
  return inventory;
}

/** What became of the parts. @param renamed columns, folded, by the names they had */
export function compare(
  before: Inventory,
  after: Inventory,
  renamed: ReadonlyMap<string, string>,
): Pick<AlterReceipt, 'added' | 'kept' | 'changed' | 'dropped'> {
  const result = { added: [] as Part[], kept: [] as Part[], changed: [] as Part[], dropped: [] as Part[] };
  const seen = new Set<string>();
  for (const [key, { part, text }] of before) {
    const now = renamed.get(key) ?? key;
    const found = after.get(now);
    seen.add(now);
    if (found === undefined) result.dropped.push(part);
    else result[found.text === text ? 'kept' : 'changed'].push(found.part);
  }
  for (const [key, { part }] of after) if (!seen.has(key)) result.added.push(part);
  return result;
}

interface Found {
  readonly type: 'index' | 'trigger' | 'view';
  readonly name: string;
  readonly table: string;
  readonly sql: string;
}

function objectsNaming(db: Database, table: string): readonly Found[] {
  // A quote within a name may be written doubled. What is longest between them is enough to look at few texts.
  const piece = table.split(/["'`]/).toSorted((a, b) => b.length - a.length)[0];
  const found = rows<Found>(
    db,
    `SELECT type, name, tbl_name AS "table", sql
     FROM (SELECT * FROM main.sqlite_schema UNION ALL SELECT * FROM temp.sqlite_schema)
     WHERE type IN ('index', 'trigger', 'view') AND sql IS NOT NULL AND instr(lower(sql), lower(?)) > 0`,
    piece,
  );
  return found.filter(({ sql }) =>
    tokensOf(sql).some((token) => foldName(nameOf(token) ?? '') === foldName(table)),
  );
}

interface Statistics {
  readonly index: string;
  readonly text: string;
  /** The same under any name of the table, which its keys' indexes take on. */
  readonly key: string;
}

function statisticsOf(db: Database, table: string): readonly Statistics[] {
  if (rows(db, "SELECT 1 FROM main.sqlite_schema WHERE name = 'sqlite_stat1'")[0] === undefined) return [];
  return rows<{ index: string | null; text: string }>(
    db,
    'SELECT idx AS "index", stat AS text FROM main.sqlite_stat1 WHERE tbl = ? COLLATE NOCASE',
    table,
  ).map(({ index, text }) => {
    const key = index === table ? '' : index?.replace(`sqlite_autoindex_${table}_`, 'sqlite_autoindex_');
    return { index: index ?? table, text, key: key ?? '' };
  });
}

function sequenceOf(db: Database, table: string): string | undefined {
  if (rows(db, "SELECT 1 FROM main.sqlite_schema WHERE name = 'sqlite_sequence'")[0] === undefined)
    return undefined;
  const sql = 'SELECT CAST(seq AS TEXT) AS seq FROM main.sqlite_sequence WHERE name = ? COLLATE NOCASE';
  return rows<{ seq: string }>(db, sql, table)[0]?.seq;
}

/** What is not right about a table and not in the way. */
export function warningsOf(db: Database, table: string): readonly string[] {
  return leftoversOf(db, table).map(
    (name) => `The table ${name} looks like what another tool left behind; it was not touched.`,
  );
}
