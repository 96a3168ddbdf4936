import { AlterTableError } from '../errors.js';
import type { Rebuild } from './alter-table.js';
import {
  either,
  isNames,
  isRecord,
  isText,
  maybe,
  NAME,
  NAMES,
  object,
  oneOf,
  TEXT,
  wrongIn,
  type Kind,
} from './kinds.js';
import { TableBuilder } from './table-builder.js';

const STATE = oneOf('on', 'off');
const LOSSY = { lossy: maybe(oneOf('refuse', 'allow')) };
const NAMED = maybe(object({ name: maybe(NAME) }));
const KEY = either(NAME, NAMES);
const SQL = object({ sql: TEXT });
const NUMBER: Kind = { is: 'a number', fits: (value) => ['number', 'bigint'].includes(typeof value) };
const NULL: Kind = { is: 'null', fits: (value) => value === null };
const ACTION = maybe(oneOf('CASCADE', 'SET NULL', 'SET DEFAULT', 'RESTRICT', 'NO ACTION'));
const FOREIGN_KEY = object({
  columns: NAMES,
  references: NAME,
  to: maybe(NAMES),
  onDelete: ACTION,
  onUpdate: ACTION,
  deferrable: maybe(oneOf('INITIALLY DEFERRED', 'INITIALLY IMMEDIATE')),
  name: maybe(NAME),
});

/** The arguments of each operation, in order. */
const OPERATIONS: Readonly<Record<Exclude<keyof TableBuilder, 'operations'>, readonly Kind[]>> = {
  addColumn: [NAME, maybe(TEXT), maybe(object({ from: maybe(TEXT) }))],
  dropColumn: [NAME],
  renameColumn: [NAME, NAME],
  setType: [NAME, TEXT, maybe(object(LOSSY))],
  setNotNull: [NAME],
  dropNotNull: [NAME],
  setDefault: [NAME, either(TEXT, NUMBER, NULL, SQL)],
  dropDefault: [NAME],
  setCollate: [NAME, NAME],
  dropCollate: [NAME],
  setGenerated: [NAME, TEXT, maybe(object({ ...LOSSY, kind: maybe(oneOf('STORED', 'VIRTUAL')) }))],
  dropGenerated: [NAME],
  addCheck: [TEXT, NAMED],
  dropCheck: [either(NAME, SQL)],
  addUnique: [NAMES, NAMED],
  dropUnique: [KEY],
  addForeignKey: [FOREIGN_KEY],
  dropForeignKey: [KEY],
  setPrimaryKey: [NAMES],
  setAutoincrement: [STATE],
  setStrict: [STATE],
  setWithoutRowid: [STATE],
  renameTo: [NAME],
};

const REBUILD = object({
  sql: TEXT,
  copy: maybe({
    is: 'expressions by column',
    fits: (value) => isRecord(value) && Object.values(value).every(isText),
  }),
  drop: maybe({ is: 'a list of names', fits: isNames }),
  ...LOSSY,
} satisfies Readonly<Record<keyof Rebuild, Kind>>);

/**
 * What a function notes of a change to a table.
 * @throws AlterTableError when one of its calls is of the wrong kind, or when it would go on later
 */
export function notedBy(table: string, change: (table: TableBuilder) => unknown): TableBuilder {
  need(table, 'alterTable(db, table, change)', [NAME, FUNCTION], [table, change]);
  const builder = new TableBuilder();
  const result = change(checking(table, builder));
  if (!isRecord(result) || !('then' in result)) return builder;
  void Promise.resolve(result).catch(() => undefined);
  throw new AlterTableError(
    table,
    'the function that notes the change is asynchronous: what it notes later would be lost.',
    'Await before alterTable() is called, and give it a function that is not async.',
  );
}

const FUNCTION: Kind = { is: 'a function', fits: (value) => typeof value === 'function' };

/** @throws AlterTableError when it is not a plan of a rebuild */
export function needRebuild(table: string, plan: Rebuild): void {
  need(table, 'rebuildTable(db, table, plan)', [NAME, REBUILD], [table, plan]);
}

// The builder, with a look at what its operations are given.
function checking(table: string, builder: TableBuilder): TableBuilder {
  const proxy = new Proxy(builder, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      const kinds = (OPERATIONS as Readonly<Record<PropertyKey, readonly Kind[]>>)[key];
      if (kinds === undefined || typeof value !== 'function') return value;
      return (...given: readonly unknown[]) => {
        need(table, `${String(key)}()`, kinds, given);
        Reflect.apply(value, target, given);
        return proxy;
      };
    },
  });
  return proxy;
}

function need(table: string, call: string, kinds: readonly Kind[], given: readonly unknown[]): void {
  const wrong = wrongIn(call, kinds, given);
  if (wrong !== undefined) throw new AlterTableError(table, `${wrong.what}.`, wrong.hint);
}
