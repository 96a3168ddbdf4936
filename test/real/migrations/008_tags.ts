import { migration, ReversibleMigration, type ReversibleSchema } from 'decant';

@migration({ description: 'Tags that editors give, in groups' })
export default class Tags extends ReversibleMigration {
  change(schema: ReversibleSchema): void {
    schema
      .createTable(`CREATE TABLE tags (
        id INTEGER PRIMARY KEY,
        tag_group TEXT NOT NULL,
        name TEXT NOT NULL COLLATE NOCASE UNIQUE,
        color TEXT CHECK (color GLOB '#[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]')
      )`)
      .insert('tags', [
        { id: 1, tag_group: 'pricing', name: 'free', color: '#00aa00' },
        { id: 2, tag_group: 'pricing', name: 'freemium' },
        { id: 3, tag_group: 'pricing', name: 'paid' },
        { id: 10, tag_group: 'topic', name: 'AI', color: '#8800ff' },
        { id: 11, tag_group: 'topic', name: 'C++' },
        { id: 12, tag_group: 'topic', name: 'Künstliche Intelligenz' },
      ])
      .createTable(`CREATE TABLE node_tags (
        node_id TEXT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
        tag_id INTEGER NOT NULL REFERENCES tags (id) ON DELETE CASCADE,
        PRIMARY KEY (node_id, tag_id)
      ) WITHOUT ROWID`)
      .execute({
        up: `INSERT INTO node_tags SELECT nodes.id, tags.id FROM nodes JOIN tags
          ON tag_group = 'pricing' AND name = iif(json_valid(extracted_fields), extracted_fields ->> '$.pricing', NULL) ORDER BY nodes.id`,
        down: '',
      })
      .createIndex('CREATE INDEX idx_node_tags_tag ON node_tags (tag_id)');
  }
}
