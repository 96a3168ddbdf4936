import type { Database } from '../domain/migration.js';
import type { ContentDifference } from '../domain/verification.js';
import type { ConfigureConnection } from '../services/configure-connection.js';
import { openFile } from '../services/database.js';
import { schemaDiff } from '../sqlite/schema-diff.js';
import { schemaOf, schemaText } from '../sqlite/schema-text.js';
import { rows } from '../sqlite/table-state.js';
import { userTables } from '../sqlite/user-tables.js';
import { changedTables } from './changed-tables.js';
import { differencesOf, EARLIER } from './table-content.js';
import { virtualDifferencesOf } from './virtual-content.js';

/** How a database differs from an earlier copy of it. */
export interface Comparison {
  /** Of the schemas, and of settings that are kept in the file, as a unified diff; empty where they are the same. */
  readonly diff: string;
  readonly content: readonly ContentDifference[];
}

/** Compares two files that nobody has open. Decant's own tables are left out. */
export function compareDatabases(
  earlier: string,
  later: string,
  configureConnection?: ConfigureConnection,
): Comparison {
  const before = openFile(earlier, 'write', configureConnection);
  try {
    const db = openFile(later, 'write', configureConnection);
    try {
      db.pragma('synchronous = OFF');
      const changed = changedTables(db, before, later, earlier);
      if (changed.size === 0) return { diff: '', content: [] };
      db.prepare(`ATTACH ? AS ${EARLIER}`).run(earlier);
      return {
        diff: schemaDiff(stateText(before, db), stateText(db, before)),
        content: [
          ...tablesInBoth(db)
            .filter((name) => changed.has(name))
            .flatMap((name) => differencesOf(db, name)),
          ...virtualDifferencesOf(db, before, changed),
          ...sequenceDifferences(db),
        ],
      };
    } finally {
      db.close();
    }
  } finally {
    before.close();
  }
}

// The schema, and those settings that differ from the other's.
function stateText(db: Database, other: Database): string {
  const settings = SETTINGS.flatMap((name) => {
    const [value, otherValue] = [db, other].map((each) => each.pragma(name, { simple: true }));
    return value === otherValue ? [] : [`PRAGMA ${name} = ${String(value)};\n`];
  });
  return [...settings, schemaText(schemaOf(db))].join('\n');
}

// Those that stay with the file.
const SETTINGS = ['user_version', 'application_id', 'auto_vacuum', 'journal_mode'];

// Where the columns are others, the schemas say it.
function tablesInBoth(db: Database): readonly string[] {
  const columnsIn = (schema: string): ReadonlyMap<string, string> =>
    new Map(
      rows<{ name: string; columns: string }>(
        db,
        `SELECT t.name, group_concat(quote(c.name) ORDER BY c.cid) AS columns
         FROM ${schema}.sqlite_schema AS t, pragma_table_xinfo(t.name, ?) AS c WHERE t.type = 'table' AND t.rootpage > 0 GROUP BY t.name`,
        schema,
      ).map(({ name, columns }) => [name, columns]),
    );
  const [before, after] = [columnsIn(EARLIER), columnsIn('main')];
  return userTables(db).filter((name) => before.get(name) === after.get(name));
}

function sequenceDifferences(db: Database): readonly ContentDifference[] {
  const both = [EARLIER, 'main'].map((schema) => sequencesIn(db, schema));
  return userTables(db)
    .filter((name) => both[0]?.tables.has(name))
    .filter((name) => both[0]?.numbers.get(name) !== both[1]?.numbers.get(name))
    .map((table) => ({ kind: 'sequence', table }));
}

function sequencesIn(db: Database, schema: string): Sequences {
  const names = rows<{ name: string }>(db, `SELECT name FROM ${schema}.sqlite_schema WHERE type = 'table'`);
  const tables = new Set(names.map(({ name }) => name));
  const numbers = tables.has('sqlite_sequence')
    ? rows<{ name: string; seq: string }>(db, `SELECT name, quote(seq) AS seq FROM ${schema}.sqlite_sequence`)
    : [];
  return { tables, numbers: new Map(numbers.map(({ name, seq }) => [name, seq])) };
}

interface Sequences {
  readonly tables: ReadonlySet<string>;
  /** The last number of each table that has one, as SQL. */
  readonly numbers: ReadonlyMap<string, string>;
}
