import type { Database } from '../domain/migration.js';
import { ReversibleError } from '../errors.js';
import { effectsOf } from '../sqlite/effects.js';
import { temporarySql } from '../sqlite/rebuild-plan.js';
import { readersOf, rows, type StoredObject, type TableState } from '../sqlite/table-state.js';
import { foldName, isWord, quoteName, tokensOf } from '../sqlite/tokens.js';
import { firesOn, type RowEvent } from '../sqlite/trigger-event.js';
import type { Work } from './operation.js';

/**
 * Changes rows of a table while its triggers are gone, so that nothing else changes that nobody has parked, and that
 * putting rows back does not do what a user's own writes do. Triggers that do nothing but keep a search index in step
 * fire as ever.
 * @param events what `run` may do: a trigger of anything else cannot fire, and is left alone
 */
export function withoutTriggers(
  work: Work,
  { table, objects }: TableState,
  events: readonly RowEvent[],
  run: () => void,
): void {
  const { connection, scope } = work;
  const triggers = objects.filter(({ type }) => type === 'trigger');
  const virtual = virtualTables(connection);
  const isVirtual = (name: string): boolean => virtual.has(foldName(name));
  const silenced = triggers.filter(({ sql }) => {
    if (!firesOn(sql, events)) return false;
    const written = writtenBy(sql);
    return written.length === 0 || !written.every(isVirtual);
  });
  if (silenced.length === 0) return run();
  const stale = silenced.flatMap(({ sql }) => writtenBy(sql).filter(isVirtual));
  const indexes = indexesOf(connection, table.name, stale);
  for (const trigger of silenced) drop(connection, trigger);
  run();
  // All of them, in order: the order in which they were made is that in which they fire.
  for (const trigger of triggers) if (!silenced.includes(trigger)) drop(connection, trigger);
  for (const { schema, sql } of triggers) connection.exec(schema === 'temp' ? temporarySql(sql) : sql);
  for (const name of indexes)
    connection.exec(`INSERT INTO main.${quoteName(name)} (${quoteName(name)}) VALUES ('rebuild')`);
  const names = silenced.map(({ name }) => name).join(', ');
  scope.warns(`Rows of ${table.name} were changed without its triggers: ${names}.`);
}

function drop(db: Database, { schema, name }: StoredObject): void {
  db.exec(`DROP TRIGGER ${schema}.${quoteName(name)}`);
}

/** The tables that a trigger writes to. */
function writtenBy(sql: string): readonly string[] {
  const tokens = tokensOf(sql);
  const begin = tokens.find((token) => isWord(token, 'BEGIN'));
  const body = sql.slice(begin?.end, tokens.at(-1)?.start);
  return effectsOf(body).flatMap((effect) => (effect.kind === 'write' ? [effect.table] : []));
}

function virtualTables(db: Database): ReadonlySet<string> {
  const sql = "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND rootpage = 0";
  return new Set(rows<{ name: string }>(db, sql).map(({ name }) => foldName(name)));
}

// A search index that reads its content from the table can be made anew; no other can.
function indexesOf(db: Database, table: string, names: readonly string[]): readonly string[] {
  const readers = readersOf(db, table).map(({ name }) => name);
  const found = new Map(readers.map((name) => [foldName(name), name]));
  return [...new Set(names.map(foldName))].map((name) => {
    const reader = found.get(name);
    if (reader !== undefined) return reader;
    throw new ReversibleError(
      table,
      `a trigger of it writes to ${name} and to other tables besides, so that it can neither fire nor be left out`,
      'Make two triggers of it, one of which writes to virtual tables only; or use execute({ up, down }).',
    );
  });
}
