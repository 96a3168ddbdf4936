import { createHash } from 'node:crypto';
import { optionsOf } from '../domain/declared.js';
import { Migration, type Database } from '../domain/migration.js';
import { IrreversibleMigrationError, ReversibleError } from '../errors.js';
import {
  archiveName,
  dropArchives,
  entriesOf,
  forget,
  nextArchive,
  parkedRows,
  writeEntry,
  type ArchiveEntry,
} from '../sqlite/archives.js';
import { scopeOf, type MigrationScope } from '../sqlite/scope.js';
import { quoteName } from '../sqlite/tokens.js';
import { checkedSchema } from './arguments.js';
import type { Operation, Work } from './operation.js';
import type { ReversibleSchema } from './schema.js';

/**
 * A migration that is described once, for both directions. `up` does what `change` notes, in order, and parks what
 * that destroys in archive tables of the same database, in the same transaction; `down` undoes it in reverse order
 * and puts back what was parked.
 *
 * @example
 * \@migration()
 * export default class AddUsers extends ReversibleMigration {
 *   change(schema: ReversibleSchema): void {
 *     schema.createTable('CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, legacy TEXT)');
 *     schema.insert('users', [{ email: 'Ann@example.com' }]);
 *     schema.update('users', { set: { email: { sql: 'lower(email)' } } });
 *     schema.dropColumn('users', 'legacy');
 *   }
 * }
 */
export abstract class ReversibleMigration extends Migration {
  /** Notes what is to change. It is called for each direction, and must note the same each time. */
  abstract change(schema: ReversibleSchema): void;

  override up(db: Database): void {
    const scope = needScope(this, db);
    refuseStale(this.name, entriesOf(scope.connection, this.name));
    for (const [number, operation] of notedAlike(this).entries()) {
      const id = nextArchive(scope.connection);
      const detail = operation.up(workOf(db, scope, id));
      const { kind, table } = operation;
      const facts = { id, migration: this.name, operation: number, kind, table, digest: digestOf(operation) };
      const madeAt = new Date().toISOString();
      writeEntry(scope.connection, { ...facts, madeAt, detail: JSON.stringify(detail ?? null) });
      scope.parks(parkedRows(scope.connection, id) + 1);
    }
  }

  override down(db: Database): void {
    const scope = needScope(this, db);
    const operations = notedBy(this);
    const entries = entriesOf(scope.connection, this.name);
    refuseOther(this.name, operations, entries);
    refusePruned(this.name, entries);
    for (const [at, operation] of [...operations.entries()].toReversed()) {
      const { id, detail, isVacuumed } = entries[at] as ArchiveEntry;
      try {
        operation.down(workOf(db, scope, id, isVacuumed === 1), JSON.parse(detail) as unknown);
      } catch (error) {
        throw operation.kind === 'execute' ? error : withGone(this.name, error);
      }
      dropArchives(scope.connection, id);
    }
    if (entries.length > 0) forget(scope.connection, this.name);
    scope.parks(entries.length);
  }
}

// What is noted anew each time could be applied, and never rolled back.
function notedAlike(migration: ReversibleMigration): readonly Operation[] {
  const [operations, again] = [notedBy(migration), notedBy(migration)];
  const other = differenceOf(operations.map(digestOf), again.map(digestOf));
  if (other === undefined) return operations;
  const { kind, table } = (operations[other] ?? again[other]) as Operation;
  throw new ReversibleError(
    migration.name,
    `its change() does not note the same each time: operation ${other + 1}, ${kind}(${table}), is another when it is called again`,
    'Times, random values and counters cannot be in it, since the way back has to note them again: write them out, or have SQL make them, as in { sql: "datetime()" }.',
  );
}

/** The first place at which two lists are not the same. */
function differenceOf(some: readonly string[], others: readonly (string | undefined)[]): number | undefined {
  const at = Array.from({ length: Math.max(some.length, others.length) }, (_none, index) => index);
  return at.find((index) => some[index] !== others[index]);
}

function notedBy(migration: ReversibleMigration): readonly Operation[] {
  const schema = checkedSchema(migration.name);
  const result: unknown = migration.change(schema);
  if (typeof result !== 'object' || result === null || !('then' in result)) return schema.operations;
  void Promise.resolve(result).catch(() => undefined);
  throw new ReversibleError(
    migration.name,
    'its change() is asynchronous: what it notes later would be lost',
    'Take `async` off it, and move what must be awaited into prepare().',
  );
}

