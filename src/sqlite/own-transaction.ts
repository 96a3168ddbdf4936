import type { Database } from '../domain/migration.js';
import { AlterTableError } from '../errors.js';
import { childrenOf, foreignKeyState, newTrouble, type ForeignKeyState } from './foreign-keys.js';
import { foldName } from './tokens.js';

/**
 * Does a change as the engine would: foreign keys off, as dropping a table deletes the rows of its children
 * otherwise; one transaction; a look at the foreign keys before the COMMIT; all as it was afterwards.
 */
export function inOwnTransaction<T extends { readonly table: string }>(
  db: Database,
  table: string,
  run: () => T,
): T {
  return withoutForeignKeys(db, () => {
    try {
      db.exec('BEGIN IMMEDIATE');
      const before = keysAround(db, table);
      const result = run();
      refuseTrouble(table, before, keysAround(db, result.table), result.table);
      db.exec('COMMIT');
      return result;
    } finally {
      // After a full disk SQLite has rolled back by itself.
      if (db.inTransaction) db.exec('ROLLBACK');
    }
  });
}

/** Runs something with foreign keys off. In a transaction they stay as they are: SQLite does not turn them there. */
export function withoutForeignKeys<T>(db: Database, run: () => T): T {
  const enforced = foreignKeysOf(db);
  db.pragma('foreign_keys = OFF');
  try {
    return run();
  } finally {
    db.pragma(`foreign_keys = ${enforced}`);
  }
}

/** The statements of a rebuild so that they are safe to run one by one: the same as {@link inOwnTransaction} does. */
export function framed(db: Database, statements: readonly string[]): readonly string[] {
  const on = foreignKeysOf(db) === '1' ? ['PRAGMA foreign_keys = ON'] : [];
  return ['PRAGMA foreign_keys = OFF', 'BEGIN IMMEDIATE', ...statements, 'COMMIT', ...on];
}

function foreignKeysOf(db: Database): string {
  return String(db.pragma('foreign_keys', { simple: true }));
}

function keysAround(db: Database, table: string): ForeignKeyState {
  return foreignKeyState(db, [...new Set([table, ...childrenOf(db, new Set([foldName(table)]))])]);
}

function refuseTrouble(table: string, before: ForeignKeyState, after: ForeignKeyState, now: string): void {
  const originOf = (name: string): string => foldName(foldName(name) === foldName(now) ? table : name);
  const { violations, mismatches } = newTrouble(before, after, originOf);
  const [first] = violations;
  if (first === undefined && mismatches.length === 0) return;
  throw new AlterTableError(
    table,
    first === undefined
      ? `a foreign key would no longer work: ${mismatches.map(({ message }) => message).join(', ')}.`
      : `${String(violations.length)} foreign keys would be violated that were not before.`,
    'Add what they refer to, or change them, first.',
    violations
      .slice(0, 10)
      .map(
        ({ table: child, row, columns, values, parent }) =>
          `${child} ${row}: ${columns.join(', ')} = ${values} is not in ${parent}`,
      ),
  );
}
