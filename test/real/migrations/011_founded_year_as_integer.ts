import { alterTable, Migration, migration, type Database } from 'decant';

@migration({ description: 'founded_year as a number, by which one can sort and count' })
export default class FoundedYearAsInteger extends Migration {
  up(db: Database): void {
    alterTable(db, 'nodes', (table) => table.setType('founded_year', 'INTEGER'));
    db.exec('CREATE INDEX idx_nodes_founded ON nodes (founded_year) WHERE founded_year IS NOT NULL');
  }

  override down(db: Database): void {
    db.exec('DROP INDEX idx_nodes_founded');
    alterTable(db, 'nodes', (table) => table.setType('founded_year', 'TEXT'));
  }
}
