import type { Database } from '../../../src/domain/migration.js';
import { array, nat, noBias, record, type Arbitrary } from 'fast-check';
import {
  fill,
  fold,
  quoted,
  render,
  type ColumnModel,
  type ObjectModel,
  type Part,
  type TableModel,
} from './model.js';

/** Plain numbers from which all is made. They shrink to 0, which is always the plainest choice. */
export interface SchemaSpec {
  readonly table: number;
  readonly columns: readonly ColumnSpec[];
  readonly constraints: readonly number[][];
  readonly options: number;
  readonly objects: readonly number[][];
  readonly rows: readonly number[][];
  readonly world: number;
  readonly pragmas: number;
}

interface ColumnSpec {
  readonly name: number;
  readonly type: number;
  readonly parts: readonly number[];
  readonly gap: number;
}

const byte = (): Arbitrary<number> => noBias(nat(997));

export const schemaSpec: Arbitrary<SchemaSpec> = record({
  table: byte(),
  columns: array(
    record({ name: byte(), type: byte(), parts: array(byte(), { maxLength: 4 }), gap: byte() }),
    { minLength: 1, maxLength: 8 },
  ),
  constraints: array(array(byte(), { minLength: 4, maxLength: 4 }), { maxLength: 3 }),
  options: byte(),
  objects: array(array(byte(), { minLength: 4, maxLength: 4 }), { maxLength: 6 }),
  rows: array(array(byte(), { minLength: 1, maxLength: 9 }), { maxLength: 8 }),
  world: byte(),
  pragmas: nat(0xff),
});

export interface World {
  readonly table: TableModel;
  readonly objects: readonly ObjectModel[];
  readonly setup: readonly string[];
}

const pick = <T>(from: readonly T[], at: number): T => from[at % from.length] as T;

const TABLES = [
  'users',
  'order',
  'my table',
  't"q',
  'check',
  'ünï',
  'T2',
  "it's",
  'a]b',
  'table',
  'x,(y',
  '--',
];
const COLUMNS = [
  'a',
  'b',
  'c',
  'd',
  'id',
  'order',
  'check',
  'a b',
  'q"uote',
  'ünï',
  'rowid',
  '_rowid_',
  'oid',
  'select',
  'CONSTRAINT',
  "x'y",
  'a,b',
  '(',
  '--',
  '/*',
  'b]',
  '`',
  '',
  'new',
  'old',
  'generated',
  'always',
  'strict',
  '😀',
  'primary',
  'unique',
  'foreign',
  'references',
  'null',
  'A B',
  '1',
  'lower',
  'nocase',
  'users',
  'length',
];
const TYPES = [
  '',
  'TEXT',
  'INTEGER',
  'REAL',
  'BLOB',
  'NUMERIC',
  'ANY',
  'INT',
  'VARCHAR(10, 2)',
  'DECIMAL(+5,-2)',
  '"my type"',
  'UNSIGNED BIG INT',
  'DOUBLE PRECISION',
  'STRING',
  'text',
  'Integer',
  'DATE',
  "'CHAR'",
  '[BLOB]',
  'FLOATING POINT',
];
const STRICT_TYPES = ['ANY', 'TEXT', 'INTEGER', 'REAL', 'BLOB', 'INT'];
const CONFLICTS = [
  '',
  ' ON CONFLICT REPLACE',
  ' ON CONFLICT IGNORE',
  ' ON CONFLICT FAIL',
  ' ON CONFLICT ROLLBACK',
];
const ACTIONS = [
  '',
  ' ON DELETE CASCADE',
  ' ON DELETE SET NULL ON UPDATE CASCADE',
  ' ON DELETE RESTRICT',
  ' ON UPDATE NO ACTION ON DELETE SET DEFAULT MATCH FULL',
];
const DEFERS = ['', ' DEFERRABLE INITIALLY DEFERRED', ' NOT DEFERRABLE', ' DEFERRABLE'];
const DEFAULTS = [
  '0',
  "'x'",
  'NULL',
  '-1.5',
  '+7',
  "'it''s, ) ('",
  'CURRENT_TIMESTAMP',
  '(1 + (2))',
  "x'00ff'",
  'TRUE',
  "(lower('ABC'))",
  '9007199254740993',
  '"quoted"',
  '1e3',
  'word',
  "(')')",
];
const NAMES = [undefined, undefined, 'k', 'my key', 'check', 'not null', 'K'];

class Gaps {
  #number = 0;

