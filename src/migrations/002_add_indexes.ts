import { migration } from '../domain/decorator.js';
import { Migration, type Database } from '../domain/migration.js';

@migration({
  name: '002_add_indexes',
  description: 'Indexes for the columns that lists of nodes are sorted and filtered by',
})
export default class AddIndexes extends Migration {
  up(db: Database): void {
    db.exec(`
      CREATE INDEX idx_nodes_source_domain ON nodes (source_domain);
      CREATE INDEX idx_nodes_company ON nodes (company);
      CREATE INDEX idx_nodes_date_added ON nodes (date_added);
      CREATE INDEX idx_nodes_updated_at ON nodes (updated_at);
    `);
  }

  override down(db: Database): void {
    db.exec(`
      DROP INDEX idx_nodes_updated_at;
      DROP INDEX idx_nodes_date_added;
      DROP INDEX idx_nodes_company;
      DROP INDEX idx_nodes_source_domain;
    `);
  }
}
