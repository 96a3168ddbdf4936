import { describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import {
  array,
  assert,
  boolean,
  constantFrom,
  integer,
  property,
  record,
  shuffledSubarray,
  uniqueArray,
} from 'fast-check';
import { alterTable } from '../../src/sqlite/alter-table.js';
import type { TableBuilder } from '../../src/sqlite/table-builder.js';
import { contentOf, picture, type Handle, type Picture } from './torture.js';

// `npm run test:nightly` tries many more.
const CASES = (globalThis as { CASES?: number }).CASES ?? 300;

const NAMES = ['a', 'b', 'c d', 'check', 'é', 'rowid', 'x"y', 'Z', 'from'];
const NOISE = ['', ' ', '\n  ', ' /* , ) "c d" */ ', ' -- CHECK (\n '];
const VALUES = [
  'NULL',
  '1',
  '-3',
  '2.5',
  "'x'",
  "'007'",
  "'42'",
  "x'00ff'",
  '9007199254740993',
  "'it''s'",
  '1e300',
  "CAST(x'ff61' AS TEXT)",
  "''",
];

interface Column {
  readonly name: string;
  readonly quote: number;
  readonly type: string;
  readonly parts: readonly string[];
}

const column = (name: string) =>
  record({
    quote: integer({ min: 0, max: 2 }),
    type: constantFrom('INTEGER', 'TEXT', 'REAL', 'BLOB', '', 'NUMERIC', 'VARCHAR(10, 2)', 'INT', 'ANY'),
    parts: shuffledSubarray([
      'NOT NULL',
      'DEFAULT (1 + 1)',
      'COLLATE NOCASE',
      'CHECK ($ IS NOT -7)',
      'UNIQUE ON CONFLICT FAIL',
      'CONSTRAINT "k $" CHECK ($ <> \'no\')',
    ]).map((parts) => parts.slice(0, 3)),
  }).map(({ quote, type, parts }): Column => ({ name, quote, type, parts }));

const schema = uniqueArray(constantFrom(...NAMES), { minLength: 2, maxLength: 6 }).chain((names) =>
  record({
    columns: array(integer(), { minLength: names.length, maxLength: names.length }).chain(() =>
      tupleOf(names),
    ),
    key: constantFrom('none', 'alias', 'autoincrement', 'text', 'without rowid'),
    isStrict: boolean(),
    noise: array(constantFrom(...NOISE), { minLength: 12, maxLength: 12 }),
    rows: array(array(constantFrom(...VALUES), { minLength: names.length, maxLength: names.length }), {
      maxLength: 12,
    }),
    extra: shuffledSubarray([
      'index',
      'partial',
      'trigger',
      'update of',
      'view',
      'child',
      'fts',
      'generated',
      'unique',
      'self',
      'analyze',
      'elsewhere',
      'temp',
    ]),
  }),
);

// fast-check has a type for tuples of a known length only.
function tupleOf(names: readonly string[]) {
  return record(Object.fromEntries(names.map((name) => [name, column(name)]))).map(
    (columns): readonly Column[] => names.flatMap((name) => columns[name] ?? []),
  );
}

type Schema = typeof schema extends { generate: (...args: never[]) => { value: infer T } } ? T : never;

const operation = record({
  kind: constantFrom(
    'addColumn',
    'addColumn from',
    'dropColumn',
    'renameColumn',
    'setType',
    'setType lossy',
    'setNotNull',
    'dropNotNull',
    'setDefault',
    'dropDefault',
    'setCollate',
    'dropCollate',
    'addCheck',
    'dropCheck',
    'addUnique',
    'dropUnique',
    'setPrimaryKey',
    'setStrict',
    'setWithoutRowid',
    'setAutoincrement',
    'dropGenerated',
    'addForeignKey',
  ),
  at: integer({ min: 0, max: 20 }),
  other: integer({ min: 0, max: 20 }),
  state: constantFrom('on' as const, 'off' as const),
});

type Op = typeof operation extends { generate: (...args: never[]) => { value: infer T } } ? T : never;

const QUOTES = [
  (n: string) => `"${n.replaceAll('"', '""')}"`,
  (n: string) => `[${n}]`,
  (n: string) => `\`${n}\``,
];
const q = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The items of the definition, each as it is written, and the whole. */
function written(shape: Schema): { sql: string; items: Map<string, string> } {
  const { columns, key, isStrict, noise } = shape;
  const items = new Map(columns.map((each) => [each.name, columnText(each, shape)] as const));
  items.set('id', KEYS[key] ?? '');
  for (const [name, text] of extraItems(shape)) items.set(name, text);
  const options = [
    ...(isStrict ? ['STRICT'] : []),
    ...(key === 'without rowid' ? ['WITHOUT ROWID'] : []),
  ].join();
  const [before, after, end] = noise.slice(9) as [string, string, string];
  const list = [...items.values()].map((item, at) => `${noise[at] ?? ''}${item}`).join(`${end},`);
  return { sql: `CREATE TABLE t${after}(${list}${before})${options}`, items };
}

const KEYS: Readonly<Record<string, string>> = {
  none: 'id INT',
  alias: 'id INTEGER PRIMARY KEY',
  autoincrement: 'id INTEGER PRIMARY KEY ASC AUTOINCREMENT',
  text: 'id INT PRIMARY KEY',
  'without rowid': 'id INT PRIMARY KEY',
};

function columnText({ name, quote, type, parts }: Column, { isStrict, noise }: Schema): string {
  const typed = isStrict && !/^(?:INTEGER|TEXT|REAL|BLOB|INT|ANY)$/.test(type) ? 'ANY' : type;
  const named = parts.map((part) => part.replaceAll('"k $"', q(`k ${name}`)).replaceAll('$', q(name)));
  const gap = noise[quote + 4];
  return [QUOTES[quote]?.(name), typed, ...named].filter((part) => part !== '').join(gap === '' ? ' ' : gap);
}

function extraItems({ columns, isStrict, extra }: Schema): readonly (readonly [string, string])[] {
  const [first = '', second = ''] = columns.map(({ name }) => q(name));
  const items = {
    generated: ['gen', isStrict ? `gen TEXT AS (typeof(${first}))` : `gen AS (typeof(${first})) STORED`],
    self: ['boss', 'boss INT REFERENCES t (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED'],
    unique: [' u', `CONSTRAINT u UNIQUE (${first}, id, ${second})`],
  } as const;
  return [items.generated, items.self, items.unique].filter((_item, at) =>
    extra.includes(Object.keys(items)[at] ?? ''),
  );
}

function build(shape: Schema): { db: Handle; items: Map<string, string> } {
  const db = new Database(':memory:');
  const { sql, items } = written(shape);
  db.pragma('foreign_keys = OFF');
  db.exec(sql);
  for (const [at, values] of shape.rows.entries()) {
    const names = [...shape.columns.map(({ name }) => q(name)), 'id'];
    attempt(() =>
      db.exec(`INSERT INTO t (${names.join()}) VALUES (${[...values, String(at * 3 + 1)].join()})`),
    );
  }
  db.exec('DELETE FROM t WHERE id = 4');
  for (const text of objectsOf(shape)) db.exec(text);
  db.pragma('foreign_keys = ON');
  return { db, items };
}

function objectsOf({ columns, key, extra }: Schema): readonly string[] {
  const [first = '', second = ''] = columns.map(({ name }) => q(name));
  const texts: Readonly<Record<string, readonly string[]>> = {
    index: [`CREATE INDEX i1 ON t (${second} DESC, id)`],
    partial: [`CREATE INDEX i2 ON t (lower(${first}) COLLATE NOCASE) WHERE ${first} IS NOT NULL`],
    trigger: [
      `CREATE TABLE seen (x); CREATE TRIGGER g1 BEFORE DELETE ON t BEGIN INSERT INTO seen VALUES (old.${second}); END`,
    ],
    'update of': [`CREATE TRIGGER g2 AFTER UPDATE OF ${first} ON t BEGIN SELECT 1; END`],
    elsewhere: [
      `CREATE TABLE e (x); CREATE TRIGGER g3 AFTER INSERT ON e BEGIN UPDATE t SET ${second} = new.x; END`,
    ],
    temp: [
      `CREATE TEMP TRIGGER g4 AFTER DELETE ON main.t BEGIN SELECT old.id; END; CREATE TEMP VIEW v2 AS SELECT id FROM t`,
    ],
    view: [`CREATE VIEW v AS SELECT ${second}, t.id FROM t`],
    child: [
      `CREATE TABLE c (x INTEGER REFERENCES t (id) ON DELETE CASCADE); ${key === 'none' ? '' : 'INSERT INTO c SELECT id FROM t; '}INSERT INTO c VALUES (404)`,
    ],
    fts:
      columns.some(({ name }) => name === 'rowid') ||
      key === 'without rowid' ||
      key === 'text' ||
      key === 'none'
        ? []
        : [
            `CREATE VIRTUAL TABLE f USING fts5(${first}, content='t', content_rowid='id'); INSERT INTO f (f) VALUES ('rebuild')`,
          ],
    analyze: ['ANALYZE'],
  };
  return extra
    .toSorted((a, b) => Number(a === 'analyze') - Number(b === 'analyze'))
    .flatMap((each) => texts[each] ?? []);
}

function attempt(run: () => void): void {
  try {
    run();
  } catch {
    // a row that its own table does not take
  }
}

/** The columns that an operation is about. */
function apply(
  table: TableBuilder,
  { kind, at, other, state }: Op,
  names: readonly string[],
): readonly string[] {
  const name = names[at % names.length] ?? '';
  const second = names[other % names.length] ?? '';
  const run: Readonly<Record<string, () => unknown>> = {
    addColumn: () => table.addColumn('new one', state === 'on' ? 'INT DEFAULT 5' : 'TEXT UNIQUE'),
    'addColumn from': () => table.addColumn('new one', 'ANY', { from: q(name) }),
    dropColumn: () => table.dropColumn(name),
    renameColumn: () => table.renameColumn(name, 'new name'),
    setType: () => table.setType(name, ['INTEGER', 'TEXT', 'REAL', 'ANY'][other % 4] ?? ''),
    'setType lossy': () =>
      table.setType(name, ['INTEGER', 'TEXT', 'BLOB'][other % 3] ?? '', { lossy: 'allow' }),
    setNotNull: () => table.setNotNull(name),
    dropNotNull: () => table.dropNotNull(name),
    setDefault: () => table.setDefault(name, [1, "it's", null, { sql: "'a' || 'b'" }][other % 4] ?? null),
    dropDefault: () => table.dropDefault(name),
    setCollate: () => table.setCollate(name, 'RTRIM'),
    dropCollate: () => table.dropCollate(name),
    addCheck: () => table.addCheck(`${q(name)} IS NOT 99`, state === 'on' ? { name: 'fine' } : {}),
    dropCheck: () => table.dropCheck(`k ${name}`),
    addUnique: () => table.addUnique([name, 'id']),
    dropUnique: () => table.dropUnique(state === 'on' ? [name] : 'u'),
    setPrimaryKey: () => table.setPrimaryKey(state === 'on' ? [name] : ['id', second]),
    setStrict: () => table.setStrict(state),
    setWithoutRowid: () => table.setWithoutRowid(state),
    setAutoincrement: () => table.setAutoincrement(state),
    dropGenerated: () => table.dropGenerated('gen'),
    addForeignKey: () => table.addForeignKey({ columns: [name], references: 't', to: ['id'] }),
  };
  run[kind]?.();
  const others: Readonly<Record<string, readonly string[]>> = {
    setStrict: [],
    setWithoutRowid: [],
    addColumn: [],
    'addColumn from': [],
    setPrimaryKey: [name, second, 'id'],
    setAutoincrement: [name, second, 'id'],
    dropGenerated: ['gen'],
    dropUnique: [name, ' u'],
  };
  return others[kind] ?? [name];
}

interface Tally {
  done: number;
  refused: number;
}

function check(shape: Schema, operations: readonly Op[], tally: Tally): void {
  const { db, items } = build(shape);
  try {
    const before = picture(db);
    const state = stateOfKeys(db);
    const names = [...items.keys()].filter((name) => name !== ' u');
    const touched = new Set<string>();
    const rename = operations.some(({ kind }) => kind === 'renameColumn');
    const dry = operations.filter(
      ({ kind }, at) => operations.findIndex((each) => each.kind === kind) === at,
    );
    try {
      alterTable(db, 't', (table) => {
        for (const each of dry) for (const name of apply(table, each, names)) touched.add(name);
      });
    } catch (error) {
      expect(error).toMatchObject({ code: 'DECANT_ALTER_TABLE' });
      expect(picture(db)).toEqual(before);
      tally.refused += 1;
      return;
    }
    tally.done += 1;
    compareText(db, before, items, touched, rename);
    compareRest(db, before, rename);
    expect(stateOfKeys(db)).toEqual(state);
  } finally {
    db.close();
  }
}

// What was not touched is there as it was written, in the same order.
function compareText(
  db: Handle,
  before: Picture,
  items: ReadonlyMap<string, string>,
  touched: ReadonlySet<string>,
  rename: boolean,
): void {
  const sql = sqlOf(picture(db));
  let from = 0;
  for (const [name, text] of items) {
    if (touched.has(name) || (rename && /^(?: u|gen|boss)$/.test(name))) continue;
    const at = sql.indexOf(text, from);
    if (at === -1) throw new Error(`${name} is not as it was written, ${text}, in ${sql}`);
    from = at + text.length;
  }
  if (touched.size === 0) expect(commentsIn(sql)).toBeGreaterThanOrEqual(commentsIn(sqlOf(before)));
}

function sqlOf({ schema: all }: Picture): string {
  return all.find(({ name }) => name === 't')?.sql ?? '';
}

function commentsIn(sql: string): number {
  return sql.match(/\/\*|--/g)?.length ?? 0;
}

function otherObjects({ schema: all }: Picture): unknown {
  return all.filter(({ name }) => name !== 't' && !name.startsWith('sqlite_'));
}

function compareRest(db: Handle, before: Picture, rename: boolean): void {
  const after = picture(db);
  if (!rename) expect(otherObjects(after)).toEqual(otherObjects(before));
  expect(after.pragmas).toEqual(before.pragmas);
  expect(after.tables['c']).toEqual(before.tables['c']);
  expect(after.tables['seen']).toEqual(before.tables['seen']);
  expect(after.tables['t']).toHaveLength(before.tables['t']?.length ?? 0);
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
  if ('f_data' in after.tables) db.exec("INSERT INTO f (f, rank) VALUES ('integrity-check', 1)");
}

/** What violates a foreign key of the child, whichever rowid it has. */
function stateOfKeys(db: Handle): unknown {
  try {
    return db.prepare("SELECT parent, fkid FROM pragma_foreign_key_check('c') ORDER BY 1, 2").raw().all();
  } catch (error) {
    return (error as Error).message;
  }
}

/** The content of the columns that were not touched, compared bit for bit in a case of its own. */
function checkContent(shape: Schema, operations: readonly Op[]): void {
  const { db, items } = build(shape);
  try {
    const names = [...items.keys()].filter((name) => name !== ' u');
    const touched = new Set<string>();
    const dry = operations.filter(({ kind }) => !/setStrict|PrimaryKey|WithoutRowid|lossy/.test(kind));
    const stored = names.filter((name) => name !== 'gen');
    const contents = new Map(stored.map((name) => [name, contentOf(db, 't', [name])]));
    try {
      alterTable(db, 't', (table) => {
        for (const each of dry)
          for (const name of apply(table, each, names)) if (/Column|Type/.test(each.kind)) touched.add(name);
      });
    } catch {
      return;
    }
    // A key that has become INTEGER is the rowid from now on.
    const strip = (rows: readonly string[]) =>
      touched.has('id') ? rows.map((row) => row.slice(row.indexOf('|'))).toSorted() : rows;
    for (const [name, rows] of contents) {
      if (!touched.has(name)) expect([name, strip(contentOf(db, 't', [name]))]).toEqual([name, strip(rows)]);
    }
  } finally {
    db.close();
  }
}

describe('alterTable on any table', () => {
  it(
    'does what it was asked to and nothing else, or nothing at all',
    () => {
      const tally: Tally = { done: 0, refused: 0 };
      assert(
        property(schema, array(operation, { minLength: 1, maxLength: 3 }), (shape, operations) => {
          check(shape, operations, tally);
          checkContent(shape, operations);
        }),
        { numRuns: CASES },
      );
      // A generator whose cases are all refused would prove nothing.
      expect(tally.done).toBeGreaterThan(tally.refused / 4);
      expect(tally.done + tally.refused).toBe(CASES);
    },
    CASES * 200,
  );
});
