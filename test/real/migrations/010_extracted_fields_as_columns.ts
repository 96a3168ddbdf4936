import { Migration, migration, type Database } from 'decant';

@migration({ description: 'The extracted fields that lists show, as columns' })
export default class ExtractedFieldsAsColumns extends Migration {
  up(db: Database): void {
    db.exec(`
      ALTER TABLE nodes ADD COLUMN pricing TEXT;
      ALTER TABLE nodes ADD COLUMN employees TEXT;
      ALTER TABLE nodes ADD COLUMN founded_year TEXT;
      UPDATE nodes SET pricing = extracted_fields ->> '$.pricing', employees = extracted_fields ->> '$.employees',
        founded_year = extracted_fields ->> '$.founded' WHERE json_valid(extracted_fields);
    `);
  }

  override down(db: Database): void {
    db.exec(`ALTER TABLE nodes DROP COLUMN founded_year; ALTER TABLE nodes DROP COLUMN employees;
      ALTER TABLE nodes DROP COLUMN pricing`);
  }
}
