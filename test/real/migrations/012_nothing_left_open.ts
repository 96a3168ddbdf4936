import { alterTable, Migration, migration, type Database } from 'decant';

@migration({ description: 'What every reader of nodes takes for granted: filled in, and NOT NULL' })
export default class NothingLeftOpen extends Migration {
  up(db: Database): void {
    db.exec(`
      UPDATE nodes SET is_deleted = 0 WHERE is_deleted IS NULL;
      UPDATE nodes SET metadata_tags = '[]'
        WHERE CASE WHEN json_valid(metadata_tags) THEN json_type(metadata_tags) <> 'array' ELSE 1 END;
      UPDATE nodes SET company = nullif(trim(company), '') WHERE company <> trim(company) OR company = '';
    `);
    alterTable(db, 'nodes', (table) => table.setNotNull('is_deleted').setNotNull('metadata_tags'));
  }

  override down(db: Database): void {
    alterTable(db, 'nodes', (table) => table.dropNotNull('metadata_tags').dropNotNull('is_deleted'));
  }
}
