import { alterTable, Migration, migration, type Database } from 'decant';

@migration({ description: 'What nodes have always promised, as constraints' })
export default class StrictNodes extends Migration {
  up(db: Database): void {
    alterTable(db, 'nodes', (table) =>
      table
        .setCollate('url', 'NOCASE')
        .setNotNull('created_at')
        .setNotNull('updated_at')
        .addCheck('is_deleted IN (0, 1)', { name: 'nodes_is_deleted' })
        .addCheck('json_valid(metadata_tags)', { name: 'nodes_metadata_tags' })
        .addCheck(`company IS NULL OR (company = trim(company) AND company <> '')`, {
          name: 'nodes_company',
        }),
    );
  }

  override down(db: Database): void {
    alterTable(db, 'nodes', (table) =>
      table
        .dropCheck('nodes_company')
        .dropCheck('nodes_metadata_tags')
        .dropCheck('nodes_is_deleted')
        .dropNotNull('updated_at')
        .dropNotNull('created_at')
        .dropCollate('url'),
    );
  }
}
