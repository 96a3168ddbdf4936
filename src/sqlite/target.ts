import type { Database } from '../domain/migration.js';
import type { MigrationScope } from './scope.js';
import type { Script } from './script.js';

/** Where a change of a table is made. */
export interface Target {
  readonly db: Database;
  readonly script: Script;
  /** Undefined outside a migration. */
  readonly scope: MigrationScope | undefined;
}
