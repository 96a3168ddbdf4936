import { registerDecant, type DecantOptions } from '../../src/container.js';
import { container } from '../../src/injection.js';
import { MigrationService } from '../../src/services/migration-service.js';
import type { Database, MigrationObject } from '../../src/domain/migration.js';

/** A service on a container of its own. */
export function serviceFor(options: DecantOptions): MigrationService {
  const own = container.createChildContainer();
  registerDecant(own, options);
  return own.resolve(MigrationService);
}

/** A plain migration that creates and drops the table that its name ends with: `001_users` → users. */
export function tableMigration(name: string): MigrationObject & { readonly name: string } {
  const table = name.replace(/^\d+_/, '');
  return {
    name,
    up: (db: Database) => db.exec(`CREATE TABLE "${table}" (id INTEGER PRIMARY KEY)`),
    down: (db: Database) => db.exec(`DROP TABLE "${table}"`),
  };
}

/** The same as the text of a module. */
export function tableModule(table: string): string {
  return `export const up = (db) => db.exec('CREATE TABLE "${table}" (id INTEGER PRIMARY KEY)');
export const down = (db) => db.exec('DROP TABLE "${table}"');
`;
}

/** Two migrations that work, as plain modules. */
export const TWO_MIGRATIONS = {
  'migrations/001_users.mjs': tableModule('users'),
  'migrations/002_posts.mjs': tableModule('posts'),
};
