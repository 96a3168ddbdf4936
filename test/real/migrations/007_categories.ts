import { migration, ReversibleMigration, type ReversibleSchema } from 'decant';

@migration({ description: 'Categories as a tree, filled from what the extractor said' })
export default class Categories extends ReversibleMigration {
  change(schema: ReversibleSchema): void {
    schema
      .createTable(`CREATE TABLE categories (
        id INTEGER PRIMARY KEY,
        parent_id INTEGER REFERENCES categories (id) ON DELETE RESTRICT,
        slug TEXT NOT NULL UNIQUE CHECK (slug = lower(slug)),
        name TEXT NOT NULL
      )`)
      .insert('categories', [
        { id: 1, parent_id: null, slug: 'search', name: 'Search' },
        { id: 2, parent_id: null, slug: 'editors', name: 'Editors' },
        { id: 3, parent_id: null, slug: 'finance', name: 'Finance' },
        { id: 4, parent_id: 3, slug: 'finance/payroll', name: 'Payroll' },
        { id: 5, parent_id: 3, slug: 'finance/invoicing', name: 'Invoicing' },
        { id: 6, parent_id: null, slug: 'ai', name: 'AI' },
        { id: 7, parent_id: 6, slug: 'ai/agents', name: 'Agents' },
      ])
      .createTable(`CREATE TABLE node_categories (
        node_id TEXT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
        category_id INTEGER NOT NULL REFERENCES categories (id) ON DELETE CASCADE,
        PRIMARY KEY (node_id, category_id)
      ) WITHOUT ROWID`)
      .execute({
        up: `INSERT INTO node_categories SELECT nodes.id, categories.id FROM nodes JOIN categories
          ON categories.slug = lower(iif(json_valid(extracted_fields), extracted_fields ->> '$.category', NULL)) ORDER BY nodes.id`,
        down: '',
      })
      .createIndex('CREATE INDEX idx_node_categories_category ON node_categories (category_id)');
  }
}
