import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { assert, asyncProperty, nat, record } from 'fast-check';
import type { Database as Connection } from '../../src/domain/migration.js';
import { DecantError } from '../../src/errors.js';
import { alterTable, alterTableSql } from '../../src/sqlite/alter-table.js';
import type { AlterReceipt } from '../../src/sqlite/receipt.js';
import type { TableBuilder } from '../../src/sqlite/table-builder.js';
import { serviceFor } from '../helpers/migrations.js';
import { changeOf, operationSpecs, written, type Change, type OperationModel } from './torture/operations.js';
import { fill, render, type ObjectModel } from './torture/model.js';
import {
  complaints,
  desynced,
  differences,
  integrity,
  type Case,
  type Complaints,
} from './torture/oracle.js';
import { BASE, build, schemaSpec, useScratch, worldOf, type SchemaSpec } from './torture/schema.js';
import { snapshotOf, type Snapshot } from './torture/snapshot.js';

// `npm test` tries the same cases each time, `npm run test:nightly` many more and others. A failure prints its seed.
const { CASES = 300, SEED = CASES === 300 ? 3 : undefined } = globalThis as {
  readonly CASES?: number;
  readonly SEED?: number;
};

const scratch = new Database(':memory:');
scratch.pragma('foreign_keys = OFF');
scratch.exec(BASE.join('; '));
useScratch(scratch);
const tally = new Map<string, number>();

function note(what: string): void {
  tally.set(what, (tally.get(what) ?? 0) + 1);
}

function perform(operations: readonly OperationModel[]): (table: TableBuilder) => void {
  return (table) => {
    for (const { method, args } of operations)
      (table as unknown as Record<string, (...args: readonly unknown[]) => unknown>)[method]?.(...args);
  };
}

/** What ran: a receipt, or the error that was thrown. */
type Result = { readonly receipt: AlterReceipt } | { readonly error: unknown };

async function inMigration(
  db: Connection,
  table: string,
  operations: readonly OperationModel[],
): Promise<Result> {
  let receipt: AlterReceipt | undefined;
  const migration = {
    name: '001_alter',
    up: (guarded: Connection): void => {
      receipt = alterTable(guarded, table, perform(operations));
    },
  };
  try {
    await serviceFor({ database: db, migrations: [migration] }).up();
  } catch (error) {
    return { error: error instanceof DecantError && receipt === undefined ? error.cause : error };
  }
  return receipt === undefined ? { error: new Error('the migration was not run') } : { receipt };
}

function alone(db: Connection, table: string, operations: readonly OperationModel[]): Result {
  try {
    return { receipt: alterTable(db, table, perform(operations)) };
  } catch (error) {
    return { error };
  }
}

interface Drawn {
  readonly schema: SchemaSpec;
  readonly operations: readonly number[][];
  readonly how: number;
}

async function judge(drawn: Drawn): Promise<void> {
  using files = drawn.how % 5 === 4 ? temporaryFolder() : undefined;
  const db = new Database(files === undefined ? ':memory:' : `${files.path}/t.db`);
  try {
    db.pragma('synchronous = OFF'); // not a power cut's test
    await judgeIn(db, drawn, files === undefined ? alone : inMigration);
  } finally {
    db.close();
  }
}

async function judgeIn(db: Connection, { schema, operations, how }: Drawn, run: Runner): Promise<void> {
  const world = worldOf(schema);
  const objects = build(db, world, schema);
  const change = changeOf(world.table, operations);
  const subject = { table: world.table, objects, change };
  const before = stateOf(db);
  const table = calledBy(world.table.name, how);
  using copy = copyOf(db);
  const result = await run(db, table, change.operations);
  const after = stateOf(db);
  const found =
    'error' in result
      ? [...refusal(result.error, differences(before.snapshot, after.snapshot)), ...needless(change)]
      : [
          ...complaints(subject, before.snapshot, after.snapshot),
          ...healthComplaints(subject, before, after),
          ...receiptComplaints(result.receipt, before.snapshot, after.snapshot, change),
          ...scriptComplaints(copy.db, table, change.operations, after.snapshot),
        ];
  if (found.length === 0) return;
  note('failed');
  const made = [render(world.table), ...world.setup, ...objects.map(({ sql }) => fill(sql, world.table))];
  const ran = 'error' in result ? [`it threw ${String(result.error)}`] : result.receipt.statements;
  throw new Error(
    `${found.join('\n')}

${made.join(';\n')};
-- pragmas ${JSON.stringify(before.snapshot.pragmas)}
-- ${run.name}
alterTable(db, ${JSON.stringify(table)}, (table) => {
${written(change.operations)}
});
-- ${ran.join(';\n-- ')}`,
  );
}

type Runner = (
  db: Connection,
  table: string,
  operations: readonly OperationModel[],
) => Result | Promise<Result>;

interface State {
  readonly snapshot: Snapshot;
  readonly trouble: readonly string[];
  readonly desynced: readonly string[];
}

function stateOf(db: Connection): State {
  return { snapshot: snapshotOf(db), trouble: integrity(db), desynced: desynced(db) };
}

// SQLite knows names in any case of ASCII's letters.
function calledBy(name: string, how: number): string {
  return how % 3 === 1 && /^[\x20-\x7e]*$/.test(name) ? name.toUpperCase() : name;
}

function copyOf(db: Connection): { readonly db: Connection } & Disposable {
  const copy = new Database(db.serialize());
  copy.pragma('foreign_keys = OFF');
  copy.pragma(
    `ignore_check_constraints = ${String(db.pragma('ignore_check_constraints', { simple: true }))}`,
  );
  return { db: copy, [Symbol.dispose]: () => void copy.close() };
}

