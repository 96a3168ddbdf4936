import type { Database } from '../domain/migration.js';
import { effectsOf } from '../sqlite/effects.js';
import { GuardedDatabase, type Watch } from './guarded-database.js';
import { explainingSqliteErrors } from './sqlite-errors.js';
import { standFor, standInOf } from './stand-in.js';

/**
 * Lets `work` look at a database, which stays as it is from its first look to its last, by a handle that cannot write
 * and does not outlive it.
 */
export function lookOnly<T>(db: Database, work: (handle: Database) => T): T {
  return explainingSqliteErrors(db.name, () => {
    const before = Number(db.pragma('query_only', { simple: true }));
    db.exec('BEGIN');
    const guarded = new GuardedDatabase(db, WATCH, () => !db.inTransaction);
    standFor(guarded.handle, standInOf(db));
    try {
      db.pragma('query_only = ON'); // https://sqlite.org/pragma.html#pragma_query_only
      return work(guarded.handle);
    } finally {
      guarded.kill();
      if (db.inTransaction) db.exec('ROLLBACK');
      db.pragma(`query_only = ${before}`);
    }
  });
}

const WATCH: Watch = {
  scope: undefined,
  before(sql) {
    // Only a text that has the word is taken apart.
    if (!/query_only/i.test(sql)) return;
    const lifts = effectsOf(sql).some(
      (effect) => effect.kind === 'pragma' && effect.sets && effect.name === 'query_only',
    );
    if (lifts) throw new Error('a look at the database cannot set query_only');
  },
};
