import { attachesFile } from '../sqlite/attaches.js';
import type { Watch } from './guarded-database.js';
import { SqliteTransactionManager } from './sqlite-transaction-manager.js';

/** Transactions on a copy. What a body attaches is none, and what it did to that would stay: it may not. */
export class CopyTransactionManager extends SqliteTransactionManager {
  protected override watched(watch: Watch): Watch {
    return {
      get scope() {
        return watch.scope;
      },
      before(sql) {
        if (attachesFile(sql)) throw new Error(REFUSED);
        watch.before(sql);
      },
    };
  }
}

const REFUSED = 'ATTACH is refused on a copy: what it attaches is none, and would be changed for good';
