import type { Database } from '../../src/domain/migration.js';
import { migration } from '../../src/domain/decorator.js';
import type { RunReport } from '../../src/domain/report.js';
import { ReversibleMigration } from '../../src/reversible/migration.js';
import type { ReversibleSchema } from '../../src/reversible/schema.js';
import { serviceFor } from '../helpers/migrations.js';
import { picture, type Handle, type Picture } from '../sqlite/torture.js';

export type Change = (schema: ReversibleSchema) => unknown;

/** A migration that notes what it is given. */
export function reversible(change: Change, name = '001_change'): new () => ReversibleMigration {
  @migration({ name })
  class Changing extends ReversibleMigration {
    override change(schema: ReversibleSchema): void {
      // What a function returns must get through: a promise is refused.
      return change(schema) as void;
    }
  }
  return Changing;
}

export function up(db: Database, change: Change): Promise<RunReport> {
  return serviceFor({ database: db, migrations: [reversible(change)], backup: 'never' }).up();
}

export function down(db: Database, change: Change): Promise<RunReport> {
  return serviceFor({ database: db, migrations: [reversible(change)], backup: 'never' }).down();
}

const MARK = Buffer.from('_migrations').toString('hex').toUpperCase();

/** All of a database but Decant's records, which go on, and where FTS5 keeps its words, in whichever order they came. */
export function contentOf(db: Handle): Pick<Picture, 'schema' | 'tables'> {
  const { schema, tables } = picture(db);
  return {
    schema: schema.filter(({ sql, name }) => !/_migrations|sqlite_sequence/.test(`${sql} ${name}`)),
    tables: Object.fromEntries(
      Object.entries(tables)
        .filter(([name]) => !/^(?:_migrations|.*_(?:data|idx)$)/.test(name))
        .map(([name, rows]) => [name, rows.filter((row) => !row.includes(MARK))] as const)
        .filter(([name, rows]) => name !== 'sqlite_sequence' || rows.length > 0),
    ),
  };
}
