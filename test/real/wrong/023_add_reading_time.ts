import { Migration, migration, type Database } from 'decant';

// Wrong, as many are: `down` takes the index away and leaves the column, so that the next `up` finds it there.
@migration({ description: 'How many minutes it takes to read what is known of a node' })
export default class AddReadingTime extends Migration {
  up(db: Database): void {
    db.exec(`
      ALTER TABLE nodes ADD COLUMN reading_minutes INTEGER;
      UPDATE nodes SET reading_minutes = 1 + length(ifnull(ai_summary, '')) / 1000;
      CREATE INDEX idx_nodes_reading_minutes ON nodes (reading_minutes);
    `);
  }

  override down(db: Database): void {
    db.exec('DROP INDEX idx_nodes_reading_minutes');
  }
}
