import { Migration, migration, type Database } from 'decant';

@migration({ description: 'Categories as a tree, filled from what the extractor said' })
export default class Categories extends Migration {
  up(db: Database): void {
    db.exec(`
      CREATE TABLE categories (
        id INTEGER PRIMARY KEY,
        parent_id INTEGER REFERENCES categories (id) ON DELETE RESTRICT,
        slug TEXT NOT NULL UNIQUE CHECK (slug = lower(slug)),
        name TEXT NOT NULL
      );
      INSERT INTO categories (id, parent_id, slug, name) VALUES
        (1, NULL, 'search', 'Search'), (2, NULL, 'editors', 'Editors'), (3, NULL, 'finance', 'Finance'),
        (4, 3, 'finance/payroll', 'Payroll'), (5, 3, 'finance/invoicing', 'Invoicing'),
        (6, NULL, 'ai', 'AI'), (7, 6, 'ai/agents', 'Agents');
      CREATE TABLE node_categories (
        node_id TEXT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
        category_id INTEGER NOT NULL REFERENCES categories (id) ON DELETE CASCADE,
        PRIMARY KEY (node_id, category_id)
      ) WITHOUT ROWID;
      INSERT INTO node_categories
        SELECT nodes.id, categories.id FROM nodes
        JOIN categories ON categories.slug = lower(iif(json_valid(extracted_fields), extracted_fields ->> '$.category', NULL))
        ORDER BY nodes.id;
      CREATE INDEX idx_node_categories_category ON node_categories (category_id);
    `);
  }

  override down(db: Database): void {
    db.exec('DROP TABLE node_categories; DROP TABLE categories');
  }
}