  gap(at: number): string {
    const note = `note ${String(this.#number++)}`;
    return pick([' ', ' ', ' ', '\n  ', '\t', ` /* ${note}, ) ' */ `, ` -- ${note}'s ( "a\n  `, '\r\n '], at);
  }
}

/** The table under test, what is around it, and its rows: as statements that may fail each, and are left out then. */
export function worldOf(spec: SchemaSpec): World {
  const table = tableOf(spec, new Gaps());
  const objects = spec.objects.map((choice, at) => objectOf(choice, at, table));
  return { table, objects, setup: rowsOf(spec, table) };
}

// Each piece is put in when SQLite takes it.
function tableOf(spec: SchemaSpec, gaps: Gaps): TableModel {
  let table = plainTable(spec, gaps);
  const { columns } = table;
  const improve = (next: TableModel): void => {
    if (isTaken(next)) table = next;
  };
  for (const [id, at] of columns.flatMap((each) => partsOf(spec, each.id))) {
    const column = columns.find((each) => each.id === id);
    const part = column === undefined ? undefined : columnPart(at, column, columns, gaps);
    if (part !== undefined) improve(withPart(table, id, part));
  }
  for (const choice of spec.constraints)
    improve({ ...table, constraints: [...table.constraints, tablePart(choice, columns, gaps)] });
  if (spec.options % 5 === 1) improve({ ...table, options: [...table.options, 'WITHOUT ROWID'] });
  return spec.options % 11 === 1 ? { ...table, options: table.options.toReversed() } : table;
}

function partsOf(spec: SchemaSpec, id: number): readonly (readonly [id: number, part: number])[] {
  return (spec.columns[id]?.parts ?? []).map((part) => [id, part]);
}

function plainTable(spec: SchemaSpec, gaps: Gaps): TableModel {
  const isStrict = spec.options % 7 === 1;
  const names = new Set<string>();
  const columns = spec.columns.flatMap((each, id): ColumnModel[] => {
    const name = pick(COLUMNS, each.name);
    if (names.has(fold(name))) return [];
    names.add(fold(name));
    const gap = id === 0 && each.gap < 400 ? '' : gaps.gap(each.gap);
    const type = pick(isStrict ? STRICT_TYPES : TYPES, each.type);
    return [{ id, name, gap, style: each.gap % 4, type, parts: [] }];
  });
  return {
    name: pick(TABLES, spec.table),
    style: spec.table % 4,
    columns,
    constraints: [],
    options: isStrict ? ['STRICT'] : [],
    end: pick(['', '\n', ' -- the end\n', ' /* end */'], spec.options),
  };
}

function withPart(table: TableModel, id: number, part: Part): TableModel {
  const columns = table.columns.map((each) =>
    each.id === id ? { ...each, parts: [...each.parts, part] } : each,
  );
  return { ...table, columns };
}

function isTaken(table: TableModel): boolean {
  const drop = `DROP TABLE IF EXISTS ${quoted(table.name, 0)}`;
  try {
    scratch().exec(`${drop}; ${render(table)}`);
    // A loop of generated columns is found when they are computed.
    scratch().prepare(`SELECT * FROM ${quoted(table.name, 0)}`);
    scratch().prepare(`INSERT INTO ${quoted(table.name, 0)} DEFAULT VALUES`);
    return true;
  } catch {
    return false;
  } finally {
    scratch().exec(drop);
  }
}

let made: Database | undefined;
/** Where a definition is tried. To be given by the test, once. */
export function useScratch(db: Database): void {
  made = db;
}
function scratch(): Database {
  if (made === undefined) throw new Error('useScratch() first');
  return made;
}

function named(at: number): { readonly name?: string } {
  const name = pick(NAMES, at);
  return name === undefined ? {} : { name };
}

