import { Migration, migration, type Database } from 'decant';

// Of one branch; 024_add_collections is of another, and both took the next number. Each is right by itself.
@migration({ description: 'Nodes that a user wants to find again' })
export default class AddBookmarks extends Migration {
  up(db: Database): void {
    db.exec(`CREATE TABLE bookmarks (
      user_id TEXT NOT NULL,
      node_id TEXT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
      PRIMARY KEY (user_id, node_id)
    ) WITHOUT ROWID`);
  }

  override down(db: Database): void {
    db.exec('DROP TABLE bookmarks');
  }
}
