import { ReversibleError } from '../errors.js';
import {
  either,
  isRecord,
  maybe,
  NAME,
  object,
  oneOf,
  SQL_TEXT,
  TEXT,
  wrongIn,
  type Kind,
} from '../sqlite/kinds.js';
import { ReversibleSchema } from './schema.js';

const SQL = object({ sql: SQL_TEXT });
const VALUE: Kind = {
  is: 'a string, a finite number, a bigint, null, a Uint8Array, or { sql } with an expression',
  fits: (value) =>
    value === null ||
    ['string', 'bigint'].includes(typeof value) ||
    Number.isFinite(value) ||
    value instanceof Uint8Array ||
    SQL.fits(value),
};
const ROW: Kind = {
  is: `values by column, each ${VALUE.is}`,
  fits: (value) => isRecord(value) && Object.values(value).every(VALUE.fits),
};
const SOME: Kind = {
  is: `at least one of ${ROW.is}`,
  fits: (row) => ROW.fits(row) && Object.keys(row as object).length > 0,
};
const ROWS: Kind = {
  is: `a list of ${ROW.is}`,
  fits: (value) => Array.isArray(value) && value.every(ROW.fits),
};
const FUNCTION: Kind = { is: 'a function of db', fits: (value) => typeof value === 'function' };
const STATEMENTS = either(TEXT, FUNCTION);
const CONFLICT = { onConflict: maybe(oneOf('keep', 'restore')) };
const NUMBER: Kind = { is: 'a number', fits: (value) => typeof value === 'bigint' || Number.isFinite(value) };
const NULL: Kind = { is: 'null', fits: (value) => value === null };
const CHANGE = object({
  type: maybe(TEXT),
  notNull: maybe({ is: 'true or false', fits: (value) => typeof value === 'boolean' }),
  default: maybe(either(TEXT, NUMBER, NULL, SQL)),
  collate: maybe(NAME),
  lossy: maybe(oneOf('refuse', 'allow')),
  ...CONFLICT,
});

/** The arguments of each operation, in order. */
const OPERATIONS: Readonly<Record<Exclude<keyof ReversibleSchema, 'operations'>, readonly Kind[]>> = {
  createTable: [TEXT],
  dropTable: [NAME],
  renameTable: [NAME, NAME],
  addColumn: [NAME, NAME, maybe(TEXT), maybe(object({ from: maybe(SQL_TEXT) }))],
  dropColumn: [NAME, NAME],
  renameColumn: [NAME, NAME, NAME],
  alterColumn: [NAME, NAME, CHANGE],
  createIndex: [TEXT],
  dropIndex: [NAME],
  createView: [TEXT],
  dropView: [NAME],
  createTrigger: [TEXT],
  dropTrigger: [NAME],
  update: [NAME, object({ set: SOME, where: maybe(SQL_TEXT), ...CONFLICT })],
  insert: [NAME, ROWS, maybe(object(CONFLICT))],
  delete: [NAME, object({ where: SQL_TEXT, ...CONFLICT })],
  move: [NAME, NAME, SOME, maybe(object({ where: maybe(SQL_TEXT), ...CONFLICT }))],
  execute: [object({ up: STATEMENTS, down: STATEMENTS })],
};

/**
 * A schema that looks at what its operations are given: a `where` that is misspelt must not be passed over.
 * @param migration whose schema it is
 */
export function checkedSchema(migration: string): ReversibleSchema {
  const schema = new ReversibleSchema();
  const proxy: ReversibleSchema = new Proxy(schema, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      const kinds = (OPERATIONS as Readonly<Record<PropertyKey, readonly Kind[]>>)[key];
      if (kinds === undefined || typeof value !== 'function') return value;
      return (...given: readonly unknown[]) => {
        const wrong = wrongIn(`${String(key)}()`, kinds, given);
        if (wrong !== undefined) throw new ReversibleError(migration, wrong.what, wrong.hint);
        Reflect.apply(value, target, given);
        return proxy;
      };
    },
  });
  return proxy;
}
