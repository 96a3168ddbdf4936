import type { Database } from '../domain/migration.js';
import { ReversibleError } from '../errors.js';
import { explainIndex } from '../sqlite/offenders.js';
import { isConstraint } from '../sqlite/rebuild.js';
import { rows } from '../sqlite/table-state.js';
import { isWord, nameOf, quoteName, statementsOf, type Token } from '../sqlite/tokens.js';
import { operation, type Operation } from './operation.js';
import { parkStatistics, putBackStatistics } from './statistics.js';

export type ObjectKind = 'index' | 'view' | 'trigger';

/** An index, view or trigger as it is stored. */
export interface Stored {
  readonly type: ObjectKind;
  readonly name: string;
  readonly table: string;
  readonly sql: string;
}

export function creating(kind: ObjectKind, sql: string): Operation {
  const name = nameIn(kind, sql);
  return operation(
    { kind: `create ${kind}`, table: name, said: sql },
    ({ db }) => void db.exec(sql),
    ({ db }) => void db.exec(`DROP ${kind.toUpperCase()} main.${quoteName(name)}`),
  );
}

export function dropping(kind: ObjectKind, name: string): Operation {
  return operation<readonly Stored[]>(
    { kind: `drop ${kind}`, table: name, said: null },
    (work) => {
      const { db, connection } = work;
      const stored = storedObject(connection, kind, name);
      if (kind === 'index') parkStatistics(work, stored.table);
      // INSTEAD OF triggers go with their view.
      const own = kind === 'view' ? storedOf(connection, stored.name) : [];
      db.exec(`DROP ${kind.toUpperCase()} main.${quoteName(stored.name)}`);
      return [stored, ...own.filter(({ type }) => type === 'trigger')];
    },
    (work, stored) => {
      for (const object of stored) create(work.db, object);
      putBackStatistics(work);
    },
  );
}

/** Makes an index, view or trigger as it was. @throws AlterTableError where rows do not keep to a unique index */
export function create(db: Database, { type, table, sql }: Stored): void {
  try {
    db.exec(sql);
  } catch (error) {
    throw type === 'index' && isConstraint(error) ? explainIndex(db, table, sql, error) : error;
  }
}

/** What belongs to a table or view, in the order in which it was made. */
export function storedOf(db: Database, table: string): readonly Stored[] {
  return rows<Stored>(
    db,
    `SELECT type, name, tbl_name AS "table", sql FROM main.sqlite_schema
     WHERE tbl_name = ? COLLATE NOCASE AND type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY rowid`,
    table,
  );
}

function storedObject(db: Database, kind: ObjectKind, name: string): Stored {
  const [found] = rows<Stored>(
    db,
    `SELECT type, name, tbl_name AS "table", sql FROM main.sqlite_schema
     WHERE type = ? AND name = ? COLLATE NOCASE AND sql IS NOT NULL`,
    kind,
    name,
  );
  if (found !== undefined) return found;
  throw new ReversibleError(
    name,
    `there is no ${kind} of that name that a statement has made`,
    'Look at sqlite_schema: a key has an index of its own, which goes with it.',
  );
}

/** The name of what a statement creates. @throws ReversibleError when it is not one statement that does */
export function nameIn(kind: ObjectKind | 'table', sql: string): string {
  const statements = [...statementsOf(sql)];
  const tokens = statements.length === 1 ? (statements[0] ?? []) : [];
  const at = isWord(tokens[1], 'UNIQUE') ? 2 : 1;
  const name =
    isWord(tokens[0], 'CREATE') && isWord(tokens[at], kind.toUpperCase()) ? plain(tokens, at + 1) : undefined;
  if (name !== undefined) return name;
  throw new ReversibleError(
    `the schema by create${kind.charAt(0).toUpperCase()}${kind.slice(1)}()`,
    `this is not one CREATE ${kind.toUpperCase()} of the main database: ${sql}`,
    'Write one whole statement, without TEMP, IF NOT EXISTS and the name of a database.',
  );
}

function plain(tokens: readonly Token[], at: number): string | undefined {
  const isConditional = isWord(tokens[at], 'IF') && isWord(tokens[at + 1], 'NOT');
  return isConditional || tokens[at + 1]?.text === '.' ? undefined : nameOf(tokens[at]);
}
