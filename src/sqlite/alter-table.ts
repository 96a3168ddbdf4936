import type { Database } from '../domain/migration.js';
import { AlterTableError } from '../errors.js';
import { needRebuild, notedBy } from './arguments.js';
import { refuseIfNamed, refuseIfShadowing } from './dependents.js';
import { framed, inOwnTransaction, withoutForeignKeys } from './own-transaction.js';
import { perform, type Deed } from './perform.js';
import { rebuild } from './rebuild.js';
import { compare, inventoryOf, warningsOf, type AlterReceipt } from './receipt.js';
import { inSavepoint, tidied } from './savepoint.js';
import { scopeOf, type MigrationScope } from './scope.js';
import { Script } from './script.js';
import type { Target } from './target.js';
import type { TableBuilder } from './table-builder.js';
import { needTable } from './table-edit.js';
import { columnOf, mentions, type TableSql } from './table-sql.js';
import { stateOf } from './table-state.js';
import { foldName, isWord, nameOf, tokensOf } from './tokens.js';

/**
 * Changes a table's definition and keeps all else: rows to the last bit, rowids, indexes, triggers, views, foreign keys
 * of other tables, statistics, AUTOINCREMENT's mark, comments. Where this SQLite can do all of it in place, it does; if
 * not, one rebuild does everything together. It happens completely or not at all, and tells what it did.
 *
 * It is called in a migration, or on a connection that is in no transaction.
 *
 * @param change notes what is to change
 * @throws AlterTableError when it cannot be done, or would lose what it was not told to lose
 * @example
 * const receipt = alterTable(db, 'users', (table) => {
 *   table.dropColumn('legacy');
 *   table.setType('age', 'INTEGER');
 *   table.setNotNull('email');
 * });
 */
export function alterTable(db: Database, table: string, change: (table: TableBuilder) => void): AlterReceipt {
  const { operations } = notedBy(table, change);
  return transact(db, table, (target) => perform(target, table, operations, 'all'));
}

/**
 * The statements that {@link alterTable} would run, in order. Nothing is changed; for a moment it takes the write lock,
 * to see what SQLite makes of the new definition. A rebuild has its transaction around it, and turns foreign keys off:
 * but for a migration, which has both.
 *
 * @example
 * const statements = alterTableSql(db, 'users', (table) => table.renameColumn('mail', 'email'));
 */
export function alterTableSql(
  db: Database,
  table: string,
  change: (table: TableBuilder) => void,
): readonly string[] {
  const { operations } = notedBy(table, change);
  const scope = scopeOf(db);
  const connection = scope?.connection ?? db;
  const script = scriptFor(connection, undefined);
  const target: Target = { db: connection, script, scope: undefined };
  const plan = (): Deed => inSavepoint(connection, 'undo', () => perform(target, table, operations, 'plan'));
  const { path } = tidied({ db: connection, scope }, table, () => withoutForeignKeys(connection, plan));
  return scope === undefined && path === 'rebuild'
    ? framed(connection, script.statements)
    : script.statements;
}

/** What a table is rebuilt to be. */
export interface Rebuild {
  /** The whole new definition: `CREATE TABLE users (…)`. */
  readonly sql: string;
  /** What columns get, as expressions over the old row. Others are copied from the old one of the same name. */
  readonly copy?: Readonly<Record<string, string>>;
  /** The old columns that are not in the new definition nor in an expression of `copy`, and whose values go. */
  readonly drop?: readonly string[];
  readonly lossy?: 'refuse' | 'allow';
}

/**
 * Gives a table a definition that is written by hand, with all that {@link alterTable} keeps.
 *
 * @throws AlterTableError when it cannot be done, or would lose what it was not told to lose
 * @example
 * rebuildTable(db, 'users', {
 *   sql: 'CREATE TABLE users (id INTEGER PRIMARY KEY, full_name TEXT NOT NULL)',
 *   copy: { full_name: "first || ' ' || last" },
 * });
 */
