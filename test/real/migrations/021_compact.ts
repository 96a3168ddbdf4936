import { Migration, migration, type Database } from 'decant';

@migration({ description: 'Free pages can be given back from now on', transaction: false })
export default class Compact extends Migration {
  up(db: Database): void {
    vacuum(db, 'INCREMENTAL');
    db.exec('ANALYZE');
  }

  override down(db: Database): void {
    // The statistics stay: they are no worse than before.
    vacuum(db, 'NONE');
  }
}

// VACUUM may number the rows of nodes anew, as they have no number of their own; the search index knows them by that.
// https://sqlite.org/lang_vacuum.html
function vacuum(db: Database, mode: 'INCREMENTAL' | 'NONE'): void {
  db.exec(`PRAGMA auto_vacuum = ${mode}; VACUUM; INSERT INTO nodes_fts (nodes_fts) VALUES ('rebuild')`);
}