// What it parks must be there or not together with what it changes; and a foreign key's action parks nothing.
function needScope(migration: ReversibleMigration, db: Database): MigrationScope {
  const scope = scopeOf(db);
  const { transaction = true } = optionsOf(migration);
  if (transaction !== true || scope?.connection.inTransaction !== true)
    throw new ReversibleError(
      migration.name,
      'what a ReversibleMigration changes and what it parks are one transaction, and it has none',
      'Take `transaction` out of its @migration(), and run it by Decant.',
    );
  if (scope.foreignKeys === 'off') return scope;
  throw new ReversibleError(
    migration.name,
    "with foreignKeys: 'enforced' rows would go by cascades, which nobody parks",
    "Take `foreignKeys: 'enforced'` off it, and say by delete() which rows are to go.",
  );
}

function workOf(db: Database, scope: MigrationScope, id: number, isVacuumed = false): Work {
  const { connection } = scope;
  const archive = (part?: string): string => archiveName(id, part);
  return {
    db,
    connection,
    scope,
    isVacuumed,
    archive,
    park: (columns, key, part) => {
      const name = archive(part);
      const last = key === 0 ? '' : `, PRIMARY KEY (${columns.slice(0, key).join(', ')})`;
      const form = key === 0 ? '' : ' WITHOUT ROWID';
      connection.exec(`CREATE TABLE main.${quoteName(name)} (${columns.join(', ')}${last})${form}`);
      return name;
    },
    meet: (table, kind, count) => {
      if (count > 0) scope.meets({ table, kind, count });
    },
  };
}

function digestOf({ kind, table, said }: Operation): string {
  return createHash('sha256')
    .update(JSON.stringify([kind, table, said], plain))
    .digest('hex');
}

function refuseOther(
  migration: string,
  operations: readonly Operation[],
  entries: readonly ArchiveEntry[],
): void {
  const at = differenceOf(
    operations.map(digestOf),
    entries.map(({ digest }) => digest),
  );
  if (at === undefined) return;
  if (entries.length === 0) throw nothingKnown(migration);
  const [was, is] = [entries[at], operations[at]].map((each) =>
    each ? `${each.kind}(${each.table})` : 'nothing',
  );
  throw new ReversibleError(
    migration,
    `its change() is not what was applied: operation ${at + 1} was ${was}, and is ${is}${was === is ? ' with other arguments' : ''}`,
    'Put the file back as it was when it was applied, and write a new migration for the change.',
  );
}

function nothingKnown(migration: string): ReversibleError {
  return new ReversibleError(
    migration,
    'there is nothing about it in _decant_archives: when it was applied it was no ReversibleMigration, or noted nothing, or its rows there have been deleted since',
    'Put the file back as it was when it was applied; if the rows are gone, restore a backup that has them.',
  );
}

// As when its record was deleted by hand.
function refuseStale(migration: string, entries: readonly ArchiveEntry[]): void {
  if (entries.length === 0) return;
  throw new ReversibleError(
    migration,
    'what it parked when it was applied before is still there, and it is not recorded as applied',
    'Put its row back into _migrations, and roll it back; or drop its rows of _decant_archives, and the archives.',
  );
}

function refusePruned(migration: string, entries: readonly ArchiveEntry[]): void {
  const prunedAt = entries.find((entry) => entry.prunedAt !== null)?.prunedAt;
  if (prunedAt === undefined) return;
  throw new IrreversibleMigrationError(migration, `what it had parked was pruned at ${String(prunedAt)}`);
}

// What was dropped behind its back is no mistake of the migration's.
function withGone(migration: string, error: unknown): unknown {
  const { message, table = '' } = error as { message?: unknown; table?: string };
  const found = /no such table(?:: (?:main\.)?(.+)|\.$)/.exec(String(message));
  if (found === null) return error;
  const [, name = table] = found;
  const [reason, hint] = name.startsWith('_decant_archive_')
    ? [`${name}, in which it parked what it destroyed, is gone`, 'Restore a backup that has it.']
    : [`there is no table ${name} any more`, 'Bring it back first, from a backup say.'];
  return new ReversibleError(migration, reason, `${hint} Nothing is wrong with the file.`, { cause: error });
}

// What JSON does not tell apart: 1 and 1n, 0 and -0.
function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  return typeof value === 'number' ? `${Object.is(value, -0) ? '-0' : value} as a number` : value;
}
