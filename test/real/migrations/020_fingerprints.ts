import { Migration, migration, type Database } from 'decant';

@migration({ description: 'What tells two texts of a node apart without reading them' })
export default class Fingerprints extends Migration {
  up(db: Database): void {
    db.exec(`
      ALTER TABLE nodes ADD COLUMN fingerprint TEXT;
      UPDATE nodes SET fingerprint = printf('%x-%x', length(title), length(ifnull(ai_summary, '')));
    `);
  }

  override down(db: Database): void {
    db.exec('ALTER TABLE nodes DROP COLUMN fingerprint');
  }
}