function healthComplaints({ objects, change }: Case, before: State, after: State): Complaints {
  const stale = after.desynced.filter(
    (each) => !before.desynced.includes(each) && !losesItsRowids(objects, each, change),
  );
  return [
    ...after.trouble.filter((line) => line !== 'ok' && !before.trouble.includes(line)),
    ...stale.map((each) => `${each} does not fit its content`),
  ];
}

// Values that are a full-text index's rowids, and were given up.
function losesItsRowids(objects: readonly ObjectModel[], name: string, { lossy }: Change): boolean {
  return lossy.size > 0 && objects.some((each) => each.name === name && each.sql.includes('content_rowid='));
}

function refusal(error: unknown, different: Complaints): Complaints {
  const isOurs = error instanceof DecantError;
  note(isOurs ? `refused: ${kindOf(error.message)}` : 'not ours');
  return [
    ...different,
    ...(isOurs
      ? []
      : [`it threw no error of Decant's: ${(error as Error | undefined)?.stack ?? String(error)}`]),
  ];
}

// Nothing in a table or around it, broken as it may be, stands in the way of a default.
function needless({ operations, table }: Change): Complaints {
  const isHarmless = operations.every(
    ({ method, args: [column, value] }) =>
      (method === 'setDefault' || method === 'dropDefault') &&
      typeof value !== 'object' &&
      table.columns.some(
        ({ name, parts }) => name === column && !parts.some(({ kind }) => kind === 'GENERATED'),
      ),
  );
  return isHarmless ? ['it refused a default'] : [];
}

// Without names: so that the kinds can be counted.
function kindOf(message: string): string {
  const kinds = [
    'has no column',
    'has a column',
    'cannot be dropped',
    'cannot be renamed',
    'beyond return',
    'SQLite does not take',
    'SQLite says',
    'Rows:',
    'would be violated',
    'no longer work',
    'still used',
  ];
  return (
    kinds.find((kind) => message.includes(kind)) ?? message.replaceAll(/["`[].*?["`\]]|\d+/g, '').slice(0, 60)
  );
}

function receiptComplaints(
  receipt: AlterReceipt,
  before: Snapshot,
  after: Snapshot,
  change: Change,
): Complaints {
  note(`done: ${receipt.path}`);
  const rows = after.tables[`main.${change.table.name}`]?.rows.length ?? -1;
  const gone = [...change.dropped].filter((id) => id < 100).length; // the others were added in the same call
  const isSame = JSON.stringify(before.objects) === JSON.stringify(after.objects);
  const dropped = receipt.dropped.filter(({ kind }) => kind === 'column').length;
  const isCounted = receipt.path !== 'rebuild' || receipt.rows % Math.max(rows, 1) === 0;
  const truths: readonly (readonly [isTrue: boolean, lie: string])[] = [
    [receipt.table === change.table.name, `is of ${receipt.table}`],
    [receipt.path !== 'nothing' || isSame, 'says nothing was done'],
    [isCounted, `says ${String(receipt.rows)} of ${String(rows)} rows`],
    [dropped === gone, `says ${String(dropped)} of ${String(gone)} columns were dropped`],
    ...receipt.dropped.map(({ kind, name }): readonly [boolean, string] => [
      !['index', 'trigger', 'view'].includes(kind),
      `says that ${kind} ${name} was dropped`,
    ]),
  ];
  return truths.filter(([isTrue]) => !isTrue).map(([, lie]) => `the receipt ${lie}`);
}

/** Whether the statements that it tells make the same of a copy, and telling them changes nothing. */
function scriptComplaints(
  copy: Connection,
  table: string,
  operations: readonly OperationModel[],
  after: Snapshot,
): Complaints {
  if (after.objects.some(({ schema }) => schema === 'temp')) return [];
  const before = snapshotOf(copy);
  try {
    const statements = alterTableSql(copy, table, perform(operations));
    const told = differences(before, snapshotOf(copy));
    if (told.length > 0) return told.map((each) => `telling the statements: ${each}`);
    for (const sql of statements) copy.exec(sql);
  } catch (error) {
    return [`the statements told: ${String(error)}`];
  }
  const made = snapshotOf(copy);
  return differences({ ...after, pragmas: {}, broken: [] }, { ...made, pragmas: {}, broken: [] }).map(
    (each) => `by the statements told: ${each}`,
  );
}

function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'decant-torture-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

describe('alterTable, whatever the table and whatever is asked', () => {
  afterAll(() => {
    scratch.close();
    if (CASES > 300 && !tally.has('failed'))
      console.log(
        [...tally]
          .toSorted((a, b) => b[1] - a[1])
          .map(([what, count]) => `${String(count).padStart(6)} ${what}`)
          .join('\n'),
      );
  });

  it(
    `does all it is told and nothing else, or refuses and changes nothing (${String(CASES)} cases)`,
    async () => {
      await assert(
        asyncProperty(record({ schema: schemaSpec, operations: operationSpecs, how: nat(997) }), judge),
        { numRuns: CASES, ...(SEED === undefined ? {} : { seed: SEED }) },
      );
      // A generator whose cases are all refused would prove nothing.
      const done = [...tally].map(([what, count]) => (what.startsWith('done') ? count : 0));
      expect(done.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(CASES / 4);
    },
    CASES * 200 + 20_000,
  );
});
