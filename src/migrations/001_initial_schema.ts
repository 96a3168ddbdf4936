import { migration } from '../domain/decorator.js';
import { Migration, type Database } from '../domain/migration.js';

@migration({
  name: '001_initial_schema',
  description: 'Nodes, key concepts, segments, organizations, and full-text search over nodes',
})
export default class InitialSchema extends Migration {
  up(db: Database): void {
    db.exec(`
      CREATE TABLE nodes (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        url TEXT NOT NULL UNIQUE,
        source_domain TEXT NOT NULL,
        date_added TEXT,
        company TEXT,
        phrase_description TEXT,
        short_description TEXT,
        logo_url TEXT,
        ai_summary TEXT,
        extracted_fields JSON,
        metadata_tags JSON DEFAULT '[]',
        function_parent_id TEXT,
        organization_parent_id TEXT,
        is_deleted INTEGER DEFAULT 0,
        created_at TEXT DEFAULT (datetime('now')),
        updated_at TEXT DEFAULT (datetime('now'))
      );

      CREATE TABLE key_concepts (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        node_id TEXT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
        concept TEXT NOT NULL,
        UNIQUE (node_id, concept)
      );

      CREATE TABLE segments (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL,
        code TEXT UNIQUE,
        description TEXT,
        color TEXT,
        created_at TEXT DEFAULT (datetime('now'))
      );

      CREATE TABLE organizations (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL,
        code TEXT UNIQUE,
        description TEXT,
        color TEXT,
        created_at TEXT DEFAULT (datetime('now'))
      );

      CREATE INDEX idx_nodes_function_parent ON nodes (function_parent_id);
      CREATE INDEX idx_nodes_organization_parent ON nodes (organization_parent_id);
      CREATE INDEX idx_nodes_deleted ON nodes (is_deleted);
      CREATE INDEX idx_key_concepts_node ON key_concepts (node_id);

      CREATE VIRTUAL TABLE nodes_fts USING fts5 (
        title, source_domain, company, phrase_description, short_description, ai_summary,
        content = 'nodes', content_rowid = 'rowid'
      );
    `);
    // External content is not kept in step by itself: https://sqlite.org/fts5.html#external_content_tables
    // An update is a delete with the old values, which must be exactly those that were indexed, and an insert.
    db.exec(`
      CREATE TRIGGER nodes_fts_insert AFTER INSERT ON nodes BEGIN
        INSERT INTO nodes_fts (rowid, title, source_domain, company, phrase_description, short_description, ai_summary)
        VALUES (new.rowid, new.title, new.source_domain, new.company, new.phrase_description, new.short_description, new.ai_summary);
      END;

      CREATE TRIGGER nodes_fts_delete AFTER DELETE ON nodes BEGIN
        INSERT INTO nodes_fts (nodes_fts, rowid, title, source_domain, company, phrase_description, short_description, ai_summary)
        VALUES ('delete', old.rowid, old.title, old.source_domain, old.company, old.phrase_description, old.short_description, old.ai_summary);
      END;

      CREATE TRIGGER nodes_fts_update AFTER UPDATE ON nodes BEGIN
        INSERT INTO nodes_fts (nodes_fts, rowid, title, source_domain, company, phrase_description, short_description, ai_summary)
        VALUES ('delete', old.rowid, old.title, old.source_domain, old.company, old.phrase_description, old.short_description, old.ai_summary);
        INSERT INTO nodes_fts (rowid, title, source_domain, company, phrase_description, short_description, ai_summary)
        VALUES (new.rowid, new.title, new.source_domain, new.company, new.phrase_description, new.short_description, new.ai_summary);
      END;
    `);
  }

  override down(db: Database): void {
    db.exec(`
      DROP TABLE nodes_fts;
      DROP TABLE key_concepts;
      DROP TABLE nodes;
      DROP TABLE segments;
      DROP TABLE organizations;
    `);
  }
}
