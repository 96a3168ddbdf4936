import { alterTable, Migration, migration, type Database } from 'decant';

@migration({
  description: 'What nodes have always promised, as constraints',
  requires: { sqlite: '>=3.53', freeSpace: '1x' },
})
export default class StrictNodes extends Migration {
  /** What no migration before it puts right: somebody has to say since when there is such a node. */
  override check(db: Database): string | void {
    // It looks before all of the run: in a new database there are no nodes yet, and nothing is wrong with them.
    if (db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'nodes'`).get() === undefined) return;
    const count = db
      .prepare('SELECT count(*) FROM nodes WHERE created_at IS NULL OR updated_at IS NULL')
      .pluck()
      .get();
    if (Number(count) > 0) return `${Number(count)} nodes do not say when they were made, or changed`;
  }

  up(db: Database): void {
    alterTable(db, 'nodes', (table) =>
      table
        .addColumn('fingerprint', 'TEXT') // empty; 020_fingerprints fills it, which takes longer
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
        .dropCollate('url')
        .dropColumn('fingerprint'),
    );
  }
}