function columnPart(
  at: number,
  column: ColumnModel,
  columns: readonly ColumnModel[],
  gaps: Gaps,
): Part | undefined {
  const more = Math.floor(at / 16);
  const c = `{c${String(column.id)}.${String(more % 4)}}`;
  const other = pick(columns, more);
  const o = `{c${String(other.id)}.${String(more % 3)}}`;
  const part = (kind: Part['kind'], text: string, ids: readonly number[] = [column.id]): Part => ({
    kind,
    gap: gaps.gap(at),
    ...named(more),
    text,
    columns: ids,
  });
  const makers: readonly (() => Part | undefined)[] = [
    () => undefined,
    () => part('NOT', `NOT NULL${pick(CONFLICTS, more)}`),
    () => part('DEFAULT', `DEFAULT ${pick(DEFAULTS, more)}`),
    () => part('COLLATE', `COLLATE ${pick(['NOCASE', '"nocase"', 'RTRIM', 'BINARY'], more)}`),
    () =>
      part(
        'CHECK',
        `CHECK (${pick([`${c} <> 'never'`, `{t}.${c} IS NOT 'no)'`, `length(${c}) < 99`], more)})`,
      ),
    () => part('CHECK', `check( /* both */ ${c} IS NOT ${o} OR ${o} IS ${c})`, [column.id, other.id]),
    () => part('UNIQUE', `UNIQUE${pick(CONFLICTS, more)}`),
    () => part('PRIMARY', `PRIMARY KEY${pick(['', ' DESC', ' ASC'], more)}${pick(CONFLICTS, more)}`),
    () => part('PRIMARY', 'primary  KEY AUTOINCREMENT'),
    () =>
      part(
        'REFERENCES',
        `REFERENCES parent${pick(['', ' (id)', '(code)'], more)}${pick(ACTIONS, more)}${pick(DEFERS, more)}`,
      ),
    () => part('REFERENCES', `REFERENCES {t} (${o})${pick(ACTIONS, more)}`, [other.id]),
    () => part('NULL', 'NULL'),
    () =>
      part('GENERATED', `GENERATED ALWAYS AS (${o} || 'x')${pick(['', ' STORED', ' VIRTUAL'], more)}`, [
        other.id,
      ]),
    () => part('GENERATED', `AS (coalesce(${o}, 0) + length(')'))${pick([' STORED', ''], more)}`, [other.id]),
    () => part('DEFAULT', `DEFAULT ${pick(DEFAULTS, more)}`),
    () => part('NOT', 'not /* really */ null'),
  ];
  return pick(makers, at)();
}

function tablePart(choice: readonly number[], columns: readonly ColumnModel[], gaps: Gaps): Part {
  const [kind = 0, first = 0, second = 0, more = 0] = choice;
  const one = pick(columns, first).id;
  const two = pick(columns, second).id;
  const ids = [...new Set([one, two])];
  const list = ids.map((id) => `{c${String(id)}.${String(more % 4)}}`);
  const part = (of: Part['kind'], text: string, used: readonly number[]): Part => ({
    kind: of,
    gap: gaps.gap(kind + more),
    ...named(more),
    text,
    columns: used,
  });
  const makers: readonly (() => Part)[] = [
    () => part('CHECK', `CHECK (${list.join(' IS NOT 5 OR ')} IS NULL OR 1)`, ids),
    () => part('UNIQUE', `UNIQUE (${list.join(', ')})${pick(CONFLICTS, more)}`, ids),
    () => part('UNIQUE', `unique(${list.join(' COLLATE NOCASE,')} DESC)`, ids),
    () => part('PRIMARY', `PRIMARY KEY (${list.join(', ')})${pick(CONFLICTS, more)}`, ids),
    () => part('PRIMARY', `PRIMARY KEY(${list[0] ?? ''} AUTOINCREMENT)`, [one]),
    () =>
      part(
        'FOREIGN',
        `FOREIGN KEY (${list[0] ?? ''}) REFERENCES parent (code)${pick(ACTIONS, more)}${pick(DEFERS, more)}`,
        [one],
      ),
    () =>
      part(
        'FOREIGN',
        `FOREIGN KEY (${list[0] ?? ''}) REFERENCES {t.${String(more % 4)}} ({c${String(two)}})${pick(ACTIONS, more)}`,
        ids,
      ),
    () => part('CHECK', `CHECK ({t}.${list[0] ?? ''} <> '{') -- checked\n`, [one]),
  ];
  return pick(makers, kind)();
}

