import type { Database } from '../domain/migration.js';
import { AlterTableError } from '../errors.js';

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

/** Puts back what a change of a table turns, and says what SQLite did not take as Decant says it. */
export function tidied<T>(db: Database, table: string, run: () => T): T {
  const legacy = Number(db.pragma('legacy_alter_table', { simple: true }));
  db.pragma('legacy_alter_table = OFF');
  try {
    return run();
  } catch (error) {
    if (!isMisfit(error)) throw error;
    throw new AlterTableError(
      table,
      `SQLite says: ${(error as Error).message}.`,
      'Nothing was changed. If it names another view or trigger, put that right first.',
      [],
      { cause: error },
    );
  } finally {
    db.pragma(`legacy_alter_table = ${String(legacy)}`);
  }
}

/** Whether a statement does not fit the schema (SQLITE_ERROR, or SQLITE_ERROR_MISSING_COLLSEQ): not a full disk, say. */
export function isMisfit(error: unknown): boolean {
  return String((error as { code?: unknown } | undefined)?.code).startsWith('SQLITE_ERROR');
}
