import type { Database } from '../domain/migration.js';

/** What a connection tells of the commits that there were, to be compared with what it told before. */
export interface Trace {
  /** Raised by commits of others, and only by them, unless the format changes. */
  readonly others: unknown;
  /** Changes with what the connection itself commits. */
  readonly own: unknown;
  /** How the file is stored. */
  readonly format: string;
}

/**
 * No single counter of SQLite's sees a connection's own commits: total_changes() counts rows, schema_version what was
 * created or dropped, and the last two are values that can be set. https://sqlite.org/pragma.html#pragma_data_version
 */
export function traceOf(db: Database | undefined): Trace {
  if (db === undefined) return { others: undefined, own: undefined, format: '' };
  const valueOf = (name: string): unknown => db.pragma(name, { simple: true });
  const counts = ['schema_version', 'user_version', 'application_id'].map(valueOf);
  const changes = db.prepare('SELECT total_changes()').pluck().get();
  return {
    others: valueOf('data_version'),
    // What is open may be committed later without a further change: then nothing is the same.
    own: db.inTransaction ? Symbol('open transaction') : [changes, ...counts].join(),
    format: `journal_mode ${String(valueOf('journal_mode'))}, page_size ${String(valueOf('page_size'))}`,
  };
}

/** Whether nobody has committed between the two. */
export function isQuiet(before: Trace | undefined, now: Trace): boolean {
  return before !== undefined && before.others === now.others && before.own === now.own;
}
