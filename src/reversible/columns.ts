import { ReversibleError } from '../errors.js';
import { quoteText } from '../sqlite/rebuild-plan.js';
import { addItem, constraintOf, dropColumn, needColumn, needTable } from '../sqlite/table-edit.js';
import { columnOf, textOf, type TableSql } from '../sqlite/table-sql.js';
import { stateOf } from '../sqlite/table-state.js';
import { nameOf, quoteName } from '../sqlite/tokens.js';
import { altered, parkColumn, putBack, textBefore, type Redefined } from './column-texts.js';
import { countOf, keyOfValues, parkedRowOf, refuseVacuumed, rowOf, type Key } from './keys.js';
import { operation, type Operation, type Work } from './operation.js';

export function addingColumn(
  table: string,
  column: string,
  definition: string,
  options: { readonly from?: string },
): Operation {
  return operation<Redefined>(
    { kind: 'add column', table, said: [column, definition, options] },
    (work) => altered(work, table, (builder) => builder.addColumn(column, definition, options)),
    (work, texts) =>
      putBack(work, table, texts, { sql: textBefore(work, table, texts, (now) => dropColumn(now, column)) }),
  );
}

interface DroppedColumn extends Redefined {
  /** Null for a column that was computed. */
  readonly key: Key | null;
}

export function droppingColumn(table: string, column: string): Operation {
  return operation<DroppedColumn>(
    { kind: 'drop column', table, said: column },
    (work) => {
      const state = stateOf(work.connection, table);
      const { name } = needColumn(state.table, column);
      const key = keyOfValues(work.connection, state, name);
      if (key !== null) parkColumn(work, state.table.name, key, name, []);
      return { ...altered(work, table, (builder) => builder.dropColumn(column)), key };
    },
    (work, texts) => {
      const old = needTable(texts.before, table);
      const sql = textBefore(work, table, texts, (now) => withColumn(now, old, column));
      if (texts.key === null) return putBack(work, table, texts, { sql });
      refuseVacuumed(work, table, texts.key);
      const { found, added } = pairedWith(work, table, texts.key);
      refuseValueless(old, column, added);
      const archive = `main.${quoteName(work.archive())}`;
      const value = `iif(a._decant_k0 IS NULL, ${defaultOf(old, column)}, a._decant_o0)`;
      const join = `LEFT JOIN ${archive} AS a ON ${parkedRowOf(texts.key)}`;
      putBack(work, table, texts, { sql, copy: { [column]: value }, join });
      work.meet(table, 'added', added);
      work.meet(table, 'deleted', countOf(work.connection, archive) - found);
    },
  );
}

function pairedWith(work: Work, table: string, key: Key): { readonly found: number; readonly added: number } {
  const target = `main.${quoteName(table)}`;
  const joined = `main.${quoteName(work.archive())} AS a CROSS JOIN ${target} AS t ON ${rowOf(key)}`;
  const found = countOf(work.connection, joined);
  return { found, added: countOf(work.connection, target) - found };
}

function refuseValueless(table: TableSql, column: string, added: number): void {
  const isNeeded = constraintOf(needColumn(table, column), 'NOT') !== undefined;
  if (added === 0 || !isNeeded || !/^null$/i.test(defaultOf(table, column))) return;
  throw new ReversibleError(
    table.name,
    `${String(added)} ${added === 1 ? 'row' : 'rows'} came later and would have no ${column}, which is NOT NULL and has no default`,
    'Delete or move these rows first.',
  );
}

// What a row gets that was not there when the column went.
function defaultOf(table: TableSql, column: string): string {
  const constraint = constraintOf(needColumn(table, column), 'DEFAULT');
  if (constraint === undefined) return 'NULL';
  const [from, to] = [constraint.at + 1, constraint.to];
  const text = textOf(table, { from, to });
  // A name is a text there, bare or in quotes of any kind, and no column's.
  // https://sqlite.org/lang_createtable.html#the_default_clause
  const name = to - from === 1 ? nameOf(table.tokens[from]) : undefined;
  return name === undefined || VALUE.test(text) ? text : quoteText(name);
}

const VALUE = /^(?:null|true|false|current_(?:date|time|timestamp))$/i;

// After the column that it stood behind, if that is there still.
function withColumn(now: TableSql, old: TableSql, column: string): string {
  const at = old.columns.findIndex(({ name }) => name === needColumn(old, column).name);
  const before = old.columns.slice(0, at).toReversed();
  const neighbour = before.map(({ name }) => columnOf(now, name)).find((each) => each !== undefined);
  const last = neighbour ?? now.columns.at(-1) ?? needColumn(now, column);
  return addItem(now, last, textOf(old, needColumn(old, column)));
}
