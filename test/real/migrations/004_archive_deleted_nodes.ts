import { migration, ReversibleMigration, type ReversibleSchema } from 'decant';

const NODE = `id title url source_domain date_added company phrase_description short_description logo_url ai_summary
  extracted_fields metadata_tags function_parent_id organization_parent_id function_code organization_code is_deleted
  created_at updated_at`;

@migration({ description: 'What users have deleted, out of the way of every query' })
export default class ArchiveDeletedNodes extends ReversibleMigration {
  change(schema: ReversibleSchema): void {
    schema
      .createTable(`CREATE TABLE archived_nodes (
        id TEXT PRIMARY KEY, title TEXT NOT NULL, url TEXT NOT NULL, source_domain TEXT NOT NULL, date_added TEXT,
        company TEXT, phrase_description TEXT, short_description TEXT, logo_url TEXT, ai_summary TEXT,
        extracted_fields JSON, metadata_tags JSON, function_parent_id TEXT, organization_parent_id TEXT,
        function_code TEXT, organization_code TEXT, is_deleted INTEGER, created_at TEXT, updated_at TEXT
      )`)
      .createTable(`CREATE TABLE archived_key_concepts (
        id INTEGER PRIMARY KEY,
        node_id TEXT NOT NULL REFERENCES archived_nodes (id) ON DELETE CASCADE,
        concept TEXT NOT NULL
      )`)
      // First what hangs on the nodes, while one can still see on which.
      .move('key_concepts', 'archived_key_concepts', asTheyAre('id node_id concept'), {
        where: 'node_id IN (SELECT id FROM nodes WHERE is_deleted = 1)',
      })
      .move('nodes', 'archived_nodes', asTheyAre(NODE), { where: 'is_deleted = 1' });
  }
}

function asTheyAre(columns: string): Record<string, { readonly sql: string }> {
  return Object.fromEntries(columns.split(/\s+/).map((column) => [column, { sql: column }]));
}
