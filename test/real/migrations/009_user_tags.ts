import { Migration, migration, type Database } from 'decant';

@migration({ description: 'The tags that users gave, out of the JSON of nodes.metadata_tags' })
export default class UserTags extends Migration {
  up(db: Database): void {
    db.exec(`
      CREATE TABLE user_tags (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL COLLATE NOCASE UNIQUE CHECK (name = trim(name) AND name <> ''),
        tag_id INTEGER REFERENCES tags (id) ON DELETE SET NULL, -- the tag of ours that means the same
        created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
      );

      CREATE TABLE node_user_tags (
        node_id TEXT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
        user_tag_id INTEGER NOT NULL REFERENCES user_tags (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        PRIMARY KEY (node_id, user_tag_id)
      ) WITHOUT ROWID;

      -- Of several spellings the one that sorts first: the same on every machine.
      INSERT INTO user_tags (name, tag_id, created_at)
      SELECT min(trim(tag.value)), tags.id, min(nodes.created_at)
      FROM nodes, json_each(iif(json_valid(nodes.metadata_tags), nodes.metadata_tags, '[]')) AS tag LEFT JOIN tags ON tags.name = trim(tag.value)
      WHERE tag.type = 'text' AND trim(tag.value) <> ''
      GROUP BY trim(tag.value) COLLATE NOCASE
      ORDER BY trim(tag.value) COLLATE NOCASE;

      INSERT OR IGNORE INTO node_user_tags (node_id, user_tag_id, position)
      SELECT nodes.id, user_tags.id, tag.key
      FROM nodes, json_each(iif(json_valid(nodes.metadata_tags), nodes.metadata_tags, '[]')) AS tag JOIN user_tags ON user_tags.name = trim(tag.value)
      WHERE tag.type = 'text'
      ORDER BY nodes.id, tag.key;

      CREATE INDEX idx_node_user_tags_tag ON node_user_tags (user_tag_id);
    `);
  }

  override down(db: Database): void {
    // The JSON was only read, so it still has all of it.
    db.exec('DROP TABLE node_user_tags; DROP TABLE user_tags');
  }
}
