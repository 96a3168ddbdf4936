import { createHash } from 'node:crypto';
import { batch, Migration, migration, type Database } from 'decant';

@migration({
  description: 'What tells two texts of a node apart without reading them',
  transaction: 'batches', // it takes a while, and others want to write meanwhile
})
export default class Fingerprints extends Migration {
  up(db: Database): void {
    batch(db, {
      table: 'nodes',
      size: 500,
      where: 'fingerprint IS NULL',
      each: ({ title, ai_summary: summary }) => ({
        fingerprint: createHash('sha256')
          .update(`${String(title)}\n${String(summary)}`)
          .digest('base64url')
          .slice(0, 16),
      }),
    });
  }

  override down(db: Database): void {
    batch(db, { table: 'nodes', size: 500, set: { fingerprint: 'NULL' } });
  }
}
