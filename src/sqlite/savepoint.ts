import type { Database } from '../domain/migration.js';
import { AlterTableError } from '../errors.js';
import type { Target } from './target.js';

/** Runs something of which, when it throws, nothing is left. @param fate `undo`: nothing is left in any case */
export function inSavepoint<T>(db: Database, fate: 'keep' | 'undo', run: () => T): T {
  db.exec('SAVEPOINT decant_alter_table');
  let isDone = false;
  try {
    const result = run();
    isDone = fate === 'keep';
    return result;
  } finally {
    // After a full disk SQLite has rolled back everything by itself.
    if (!isDone && db.inTransaction) db.exec('ROLLBACK TO decant_alter_table');
    if (db.inTransaction) db.exec('RELEASE decant_alter_table');
  }
}

/**
 * Puts back what a change of a table turns, and says what SQLite did not take as Decant says it. What befalls the file
 * in a migration is for the engine to say. A full disk is told as SQLite tells it.
 */
export function tidied<T>({ db, scope }: Pick<Target, 'db' | 'scope'>, table: string, run: () => T): T {
  const legacy = Number(db.pragma('legacy_alter_table', { simple: true }));
  db.pragma('legacy_alter_table = OFF');
  try {
    return run();
  } catch (error) {
    const { code, message } = error as { readonly code?: unknown; readonly message: string };
    const hint = hintFor(String(code));
    if (hint === undefined || (scope !== undefined && !isMisfit(error))) throw error;
    throw new AlterTableError(table, `SQLite says: ${message}.`, `Nothing was changed. ${hint}`, [], {
      cause: error,
    });
  } finally {
    db.pragma(`legacy_alter_table = ${String(legacy)}`);
  }
}

function hintFor(code: string): string | undefined {
  return HINTS.find(([pattern]) => pattern.test(code))?.[1];
}

const HINTS: readonly (readonly [code: RegExp, hint: string])[] = [
  [/^SQLITE_ERROR/, 'If it names another view or trigger, put that right first.'],
  [/^SQLITE_(?:BUSY|LOCKED)/, 'Wait until the other connection has finished, and call it again.'],
  [/^SQLITE_READONLY/, 'Open the database for writing, and look at the permissions of its file and folder.'],
];

/** Whether a statement does not fit the schema (SQLITE_ERROR, or SQLITE_ERROR_MISSING_COLLSEQ): not a full disk, say. */
export function isMisfit(error: unknown): boolean {
  return String((error as { code?: unknown } | undefined)?.code).startsWith('SQLITE_ERROR');
}
