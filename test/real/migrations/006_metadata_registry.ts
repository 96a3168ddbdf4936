import { Migration, migration, type Database } from 'decant';

@migration({ description: 'Which fields the extractor has ever delivered, of which types, and how often' })
export default class MetadataRegistry extends Migration {
  up(db: Database): void {
    db.exec(`
      CREATE TABLE metadata_fields (
        path TEXT NOT NULL, -- as in $.contact.email
        type TEXT NOT NULL CHECK (type IN ('null', 'true', 'false', 'integer', 'real', 'text', 'array', 'object')),
        nodes INTEGER NOT NULL CHECK (nodes > 0),
        example, -- of any type
        is_shown INTEGER NOT NULL DEFAULT 1 CHECK (is_shown IN (0, 1)),
        PRIMARY KEY (path, type)
      ) WITHOUT ROWID;

      -- What is inside a list has no path of its own.
      INSERT INTO metadata_fields (path, type, nodes, example)
      SELECT field.fullkey, field.type, count(*), min(field.atom)
      FROM nodes, json_tree(iif(json_valid(nodes.extracted_fields), nodes.extracted_fields, '{}')) AS field
      WHERE field.fullkey NOT LIKE '%[%' AND field.fullkey <> '$'
      GROUP BY field.fullkey, field.type;

      UPDATE metadata_fields SET is_shown = 0 WHERE path = '$.contact' OR path LIKE '$.contact.%';

      CREATE VIEW shown_metadata_fields AS
        SELECT path, group_concat(type, ', ' ORDER BY type) AS types, sum(nodes) AS nodes
        FROM metadata_fields WHERE is_shown GROUP BY path;
    `);
  }

  override down(db: Database): void {
    db.exec('DROP VIEW shown_metadata_fields; DROP TABLE metadata_fields');
  }
}
