import type { Database } from '../domain/migration.js';
import type { Loss } from '../errors.js';
import type { ChangeLog } from './change-log.js';
import type { Effect } from './effects.js';
import { kept } from './kept.js';
import { SCHEMAS, writesSchema, type Reach } from './reach.js';
import { foldName, isWord, quoteName, tokensOf } from './tokens.js';
import { hasUsersName, userTables } from './user-tables.js';

/** An index, trigger or view as it was. */
interface SchemaObject {
  readonly type: 'index' | 'trigger' | 'view';
  readonly name: string;
  /** What it belongs to, by the name that this had before the migration. */
  readonly table: string;
  /** Whether it is what a view has: an INSTEAD OF trigger, which a table cannot have. */
  readonly ofView: boolean;
}

interface Row extends Pick<SchemaObject, 'name' | 'table'> {
  readonly type: SchemaObject['type'] | 'table';
  readonly rootpage: number;
  readonly sql: string;
}

/**
 * Knows how many rows and which objects there were, as far as a migration may lose them, and tells what is gone. It
 * looks just before the first statement that can remove something, and then only at what that can be.
 */
export class LossGuard {
  readonly #db: Database;
  /** Row counts by the names, folded, that the tables had before the migration. */
  readonly #rows = new Map<string, number>();
  readonly #objects = new Map<string, SchemaObject>();
  /** The definitions, by the same names, of those that were dropped. */
  readonly #dropped = new Map<string, string>();
  #countedAll = false;

  constructor(db: Database) {
    this.#db = db;
  }

