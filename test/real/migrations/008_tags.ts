import { Migration, migration, type Database } from 'decant';

@migration({ description: 'Tags that editors give, in groups' })
export default class Tags extends Migration {
  up(db: Database): void {
    db.exec(`
      CREATE TABLE tags (
        id INTEGER PRIMARY KEY,
        tag_group TEXT NOT NULL,
        name TEXT NOT NULL COLLATE NOCASE UNIQUE,
        color TEXT CHECK (color GLOB '#[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]')
      );
      CREATE TABLE node_tags (
        node_id TEXT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
        tag_id INTEGER NOT NULL REFERENCES tags (id) ON DELETE CASCADE,
        PRIMARY KEY (node_id, tag_id)
      ) WITHOUT ROWID;
      INSERT INTO tags (id, tag_group, name, color) VALUES
        (1, 'pricing', 'free', '#00aa00'), (2, 'pricing', 'freemium', NULL), (3, 'pricing', 'paid', NULL),
        (10, 'topic', 'AI', '#8800ff'), (11, 'topic', 'C++', NULL), (12, 'topic', 'Künstliche Intelligenz', NULL);
      INSERT INTO node_tags
        SELECT nodes.id, tags.id FROM nodes
        JOIN tags ON tag_group = 'pricing' AND name = iif(json_valid(extracted_fields), extracted_fields ->> '$.pricing', NULL)
        ORDER BY nodes.id;
      CREATE INDEX idx_node_tags_tag ON node_tags (tag_id);
    `);
  }

  override down(db: Database): void {
    db.exec('DROP TABLE node_tags; DROP TABLE tags');
  }
}
