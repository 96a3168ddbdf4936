import type { MigrationArchive } from '../domain/archive.js';
import type { Database } from '../domain/migration.js';
import { archivesIn, pruneArchives, prunedIn } from '../sqlite/archives.js';
import { Archives } from './archives.js';

/** The archives of one better-sqlite3 connection. */
export class SqliteArchives extends Archives {
  readonly #db: Database;

  constructor(db: Database) {
    super();
    this.#db = db;
  }

  override list(): readonly MigrationArchive[] {
    return archivesIn(this.#db);
  }

  override pruned(): ReadonlyMap<string, string> {
    return prunedIn(this.#db);
  }

  override prune(names: readonly string[]): void {
    for (const name of names) pruneArchives(this.#db, name, new Date().toISOString());
  }
}
