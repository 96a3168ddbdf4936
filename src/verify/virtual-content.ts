import type { Database } from '../domain/migration.js';
import type { ContentDifference } from '../domain/verification.js';
import { normalSql } from '../sqlite/schema-text.js';
import { optionOf, rows } from '../sqlite/table-state.js';
import { foldName, isWord, nameOf, quoteName, tokensOf } from '../sqlite/tokens.js';
import { userTables } from '../sqlite/user-tables.js';
import { EARLIER, virtualRowsOf } from './table-content.js';

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
  table: VirtualTable,
): readonly ContentDifference[] {
  const found: readonly ContentDifference[] = [{ kind: 'search', table: table.name }];
  if (table.module === 'fts5' && table.content === '') return findsOther(db, table.name) ? found : [];
  const check = CHECKS[table.module];
  if (check === undefined || isInStep(db, table.name, check)) return [];
  return isInStep(before, table.name, check) ? found : [];
}

// What the command is inserted as. https://sqlite.org/fts3.html#integcheck
const CHECKS: Readonly<Record<string, string | undefined>> = {
  fts5: `rank) VALUES ('integrity-check', 1)`,
  fts4: `docid) VALUES ('integrity-check', NULL)`,
  fts3: `docid) VALUES ('integrity-check', NULL)`,
};

function isInStep(db: Database, name: string, check: string): boolean {
  const quoted = quoteName(name);
  try {
    db.exec(`INSERT INTO main.${quoted} (${quoted}, ${check}`);
    return true;
  } catch {
    return false;
  }
}

// One that keeps no content is all that there is of it. https://sqlite.org/fts5.html#the_fts5vocab_virtual_table_module
function findsOther(db: Database, name: string): boolean {
  const [now, earlier] = ['decant_terms_now', 'decant_terms_earlier'] as const;
  db.exec(`CREATE VIRTUAL TABLE temp.${now} USING fts5vocab(main, ${quoteName(name)}, instance);
    CREATE VIRTUAL TABLE temp.${earlier} USING fts5vocab(${EARLIER}, ${quoteName(name)}, instance)`);
  try {
    return rows(db, `${without(now, earlier)} UNION ALL ${without(earlier, now)} LIMIT 1`).length > 0;
  } finally {
    db.exec(`DROP TABLE temp.${now}; DROP TABLE temp.${earlier}`);
  }
}

const without = (one: string, other: string): string =>
  `SELECT * FROM (${termsOf(one)} EXCEPT ${termsOf(other)})`;

const termsOf = (table: string): string => `SELECT term, doc, col, "offset" FROM temp.${table}`;