export function rebuildTable(db: Database, table: string, plan: Rebuild): AlterReceipt {
  needRebuild(table, plan);
  const draft = needTable(plan.sql, table);
  if (foldName(draft.name) !== foldName(table) || isElsewhere(draft))
    throw new AlterTableError(
      table,
      `the new definition is that of another table: ${plan.sql}`,
      'Rename apart: renameTo().',
    );
  return transact(db, table, (target) => {
    const old = stateOf(target.db, table);
    refuseUnsaid(old.table, draft, plan);
    const gone = old.table.columns.filter(({ name }) => columnOf(draft, name) === undefined);
    for (const { name } of gone) refuseIfNamed(target.db, old, name);
    const come = draft.columns.filter(({ name }) => columnOf(old.table, name) === undefined);
    for (const { name } of come) refuseIfShadowing(target.db, old, name);
    const fills = new Map(Object.entries(plan.copy ?? {}).map(([column, from]) => [foldName(column), from]));
    const lossy = new Set(plan.lossy === 'allow' ? draft.columns.map(({ name }) => foldName(name)) : []);
    target.scope?.redefines(old.table.name);
    const rows = rebuild(target, old, { table: draft, fills, lossy }, 'all');
    return { table: old.table.name, path: 'rebuild', rows, renamed: new Map() };
  });
}

// In the schema of another file, or of this connection alone.
function isElsewhere({ tokens, nameAt }: TableSql): boolean {
  const schema = tokens[nameAt - 1]?.text === '.' ? nameOf(tokens[nameAt - 2]) : 'main';
  return isWord(tokens[1], 'TEMP', 'TEMPORARY') || foldName(schema ?? '') !== 'main';
}

function refuseUnsaid(old: TableSql, draft: TableSql, { copy = {}, drop = [] }: Rebuild): void {
  const used = Object.values(copy).map(tokensOf);
  const said = new Set(drop.map(foldName));
  const lost = old.columns.filter(
    ({ name }) =>
      columnOf(draft, name) === undefined &&
      !said.has(foldName(name)) &&
      !used.some((tokens) => mentions(tokens, name)),
  );
  const unknown = Object.keys(copy).filter((name) => columnOf(draft, name) === undefined);
  if (unknown.length > 0)
    throw new AlterTableError(
      old.name,
      `the new definition has no column ${unknown.join(', ')}.`,
      'Correct `copy`.',
    );
  if (lost.length === 0) return;
  const names = lost.map(({ name }) => name).join(', ');
  throw new AlterTableError(
    old.name,
    `the values of ${names} would be lost.`,
    `Put them into the new definition, or use them in \`copy\`, or say so: { drop: [${lost.map(({ name }) => `'${name}'`).join(', ')}] }.`,
  );
}

function scriptFor(connection: Database, scope: MigrationScope | undefined): Script {
  return new Script((sql) => void (scope ?? connection).exec(sql));
}

function transact(db: Database, table: string, run: (target: Target) => Deed): AlterReceipt {
  const scope = scopeOf(db);
  const connection = scope?.connection ?? db;
  const target: Target = { db: connection, script: scriptFor(connection, scope), scope };
  if (scope === undefined && connection.inTransaction)
    throw new AlterTableError(
      table,
      'the connection is in a transaction that Decant did not begin, where foreign keys cannot be turned off.',
      'In a migration, give it the db that up() and down() get; else call it outside any transaction.',
    );
  const act = (name: string): AlterReceipt =>
    inSavepoint(connection, 'keep', () => {
      const before = inventoryOf(connection, name);
      const deed = run(target);
      return {
        table: deed.table,
        path: deed.path,
        rows: deed.rows,
        ...compare(before, inventoryOf(connection, deed.table), deed.renamed),
        statements: target.script.statements,
        warnings: warningsOf(connection, name),
      };
    });
  return tidied(target, table, () => {
    const { name } = stateOf(connection, table).table;
    return connection.inTransaction ? act(name) : inOwnTransaction(connection, name, () => act(name));
  });
}
