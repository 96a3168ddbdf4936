import { Migration, migration, type Database } from 'decant';

@migration({ description: 'Nodes that belong together, in an order of their own' })
export default class AddCollections extends Migration {
  up(db: Database): void {
    db.exec(`
      CREATE TABLE collections (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
      CREATE TABLE collection_nodes (
        collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        node_id TEXT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
        PRIMARY KEY (collection_id, position)
      ) WITHOUT ROWID;
    `);
  }

  override down(db: Database): void {
    db.exec('DROP TABLE collection_nodes; DROP TABLE collections');
  }
}
