import type { Database } from '../domain/migration.js';
import type { ContentDifference } from '../domain/verification.js';
import { normalSql } from '../sqlite/schema-text.js';
import { optionOf, rows } from '../sqlite/table-state.js';
import { foldName, isWord, nameOf, quoteName, tokensOf } from '../sqlite/tokens.js';
import { userTables } from '../sqlite/user-tables.js';
import { virtualRowsOf } from './table-content.js';

interface VirtualTable {
  readonly name: string;
  readonly module: string;
  /** The table or view that it finds the rows of, if it has none of its own; empty for none at all. */
  readonly content: string | undefined;
}

/**
 * How virtual tables differ. Those that only find the rows of another table are asked whether they still find them:
 * `integrity_check` says ok also where they do not. https://sqlite.org/fts5.html#the_integrity_check_command
 * @param before a connection to the earlier database, which tells whether it was so before
 * @param changed see `changedTables()`
 */
export function virtualDifferencesOf(
  db: Database,
  before: Database,
  changed: ReadonlySet<string>,
): readonly ContentDifference[] {
  const tables = new Set(userTables(db).map(foldName));
  return inBoth(db, before)
    .filter((table) => mayDiffer(table, changed, tables))
    .flatMap((table) => rowDifferences(db, table).concat(searchDifferences(db, before, table)));
}

// Of one that was renamed, and back, the text has quotes that it had not.
function inBoth(db: Database, before: Database): readonly VirtualTable[] {
  const known = new Map(virtualTablesOf(before).map(({ name, sql }) => [name, normalSql(sql)]));
  const same = virtualTablesOf(db).filter(({ name, sql }) => known.get(name) === normalSql(sql));
  return same.map(({ name, sql }) => {
    const tokens = tokensOf(sql);
    const using = tokens.findIndex((token) => isWord(token, 'USING'));
    return {
      name,
      module: foldName(nameOf(tokens[using + 1]) ?? ''),
      content: optionOf(tokens, 'content'),
    };
  });
}

function virtualTablesOf(db: Database): readonly { readonly name: string; readonly sql: string }[] {
  return rows(
    db,
    `SELECT name, sql FROM main.sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL%' ORDER BY name`,
  );
}

// What it reads, if it reads another, is either a table or a view on whatever tables.
function mayDiffer(
  { name, content = '' }: VirtualTable,
  changed: ReadonlySet<string>,
  tables: ReadonlySet<string>,
): boolean {
  const names = new Set(Array.from(changed, foldName));
  if ([...names].some((each) => each.startsWith(`${foldName(name)}_`))) return true;
  return names.has(foldName(content)) || (content !== '' && !tables.has(foldName(content)));
}

// Where its module is not there, nothing can have changed it.
function rowDifferences(db: Database, { name, content }: VirtualTable): readonly ContentDifference[] {
  if (content !== undefined) return [];
  try {
    return virtualRowsOf(db, name);
  } catch (error) {
    if ((error as Error).message.startsWith('no such module')) return [];
    throw error;
  }
}

function searchDifferences(
  db: Database,
  before: Database,
  { name, module }: VirtualTable,
): readonly ContentDifference[] {
  if (module !== 'fts5' || isInStep(db, name) || !isInStep(before, name)) return [];
  return [{ kind: 'search', table: name }];
}

function isInStep(db: Database, name: string): boolean {
  const quoted = quoteName(name);
  try {
    db.exec(`INSERT INTO main.${quoted} (${quoted}, rank) VALUES ('integrity-check', 1)`);
    return true;
  } catch {
    return false;
  }
}