function objectOf(choice: readonly number[], at: number, table: TableModel): ObjectModel {
  const [kind = 0, first = 0, second = 0, more = 0] = choice;
  const { columns } = table;
  const id = pick(columns, first).id;
  const c = `{c${String(id)}.${String(more % 4)}}`;
  const plain = `{c${String(id)}}`;
  const d = `{c${String(pick(columns, second).id)}}`;
  const t = `{t.${String(more % 4)}}`;
  const name = pick(['o', 'my o', 'check'], more) + String(at);
  const n = quoted(name, 0);
  const literal = `'${table.name.replaceAll("'", "''")}'`;
  const column = columns.find((each) => each.id === id)?.name ?? '';
  const makers: readonly (() => string)[] = [
    () => `CREATE INDEX ${n} ON ${t} (${c})`,
    () => `CREATE UNIQUE INDEX ${n} ON ${t}(${c}  DESC, ${d} COLLATE NOCASE) -- why\n`,
    () => `CREATE INDEX ${n} ON ${t} (lower(${c}), ${d}) WHERE ${d} IS NOT NULL AND ${c} <> 'x)'`,
    () => `CREATE INDEX ${n} ON ${t} (length(${c} || '${column.replaceAll("'", "''")}'))`,
    () =>
      `CREATE TRIGGER ${n} AFTER UPDATE OF ${c} ON ${t} WHEN new.${plain} IS NOT old.${plain} BEGIN INSERT INTO log VALUES ('u', new.${plain}); END`,
    () => `CREATE TRIGGER ${n} AFTER DELETE ON ${t} BEGIN DELETE FROM log WHERE what = old.${plain}; END`,
    () =>
      `CREATE TRIGGER ${n} BEFORE INSERT ON ${t} FOR EACH ROW BEGIN SELECT CASE WHEN new.${plain} = 'bad' THEN RAISE(ABORT, 'x; END') END; END`,
    () => `CREATE TRIGGER ${n} AFTER INSERT ON other BEGIN UPDATE ${t} SET ${c} = ${c} WHERE 0; /* {t */ END`,
    () => `CREATE TEMP TRIGGER ${n} AFTER INSERT ON main.${t} BEGIN SELECT new.${plain}; END`,
    () => `CREATE VIEW ${n} AS SELECT * FROM ${t}`,
    () => `CREATE VIEW ${n} (x) AS SELECT z.${c} FROM ${t} AS z WHERE z.${plain} IS NOT 3`,
    () => `CREATE TEMP VIEW ${n} AS SELECT ${t}.${c} AS x FROM ${t}`,
    () =>
      `CREATE TEMP TRIGGER ${n} INSTEAD OF INSERT ON standing BEGIN DELETE FROM ${t} WHERE ${c} = new.id; END`,
    () => `CREATE VIEW ${n} AS SELECT * FROM nowhere`,
    () => `CREATE TRIGGER ${n} AFTER INSERT ON other WHEN 0 BEGIN INSERT INTO nowhere VALUES (1); END`,
    () => `CREATE TABLE ${n} (id INTEGER PRIMARY KEY, x REFERENCES ${t}${pick(ACTIONS, more)}, y DEFAULT 5)`,
    () =>
      `CREATE TABLE ${n} (x REFERENCES ${t} (${c})${pick(ACTIONS, more)}${pick(DEFERS, more)}, y /* ( */ TEXT)`,
    () => `CREATE VIRTUAL TABLE ${n} USING fts5 (${quoted(column, 0)}, content=${literal})`,
    () => `CREATE TRIGGER ${n} AFTER INSERT ON other BEGIN SELECT count(*) FROM ${t}; END`,
    () => `CREATE INDEX ${n} ON other (id)`,
    () =>
      `CREATE TRIGGER ${n} AFTER UPDATE ON ${t} BEGIN UPDATE ${t} SET ${c} = new.${plain} WHERE 0; INSERT OR IGNORE INTO ${t} (${d}) SELECT 1 WHERE 0; END`,
    () =>
      `CREATE VIRTUAL TABLE ${n} USING fts5 (${quoted(column, 0)}, content=${literal}, content_rowid=${quoted(pick(columns, second).name, 0)})`,
  ];
  const sql = pick(makers, kind)();
  return { name, sql, ...(sql.startsWith('CREATE TEMP') ? { isTemporary: true } : {}) };
}

const VALUES = [
  'NULL',
  '1',
  "'a'",
  '0',
  '42',
  '-1',
  '9007199254740993',
  '1.5',
  '-0.0',
  '9e999',
  "''",
  "'A'",
  "'007'",
  "'1e3'",
  "' 12 '",
  "'12'",
  "'a' || char(0) || 'b'",
  "CAST(x'ff41' AS TEXT)",
  "x''",
  "x'00ff'",
  "'😀'",
  '2',
  '3',
  '9223372036854775807',
  '1e15',
  "'9007199254740993'",
  '0.1 + 0.2',
  "'0x10'",
  "'it''s'",
  "'1.0'",
  "'-0'",
  "x'3132'",
  "'9223372036854775808'",
  '-9223372036854775808',
  '9007199254740992.0',
  "'1 '",
  "'x'",
  '4',
  '5',
  '-9e999',
];