  /** One that knows what this one does by now. */
  copy(): LossGuard {
    const copy = new LossGuard(this.#db);
    for (const [origin, count] of this.#rows) copy.#rows.set(origin, count);
    for (const [key, object] of this.#objects) copy.#objects.set(key, object);
    for (const [origin, sql] of this.#dropped) copy.#dropped.set(origin, sql);
    return copy;
  }

  /**
   * To be called before statements run.
   * @param log what ran before them
   * @param reach whether they can remove rows from tables that they do not name
   */
  before(effects: readonly Effect[], log: ChangeLog, reach: Reach): void {
    if (reach === 'anywhere' && !this.#countedAll) {
      this.#countedAll = true;
      const records = ['_migrations'].filter((table) => hasColumns(this.#db, table));
      for (const table of [...userTables(this.#db), ...records]) this.#count(table, log);
    }
    if (effects.some(writesSchema)) this.#noteObjects("''", '', log);
    const drops = effects.filter((effect) => effect.kind === 'drop');
    for (const { name } of drops.filter(({ type }) => type === 'view'))
      this.#noteObjects('tbl_name', name, log);
    if (drops.some(({ type }) => type === 'table')) this.#beforeDrops(log.droppedBy(effects), log);
  }

  #beforeDrops(tables: readonly string[], log: ChangeLog): void {
    for (const table of tables) {
      const own = this.#noteObjects('tbl_name', table, log).filter(({ type }) => type === 'table');
      const isBTree = own.some(({ rootpage }) => rootpage > 0); // not a virtual one
      if (isBTree && hasUsersName(this.#db, table)) this.#count(table, log);
      const origin = log.originOf(table);
      const definitions = [this.#dropped.get(origin) ?? '', ...own.map(({ sql }) => sql)];
      this.#dropped.set(origin, definitions.join('\n'));
    }
  }

  /** What is gone and was not to go. @param expected names of tables and objects that may lose, or be, anything */
  losses(log: ChangeLog, expected: readonly string[]): readonly Loss[] {
    const allowed = new Set(expected.map(foldName));
    const rows = [...this.#rows].flatMap(([origin, before]) =>
      allowed.has(origin) || log.removesFrom(origin) ? [] : this.#lossOf(origin, before, log),
    );
    return [...rows, ...this.#lostObjects(log)].filter(
      ({ name, table }) => !allowed.has(foldName(name)) && !allowed.has(foldName(table ?? name)),
    );
  }

  #lossOf(origin: string, before: number, log: ChangeLog): Loss[] {
    const name = this.#nameNow(origin, log);
    if (name === undefined)
      return log.droppedTables.includes(origin) ? [] : [{ kind: 'table', name: origin }];
    const after = countOf(this.#db, name);
    const losses: Loss[] = after < before ? [{ kind: 'rows', name, before, after }] : [];
    if (log.isCopy(name) && hasConstraints(this.#dropped.get(origin)))
      losses.push({ kind: 'constraints', name });
    return losses;
  }

  // What belongs to a table or view goes with it, but not when one of that name is there again.
  #lostObjects(log: ChangeLog): Loss[] {
    return [...this.#objects.values()].flatMap(({ type, name, table, ofView }): Loss[] => {
      if (type !== 'view' && this.#nameNow(table, log) === undefined) return [];
      if (ofView && !hasObject(this.#db, 'view', table)) return [];
      if (log.drops(type, name) || hasObject(this.#db, type, name)) return [];
      return [type === 'view' ? { kind: 'view', name } : { kind: type, name, table }];
    });
  }

  // What was dropped or renamed may be there again, or a savepoint was rolled back.
  #nameNow(origin: string, log: ChangeLog): string | undefined {
    return [...new Set([log.nameNow(origin), origin])].find((name) => hasColumns(this.#db, name));
  }

  #count(table: string, log: ChangeLog): void {
    if (log.isMade(table)) return;
    const origin = log.originOf(table);
    if (!this.#rows.has(origin)) this.#rows.set(origin, countOf(this.#db, table));
  }

  // The tables are those of before the statements, so what is known by now was not made by the migration. One look
  // tells all: with thousands of tables it takes as long as DROP TABLE itself.
  #noteObjects(column: 'tbl_name' | "''", value: string, log: ChangeLog): readonly Row[] {
    const inMain = kept(this.#db, MAIN[column]).all(value) as Row[];
    for (const row of [...inMain, ...(kept(this.#db, TEMP[column]).all(value) as Row[])]) {
      const { type, name, table } = row;
      if (type === 'table' || foldName(name).startsWith('sqlite_')) continue;
      const ofView = type === 'trigger' && hasObject(this.#db, 'view', table);
      this.#objects.set(`${type} ${foldName(name)}`, { type, name, ofView, table: log.originOf(table) });
    }
    return inMain;
  }
}

// Short, as SQLite compiles them anew after each change of the schema.
const objectsSql = (schema: string, column: string): string =>
  `SELECT type, name, tbl_name AS "table", rootpage, sql FROM ${schema}.sqlite_schema WHERE ${column} = ? COLLATE NOCASE`;

const MAIN = { tbl_name: objectsSql('main', 'tbl_name'), "''": objectsSql('main', "''") } as const;
const TEMP = { tbl_name: objectsSql('temp', 'tbl_name'), "''": objectsSql('temp', "''") } as const;

/** Whether there is a table or a view of this name. SQLite answers from what it keeps in memory. */
function hasColumns(db: Database, name: string): boolean {
  return kept(db, `SELECT 1 FROM pragma_table_xinfo(?, 'main')`).get(name) !== undefined;
}

function hasObject(db: Database, type: string, name: string): boolean {
  const sql = `SELECT 1 FROM ${SCHEMAS} WHERE type = ? AND name = ? COLLATE NOCASE`;
  return kept(db, sql).get(type, name) !== undefined;
}

function hasConstraints(definitions = ''): boolean {
  return tokensOf(definitions).some((token) => isWord(token, ...CONSTRAINTS));
}

const CONSTRAINTS = [
  'PRIMARY',
  'UNIQUE',
  'NOT',
  'CHECK',
  'REFERENCES',
  'DEFAULT',
  'COLLATE',
  'GENERATED',
  'AS',
  'STRICT',
];

function countOf(db: Database, table: string): number {
  const count = db
    .prepare(`SELECT count(*) FROM main.${quoteName(table)}`)
    .safeIntegers(false)
    .pluck();
  return count.get() as number;
}
