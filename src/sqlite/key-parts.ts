import type { Database } from '../domain/migration.js';
import { columnOf, readTable, type TableSql } from './table-sql.js';
import { foldName, nameOf, quoteName } from './tokens.js';

/** A part of a primary key that has an index. */
export interface KeyPart {
  /** By which its index tells values apart. */
  readonly collation: string;
  /** The column as SQL that compares like the index, where the column alone would compare otherwise. */
  readonly sql: string;
}

/**
 * The parts of the primary key, in order; none where it is the rowid. They are compared as its index compares them: what
 * differs there may be equal by the column, as with `x TEXT COLLATE NOCASE, PRIMARY KEY (x COLLATE BINARY)`.
 */
export function keyPartsOf(db: Database, table: string): readonly KeyPart[] {
  const sql = `SELECT part.name, part.coll FROM pragma_index_list(?, 'main') AS list, pragma_index_xinfo(list.name, 'main') AS part
    WHERE list.origin = 'pk' AND part.key ORDER BY part.seqno`;
  const text = `SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND name = ? COLLATE NOCASE`;
  const parts = db.prepare(sql).all(table) as readonly { name: string; coll: string }[];
  const written = parts.length === 0 ? undefined : readTable(String(db.prepare(text).pluck().get(table)));
  return parts.map(({ name, coll }) => {
    // Said only where it must be: with COLLATE, SQLite finds a row value by its first part alone.
    const isSame = foldName(coll) === foldName(collationOf(written, name));
    const quoted = quoteName(name);
    return { collation: coll, sql: isSame ? quoted : `${quoted} COLLATE ${quoteName(coll)}` };
  });
}

function collationOf(table: TableSql | undefined, column: string): string {
  const found = table && columnOf(table, column)?.constraints.findLast(({ kind }) => kind === 'COLLATE');
  return (found && nameOf(table.tokens[found.at + 1])) ?? 'BINARY';
}
