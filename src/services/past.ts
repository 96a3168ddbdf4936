import type { Database } from '../domain/migration.js';
import type { Past } from '../sqlite/foreign-key-guard.js';
import { openBeside } from './database.js';

/** `'dry run'`: a transaction in which others have come before it, so that what was before it is not what is committed. */
export type Inside = 'transaction' | 'dry run' | 'none';

/** The database as it was before the transaction that a body runs in. */
export function pastOf(db: Database, inside: Inside): Past {
  return { isOpen: () => inside === 'transaction' && isWal(db), read: (look) => readBeside(db, look) };
}

// In WAL mode a second connection goes on seeing what was before a transaction, however large that grows; with a
// rollback journal only until the first page is written. https://sqlite.org/isolation.html
function isWal(db: Database): boolean {
  const isShared = db.pragma('locking_mode', { simple: true }) === 'normal';
  return !db.memory && isShared && db.pragma('journal_mode', { simple: true }) === 'wal';
}

function readBeside<T>(db: Database, look: (before: Database) => T): T {
  const before = openBeside(db);
  try {
    return look(before);
  } finally {
    before.close();
  }
}
