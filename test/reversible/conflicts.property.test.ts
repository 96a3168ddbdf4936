import { describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { array, assert, asyncProperty, constantFrom, nat, oneof, record, type Arbitrary } from 'fast-check';
import type { ReversibleSchema } from '../../src/reversible/schema.js';
import { down, up } from './helpers.js';

const { CASES = 40 } = globalThis as { readonly CASES?: number };
const IDS = [1, 2, 3, 4, 5, 6];
type Column = 'a' | 'b';
type Step = (schema: ReversibleSchema, at: number) => unknown;

const column = constantFrom<Column>('a', 'b');
const id = constantFrom(...IDS);
const step: Arbitrary<Step> = oneof(
  record({ column, id }).map(
    (each) => (s: ReversibleSchema, at: number) =>
      s.update('t', { set: { [each.column]: `up ${String(at)}` }, where: `id >= ${String(each.id)}` }),
  ),
  record({ column }).map(
    (each) => (s: ReversibleSchema) =>
      s.update('t', { set: { a: { sql: 'b' }, [each.column]: { sql: `a || b` } } }),
  ),
  id.map((each) => (s: ReversibleSchema) => s.delete('t', { where: `id = ${String(each)}` })),
  id.map(
    (each) => (s: ReversibleSchema) =>
      s.move('t', 'attic', { was: { sql: 'id' } }, { where: `id = ${String(each)}` }),
  ),
  nat(3).map(() => (s: ReversibleSchema, at: number) => s.insert('t', [{ id: 100 + at, a: 'in' }])),
  nat(3).map(
    () => (s: ReversibleSchema, at: number) => s.addColumn('t', `d${String(at)}`, "TEXT DEFAULT 'd'"),
  ),
  nat(3).map(
    () => (s: ReversibleSchema, at: number) =>
      s.addColumn('t', `x${String(at)}`, 'TEXT').dropColumn('t', `x${String(at)}`),
  ),
);

type Edit =
  | { readonly kind: 'set'; readonly column: Column; readonly pick: number }
  | { readonly kind: 'delete' | 'insert'; readonly pick: number };

const edit: Arbitrary<Edit> = oneof(
  record({ kind: constantFrom<'set'>('set'), column, pick: nat(9) }),
  record({ kind: constantFrom<'delete' | 'insert'>('delete', 'insert'), pick: nat(9) }),
);

type Row = Record<Column, unknown>;

/** What the rule says is to be there in the end, by key. */
class Expected {
  readonly rows: Map<number, Row>;
  readonly own = new Set<number>();

  constructor(rows: ReadonlyMap<number, Row>) {
    this.rows = new Map([...rows].map(([key, row]) => [key, { ...row }]));
  }

  edit(db: Database.Database, each: Edit, at: number): void {
    if (each.kind === 'insert') return this.#insert(db, 200 + at);
    const keys = db.prepare('SELECT id FROM t ORDER BY id').pluck().all() as number[];
    const key = keys[each.pick % Math.max(keys.length, 1)];
    if (key === undefined) return;
    if (each.kind === 'set') this.#set(db, key, each.column, `edit ${String(at)}`);
    else this.#delete(db, key);
  }

  #insert(db: Database.Database, key: number): void {
    db.prepare("INSERT INTO t (id, a, b) VALUES (?, 'new', 'new')").run(key);
    this.rows.set(key, { a: 'new', b: 'new' });
  }

  #delete(db: Database.Database, key: number): void {
    db.prepare('DELETE FROM t WHERE id = ?').run(key);
    this.rows.delete(key);
    this.own.delete(key);
  }

  #set(db: Database.Database, key: number, name: Column, value: string): void {
    db.prepare(`UPDATE t SET ${name} = ? WHERE id = ?`).run(value, key);
    const row = this.rows.get(key);
    if (row === undefined) this.own.add(key);
    else row[name] = value;
  }
}

function rowsOf(db: Database.Database): Map<number, Row> {
  const rows = db.prepare('SELECT id, a, b FROM t').all() as ({ id: number } & Row)[];
  return new Map(rows.map(({ id: key, a, b }) => [key, { a, b }]));
}

async function judge(steps: readonly Step[], edits: readonly Edit[]): Promise<void> {
  const db = new Database(':memory:');
  try {
    db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, a, b /* as ever */); CREATE TABLE attic (was)');
    for (const each of IDS) db.prepare("INSERT INTO t VALUES (?, 'a' || ?, ?)").run(each, each, each);
    const expected = new Expected(rowsOf(db));
    const schema = (): unknown => db.prepare("SELECT sql FROM sqlite_schema WHERE name = 't'").pluck().get();
    const before = schema();
    const change = (each: ReversibleSchema): void => {
      for (const [at, one] of steps.entries()) one(each, at);
    };
    await up(db, change);
    for (const [at, each] of edits.entries()) expected.edit(db, each, at);
    const report = await down(db, change);

    expect(schema()).toBe(before);
    const after = rowsOf(db);
    // A row that up had inserted, and that was changed, stays, whatever it has by then.
    for (const key of expected.own) {
      expect(after.has(key)).toBe(true);
      after.delete(key);
    }
    expect(new Map([...after].toSorted(([one], [other]) => one - other))).toEqual(
      new Map([...expected.rows].toSorted(([one], [other]) => one - other)),
    );
    if (edits.length === 0) expect(report.steps[0]).not.toHaveProperty('conflicts');
    expect(db.prepare("SELECT name FROM sqlite_schema WHERE name LIKE '%decant%'").all()).toEqual([]);
  } finally {
    db.close();
  }
}

describe('whatever comes between up and down', () => {
  it(
    'a later edit stays, and all else is as it was',
    async () => {
      const lists = [array(step, { minLength: 1, maxLength: 5 }), array(edit, { maxLength: 6 })] as const;
      await assert(asyncProperty(...lists, judge), { numRuns: CASES, ...(CASES === 40 ? { seed: 5 } : {}) });
    },
    CASES * 200 + 20_000,
  );
});
