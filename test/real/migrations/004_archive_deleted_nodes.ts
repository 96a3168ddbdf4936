import { Migration, migration, type Database } from 'decant';

const COLUMNS = `id, title, url, source_domain, date_added, company, phrase_description, short_description, logo_url,
  ai_summary, extracted_fields, metadata_tags, function_parent_id, organization_parent_id, function_code, organization_code,
  is_deleted, created_at, updated_at`;

@migration({ description: 'What users have deleted, out of the way of every query' })
export default class ArchiveDeletedNodes extends Migration {
  up(db: Database): void {
    db.exec(`
      CREATE TABLE archived_nodes (
        id TEXT PRIMARY KEY, title TEXT NOT NULL, url TEXT NOT NULL, source_domain TEXT NOT NULL, date_added TEXT,
        company TEXT, phrase_description TEXT, short_description TEXT, logo_url TEXT, ai_summary TEXT,
        extracted_fields JSON, metadata_tags JSON, function_parent_id TEXT, organization_parent_id TEXT,
        function_code TEXT, organization_code TEXT, is_deleted INTEGER, created_at TEXT, updated_at TEXT
      );
      CREATE TABLE archived_key_concepts (
        id INTEGER PRIMARY KEY,
        node_id TEXT NOT NULL REFERENCES archived_nodes (id) ON DELETE CASCADE,
        concept TEXT NOT NULL
      );
      INSERT INTO archived_nodes SELECT ${COLUMNS} FROM nodes WHERE is_deleted = 1;
      INSERT INTO archived_key_concepts SELECT id, node_id, concept FROM key_concepts
        WHERE node_id IN (SELECT id FROM nodes WHERE is_deleted = 1);
      DELETE FROM key_concepts WHERE node_id IN (SELECT id FROM archived_nodes);
      DELETE FROM nodes WHERE is_deleted = 1;
    `);
  }

  override down(db: Database): void {
    db.exec(`
      INSERT INTO nodes (${COLUMNS}) SELECT ${COLUMNS} FROM archived_nodes;
      INSERT INTO key_concepts SELECT id, node_id, concept FROM archived_key_concepts;
      DROP TABLE archived_key_concepts;
      DROP TABLE archived_nodes;
    `);
  }
}
