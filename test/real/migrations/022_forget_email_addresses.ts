import { Migration, migration, type Database } from 'decant';

@migration({
  description: 'No addresses of people in what the extractor and the model wrote',
  irreversible: 'personal data must not come back',
})
export default class ForgetEmailAddresses extends Migration {
  up(db: Database): void {
    db.function('without_addresses', { deterministic: true }, (text) =>
      typeof text === 'string' ? text.replaceAll(/[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g, '[address]') : text,
    );
    db.exec(`
      UPDATE nodes SET ai_summary = without_addresses(ai_summary) WHERE ai_summary LIKE '%@%';
      UPDATE nodes SET extracted_fields = json_remove(extracted_fields, '$.contact.email')
        WHERE CASE WHEN json_valid(extracted_fields) THEN json_type(extracted_fields, '$.contact.email') IS NOT NULL END;
    `);
  }
}