export const BASE = [
  'CREATE TABLE parent (id INTEGER PRIMARY KEY, code TEXT UNIQUE)',
  "INSERT INTO parent VALUES (1, '1'), (42, 'a'), (3, '')",
  'CREATE TABLE other (id INTEGER PRIMARY KEY, p REFERENCES parent ON DELETE CASCADE)',
  'INSERT INTO other VALUES (1, 1), (2, 999)',
  'CREATE TABLE log (what, value)',
  'CREATE VIEW standing AS SELECT id FROM other',
  'CREATE TABLE seq (id INTEGER PRIMARY KEY AUTOINCREMENT)',
  'INSERT INTO seq VALUES (50)',
  'DELETE FROM seq',
];

function rowsOf(spec: SchemaSpec, table: TableModel): readonly string[] {
  const writable = table.columns.filter(({ parts }) => !parts.some(({ kind }) => kind === 'GENERATED'));
  const rowid = ['rowid', '_rowid_', 'oid'].find(
    (name) => !table.columns.some((each) => sameFold(each.name, name)),
  );
  const inserts = spec.rows.map((choices) => {
    const values = writable.map((_column, at) => pick(VALUES, choices[at + 1] ?? choices[0] ?? 0));
    const names = writable.map(({ name }) => quoted(name, 0));
    const [gap = 0] = choices;
    const hasRowid = gap % 3 === 2 && rowid !== undefined;
    return `INSERT INTO {t} (${[...(hasRowid ? [rowid] : []), ...names].join(', ')}) VALUES (${[...(hasRowid ? [String(gap * 7)] : []), ...values].join(', ')})`;
  });
  return [
    ...inserts,
    // A mark that is higher than any row.
    ...(spec.world % 3 === 1
      ? ["UPDATE sqlite_sequence SET seq = 5000 WHERE seq < 5000 AND name <> 'seq'"]
      : []),
    ...(spec.world % 5 === 1 ? ['DELETE FROM {t}'] : []),
  ].map((sql) => fill(sql, table));
}

function sameFold(one: string, other: string): boolean {
  return fold(one) === fold(other);
}

/** Builds it. What SQLite does not take is left out. */
export function build(
  db: Database,
  { table, objects, setup }: World,
  spec: SchemaSpec,
): readonly ObjectModel[] {
  db.pragma('foreign_keys = OFF');
  if (spec.world % 9 === 8) db.pragma("encoding = 'UTF-16le'");
  for (const sql of [...BASE, render(table)]) db.exec(sql);
  for (const sql of setup) attempt(db, sql);
  const there = objects.filter(({ sql }) => attempt(db, fill(sql, table)));
  for (const { name, sql } of there) fillObject(db, name, sql, table);
  if (spec.world % 4 === 1) db.exec('ANALYZE');
  turn(db, spec.pragmas);
  return there;
}

/** What an application may have set. */
function turn(db: Database, choice: number): void {
  db.pragma(`foreign_keys = ${choice % 2 === 0 ? 'ON' : 'OFF'}`);
  if (choice % 7 === 3) db.pragma('legacy_alter_table = ON');
  if (choice % 5 === 3) db.pragma('recursive_triggers = ON');
  if (choice % 11 === 3) db.pragma('ignore_check_constraints = ON');
  db.defaultSafeIntegers(choice % 6 === 3);
}

function fillObject(db: Database, name: string, sql: string, table: TableModel): void {
  const into = quoted(name, 0);
  if (sql.includes('USING fts5')) {
    attempt(db, `INSERT INTO ${into}(${into}) VALUES ('rebuild')`);
  } else if (sql.startsWith('CREATE TABLE')) {
    const id = /REFERENCES \{t[^}]*\} \(\{(c\d+)/.exec(sql)?.[1] ?? `c${String(table.columns[0]?.id ?? 0)}`;
    attempt(db, fill(`INSERT INTO ${into} (x, y) SELECT {${id}}, 'kept' FROM {t}`, table));
    attempt(db, `INSERT INTO ${into} (x, y) VALUES (NULL, 'none'), (987654, 'orphan')`);
  }
}

function attempt(db: Database, sql: string): boolean {
  try {
    db.exec(sql);
    return true;
  } catch {
    return false;
  }
}
