import type { Database } from '../domain/migration.js';
import { AlterTableError } from '../errors.js';
import { brokenIn, refuseIfBroken, refuseIfNamed, refuseIfRead, refuseIfShadowing } from './dependents.js';
import { rowsWhere } from './offenders.js';
import type { Operation } from './operations.js';
import { isConstraint, rebuild, renameStatistics, type Extent } from './rebuild.js';
import type { Draft } from './rebuild-plan.js';
import type { AlterReceipt } from './receipt.js';
import type { MigrationScope } from './scope.js';
import type { Target } from './target.js';
import { needTable } from './table-edit.js';
import { columnOf, type TableSql } from './table-sql.js';
import { stateOf, type TableState } from './table-state.js';
import { foldName } from './tokens.js';

/** What was done. */
export interface Deed extends Pick<AlterReceipt, 'path' | 'rows' | 'table'> {
  /** `column x` to `column y`; to '', where it was dropped: another may have its name by now. */
  readonly renamed: ReadonlyMap<string, string>;
}

/**
 * Does operations, in order, by the cheapest way that is safe. A rename stands alone; all between two of them is done
 * in place, or by one rebuild.
 * @param extent `plan`: no rows are copied, and for the last rebuild nothing is dropped
 */
export function perform(
  target: Target,
  table: string,
  operations: readonly Operation[],
  extent: 'all' | 'plan',
): Deed {
  const groups = groupsOf(operations);
  const before = extent === 'all' ? 'all' : 'empty';
  const renamed = new Map<string, string>();
  let deed: Deed = { table: stateOf(target.db, table).table.name, path: 'nothing', rows: 0, renamed };
  for (const [at, group] of groups.entries()) {
    const isLast = at === groups.length - 1;
    const done = performGroup(target, deed.table, group, isLast ? extent : before);
    for (const operation of group) noteColumn(renamed, operation);
    deed = {
      table: group[0]?.renames?.what === 'table' ? group[0].renames.to : deed.table,
      path: heavier(deed.path, done.path),
      rows: deed.rows + done.rows,
      renamed,
    };
  }
  return deed;
}

function groupsOf(operations: readonly Operation[]): readonly (readonly Operation[])[] {
  const groups: Operation[][] = [];
  let isOpen = false;
  for (const operation of operations) {
    const isAlone = operation.renames !== undefined;
    if (isOpen && !isAlone) groups.at(-1)?.push(operation);
    else groups.push([operation]);
    isOpen = !isAlone;
  }
  return groups;
}

function noteColumn(renamed: Map<string, string>, { renames, drops }: Operation): void {
  if (drops !== undefined) noteRename(renamed, drops, '');
  if (renames?.from !== undefined) noteRename(renamed, renames.from, `column ${foldName(renames.to)}`);
}

function noteRename(renamed: Map<string, string>, name: string, to: string): void {
  const from = `column ${foldName(name)}`;
  const first = [...renamed].find(([, now]) => now === from)?.[0];
  // Else it is a new column, with the name of one that went before.
  if (first !== undefined || !renamed.has(from)) renamed.set(first ?? from, to);
}

function heavier(one: Deed['path'], other: Deed['path']): Deed['path'] {
  const order = ['nothing', 'native', 'rebuild'] as const;
  return order[Math.max(order.indexOf(one), order.indexOf(other))] ?? 'rebuild';
}

type Done = Pick<Deed, 'path' | 'rows'>;

function performGroup(target: Target, name: string, group: readonly Operation[], extent: Extent): Done {
  const { db, scope } = target;
  const state = stateOf(db, name);
  const { draft, steps } = decide(state, group);
  if (steps.length === 0) return { path: 'nothing', rows: 0 };
  for (const { operation } of steps) refuseOrphans(db, state, operation);
  tell(scope, state.table.name, group);
  if (steps.every(({ sql }) => sql !== undefined) && performInPlace(target, state, steps))
    return { path: 'native', rows: 0 };
  return { path: 'rebuild', rows: rebuild(target, state, draft, extent) };
}

interface Step {
  readonly operation: Operation;
  readonly sql: string | undefined;
}

/** Which operations change anything, what each would be in place, and what they come to together. */
function decide(state: TableState, group: readonly Operation[]): { draft: Draft; steps: readonly Step[] } {
  let { table }: { table: TableSql } = state;
  const steps: Step[] = [];
  const fills = new Map<string, string | undefined>();
  const lossy = new Set<string>();
  for (const operation of group) {
    const edited = operation.edit(table);
    if (operation.lossy !== undefined) lossy.add(foldName(operation.lossy));
    if (edited === table.sql) continue;
    if (operation.adds !== undefined) fills.set(foldName(operation.adds.column), operation.adds.from);
    steps.push({ operation, sql: operation.native?.(table, state) });
    table = needTable(edited, table.name);
    if (operation.renames?.what === 'table') table = { ...table, name: operation.renames.to };
  }
  return { draft: { table, fills, lossy }, steps };
}

function refuseOrphans(db: Database, state: TableState, { drops, renames, adds }: Operation): void {
  const added = renames?.what === 'column' ? renames.to : adds?.column;
  if (added !== undefined) refuseIfShadowing(db, state, added);
  if (drops !== undefined && columnOf(state.table, drops) !== undefined) refuseIfNamed(db, state, drops);
  if (renames !== undefined) refuseIfRead(db, state.table.name, renames.from);
}

function tell(scope: MigrationScope | undefined, table: string, group: readonly Operation[]): void {
  const rename = group[0]?.renames;
  if (rename?.what === 'table') scope?.renames(table, rename.to);
  else scope?.redefines(table);
}

// DROP COLUMN fails where any view or trigger of the database is broken already; the rebuild does not.
function performInPlace(target: Target, state: TableState, steps: readonly Step[]): boolean {
  if (!steps.some(({ operation }) => operation.drops !== undefined)) {
    for (const step of steps) runStep(target, state, step);
    return true;
  }
  const broken = brokenIn(target.db);
  if (broken.size > 0) return false;
  for (const step of steps) runStep(target, state, step);
  refuseIfBroken(target.db, state.table.name, broken);
  return true;
}

function runStep({ db, script }: Target, state: TableState, { operation, sql = '' }: Step): void {
  runInPlace(db, state, operation, () => script.run(sql));
  if (operation.renames?.what !== 'table' || state.statistics.length === 0) return;
  for (const statement of renameStatistics(state, operation.renames.to)) script.run(statement);
  script.run('ANALYZE sqlite_schema');
}

// SQLite says no more than "constraint failed".
function runInPlace(db: Database, state: TableState, { offenders }: Operation, run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!isConstraint(error) || offenders === undefined) throw error;
    const { count, rows } = rowsWhere(db, state, offenders.where);
    throw new AlterTableError(
      state.table.name,
      `in ${String(count)} ${count === 1 ? 'row' : 'rows'} ${offenders.what}.`,
      'Correct these rows first, in an earlier statement of the same migration.',
      rows,
      { cause: error },
    );
  }
}
