import { Migration, migration, type Database } from 'decant';

@migration({
  description: 'segments are market segments; who still says segments reads and adds through a view',
})
export default class MarketSegments extends Migration {
  up(db: Database): void {
    db.exec(`
      ALTER TABLE segments RENAME TO market_segments;
      CREATE VIEW segments AS SELECT * FROM market_segments;
      CREATE TRIGGER segments_insert INSTEAD OF INSERT ON segments BEGIN
        INSERT INTO market_segments (name, code, description, color) VALUES (new.name, new.code, new.description, new.color);
      END;
    `);
  }

  override down(db: Database): void {
    db.exec('DROP VIEW segments; ALTER TABLE market_segments RENAME TO segments');
  }
}
