import { migration, ReversibleMigration, type ReversibleSchema } from 'decant';

@migration({
  description: 'segments are market segments; who still says segments reads and adds through a view',
})
export default class MarketSegments extends ReversibleMigration {
  change(schema: ReversibleSchema): void {
    schema
      .renameTable('segments', 'market_segments')
      .createView('CREATE VIEW segments AS SELECT * FROM market_segments')
      .createTrigger(`CREATE TRIGGER segments_insert INSTEAD OF INSERT ON segments BEGIN
        INSERT INTO market_segments (name, code, description, color) VALUES (new.name, new.code, new.description, new.color);
      END`);
  }
}
