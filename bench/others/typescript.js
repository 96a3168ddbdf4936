// .ts migrations without a build: Decant's loader.
import '../../lib/register.js';
import { open as openDecant } from '../peers/decant.js';
import { filesOf } from '../workload.js';

export const files = filesOf(
  'ts',
  (_title, up, down) => `import { Migration, migration, type Database } from 'decant';

@migration()
export default class OneTable extends Migration {
  up(db: Database): void {
    for (const sql of ${up}) db.exec(sql);
  }
  override down(db: Database): void {
    for (const sql of ${down}) db.exec(sql);
  }
}\n`,
);

export const open = openDecant;
