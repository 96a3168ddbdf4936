import { array, nat, noBias, type Arbitrary } from 'fast-check';
import { fill, fold, type ColumnModel, type Kind, type Part, type TableModel } from './model.js';

/** A call of the builder, and what it makes of the model. */
export interface OperationModel {
  readonly method: string;
  readonly args: readonly unknown[];
}

/** What the table is to be after the calls, and what may differ in its rows. */
export interface Change {
  readonly table: TableModel;
  readonly operations: readonly OperationModel[];
  /** Columns that get another type: the same values in another form, or (allowed) any. */
  readonly retyped: ReadonlySet<number>;
  readonly lossy: ReadonlySet<number>;
  readonly dropped: ReadonlySet<number>;
  /** New columns: `typeof:hex or quote`, where that is known. */
  readonly added: ReadonlyMap<number, string | undefined>;
  /** Whether the primary key or rowids may be others. */
  readonly rekeyed: boolean;
  /** Whether texts were taken out, with comments beside them. */
  readonly cut: boolean;
}

interface Step extends Partial<Omit<Change, 'table' | 'operations'>> {
  readonly method: string;
  readonly args: readonly unknown[];
  readonly table: TableModel;
}

export const operationSpecs: Arbitrary<readonly number[][]> = array(
  array(noBias(nat(997)), { minLength: 4, maxLength: 4 }),
  { minLength: 1, maxLength: 4 },
);

const pick = <T>(from: readonly T[], at: number): T => from[at % from.length] as T;

/** @param specs plain numbers */
export function changeOf(table: TableModel, specs: readonly number[][]): Change {
  const none = new Set<number>();
  let change: Change = {
    table,
    operations: [],
    retyped: none,
    lossy: none,
    dropped: none,
    added: new Map(),
    rekeyed: false,
    cut: false,
  };
  for (const spec of specs) change = extend(change, stepOf(change.table, spec));
  return change;
}

function extend(change: Change, step: Step): Change {
  return {
    table: step.table,
    operations: [...change.operations, { method: step.method, args: step.args }],
    retyped: new Set([...change.retyped, ...(step.retyped ?? [])]),
    lossy: new Set([...change.lossy, ...(step.lossy ?? [])]),
    dropped: new Set([...change.dropped, ...(step.dropped ?? [])]),
    added: new Map([...change.added, ...(step.added ?? [])]),
    rekeyed: change.rekeyed || step.rekeyed === true,
    cut: change.cut || step.cut === true,
  };
}

const NEW_NAMES = ['n', 'a', 'new name', 'order', 'n"q', 'ROWID', 'ünew', 'Check', 'b', 'x]y', '--n', 'A'];
interface Added {
  readonly type?: string;
  readonly parts?: readonly (readonly [kind: Kind, text: string])[];
  /** What the rows that there are have in it: the type and the value. */
  readonly cell?: string;
}
const ADDED: readonly Added[] = [
  { cell: 'null:NULL' },
  {
    type: 'TEXT',
    parts: [
      ['NOT', 'NOT NULL'],
      ['DEFAULT', "DEFAULT 'x'"],
    ],
  },
  { type: 'INTEGER', parts: [['DEFAULT', 'DEFAULT (1 + 1)']], cell: 'integer:2' },
  { type: 'TEXT', parts: [['DEFAULT', 'DEFAULT CURRENT_DATE']] },
  { type: 'TEXT', parts: [['NOT', 'NOT NULL']] },
  { type: 'INTEGER', parts: [['UNIQUE', 'UNIQUE']], cell: 'null:NULL' },
  { type: 'TEXT', parts: [['CHECK', 'CHECK (1) -- why']], cell: 'null:NULL' },
  {
    type: 'TEXT /* note */',
    parts: [
      ['COLLATE', 'COLLATE NOCASE'],
      ['DEFAULT', "DEFAULT ''"],
    ],
  },
  { type: 'INTEGER', parts: [['REFERENCES', 'REFERENCES parent (id) ON DELETE CASCADE']], cell: 'null:NULL' },
  { type: 'INTEGER', parts: [['PRIMARY', 'PRIMARY KEY']] },
  { parts: [['GENERATED', 'AS (1 + 1) STORED']], cell: 'integer:2' },
  { parts: [['GENERATED', 'AS (7)']], cell: 'integer:7' },
  { type: 'TEXT, more TEXT' },
  { type: 'ANY', parts: [['DEFAULT', 'DEFAULT -5']], cell: 'integer:-5' },
  { type: 'NUMERIC(' },
  { type: 'TEXT', parts: [['DEFAULT', 'DEFAULT TRUE']] },
];
const TYPES = [
  'TEXT',
  'INTEGER',
  'REAL',
  'NUMERIC',
  'BLOB',
  'ANY',
  'VARCHAR(10)',
  'INT',
  '',
  'TEXT)',
  'TEXT NOT NULL',
];
const VALUES: readonly (readonly [value: unknown, text: string])[] = [
  ['x', "'x'"],
  [0, '0'],
  [-1.5, '-1.5'],
  [null, 'NULL'],
  ["it's", "'it''s'"],
  [{ sql: 'lower(hex(1))' }, '(lower(hex(1)))'],
  [9007199254740993n, '9007199254740993'],
  [1e21, '1e+21'],
];
const CHECK_NAMES = [undefined, 'k', 'a check', 'K', 'new'];

type Maker = (table: TableModel, column: ColumnModel, more: number, other: ColumnModel) => Step;

const MAKERS: readonly Maker[] = [
  (table, column, more) => {
    const type = pick(TYPES, more);
    const options = more % 3 === 2 ? { lossy: 'allow' } : {};
    const next = withColumn(table, column.id, { type });
    return {
      ...call('setType', [column.name, type, ...(more % 3 === 0 ? [] : [options])], next),
      [more % 3 === 2 ? 'lossy' : 'retyped']: new Set([column.id]),
      rekeyed: isKey(table, column.id),
    };
  },
  (table, _column, more) => {
    const name = pick(NEW_NAMES, Math.floor(more / 16));
    const { type = '', parts = [], cell } = pick(ADDED, more);
    const id = 100 + table.columns.length;
    const definition = [type, ...parts.map(([, text]) => text)].filter((text) => text !== '').join(' ');
    const column = {
      id,
      name,
      gap: ' ',
      style: 0,
      type,
      parts: parts.map(([kind, text]) => partOf(kind, text, [id])),
    };
    return {
      ...call('addColumn', [name, definition], { ...table, columns: [...table.columns, column] }),
      added: new Map([[id, cell]]),
    };
  },
  (table, column, more) => {
    const name = pick(NEW_NAMES, Math.floor(more / 16));
    const id = 100 + table.columns.length;
    const from = fill(
      pick(
        ['{c}', "'const'", "{c} || '!'", 'rowid', '1; DROP TABLE log', 'nothing', '(SELECT 5)'],
        more,
      ).replace('{c}', `{c${String(column.id)}}`),
      table,
    );
    const made = { id, name, gap: ' ', style: 0, type: 'TEXT', parts: [] };
    return {
      ...call('addColumn', [name, 'TEXT', { from }], { ...table, columns: [...table.columns, made] }),
      added: new Map([[id, from === "'const'" ? 'text:636f6e7374' : undefined]]),
    };
  },
  (table, column) => ({
    ...call('dropColumn', [column.name], {
      ...table,
      columns: table.columns.filter(({ id }) => id !== column.id),
    }),
    dropped: new Set([column.id]),
    cut: true,
  }),
  (table, column, more) => {
    const name = pick(NEW_NAMES, more);
    return call('renameColumn', [column.name, name], withColumn(table, column.id, { name }));
  },
  (table, column) => {
    const old = column.parts.findLast(({ kind }) => kind === 'NULL');
    if (old !== undefined)
      return call('setNotNull', [column.name], setPart(table, column, 'NULL', 'NOT NULL', 'NOT'));
    const has = column.parts.some(({ kind }) => kind === 'NOT');
    return call('setNotNull', [column.name], has ? table : setPart(table, column, 'NOT', 'NOT NULL'));
  },
  (table, column) => ({ ...call('dropNotNull', [column.name], cutPart(table, column, 'NOT')), cut: true }),
  (table, column, more) => {
    const [value, text] = pick(VALUES, more);
    return call('setDefault', [column.name, value], setPart(table, column, 'DEFAULT', `DEFAULT ${text}`));
  },
  (table, column) => ({
    ...call('dropDefault', [column.name], cutPart(table, column, 'DEFAULT')),
    cut: true,
  }),
  (table, column, more) => {
    const collation = pick(['NOCASE', 'RTRIM', 'BINARY', 'nowhere'], more);
    return call(
      'setCollate',
      [column.name, collation],
      setPart(table, column, 'COLLATE', `COLLATE "${collation}"`),
    );
  },
  (table, column) => ({
    ...call('dropCollate', [column.name], cutPart(table, column, 'COLLATE')),
    cut: true,
  }),
  (table, column, more, other) => {
    const expression = fill(
      pick([`{c${String(other.id)}} || 'x'`, '1 + 1', `{c${String(other.id)}}`], more),
      table,
    );
    const kind = pick(['STORED', 'VIRTUAL'], more);
    const lossy = more % 2 === 0 ? {} : { lossy: 'allow' };
    const template = pick([`{c${String(other.id)}} || 'x'`, '1 + 1', `{c${String(other.id)}}`], more);
    return {
      ...call(
        'setGenerated',
        [column.name, expression, { kind, ...lossy }],
        setPart(table, column, 'GENERATED', `GENERATED ALWAYS AS (${template}) ${kind}`, 'GENERATED', [
          other.id,
        ]),
      ),
      [more % 2 === 0 ? 'retyped' : 'lossy']: new Set([column.id]),
    };
  },
  (table, column) => ({
    ...call('dropGenerated', [column.name], cutPart(table, column, 'GENERATED')),
    cut: true,
  }),
  (table, column, more) => {
    const template = pick(
      [
        `{c${String(column.id)}} IS NOT 'never'`,
        `length({c${String(column.id)}}) < 3`,
        `{c${String(column.id)}} <> 1`,
        '1) CHECK (0',
      ],
      more,
    );
    const name = pick(CHECK_NAMES, Math.floor(more / 4));
    return call('addCheck', [fill(template, table), ...(name === undefined ? [] : [{ name }])], {
      ...table,
      constraints: [
        ...table.constraints,
        { ...partOf('CHECK', `CHECK (${template})`, [column.id]), ...(name === undefined ? {} : { name }) },
      ],
    });
  },
  (table, _column, more) => {
    const all = [...table.constraints, ...table.columns.flatMap(({ parts }) => parts)].filter(
      ({ kind }) => kind === 'CHECK',
    );
    if (all.length === 0) return { ...call('dropCheck', ['k'], table), cut: true };
    const check = pick(all, more);
    const key = check.name ?? { sql: fill(/\(([^]*)\)/.exec(check.text)?.[1] ?? '', table) };
    return { ...call('dropCheck', [key], withoutPart(table, firstLike(table, check))), cut: true };
  },
  (table, column, more, other) => {
    const ids = [...new Set([column.id, ...(more % 2 === 0 ? [] : [other.id])])];
    const name = pick(CHECK_NAMES, more);
    const list = ids.map((id) => `{c${String(id)}}`).join(', ');
    return call('addUnique', [namesOf(table, ids), ...(name === undefined ? [] : [{ name }])], {
      ...table,
      constraints: [
        ...table.constraints,
        { ...partOf('UNIQUE', `UNIQUE (${list})`, ids), ...(name === undefined ? {} : { name }) },
      ],
    });
  },
  (table, _column, more) => dropKey(table, 'dropUnique', ['UNIQUE'], more),
  (table, column, more) => {
    const name = pick(CHECK_NAMES, more);
    const action = pick(['CASCADE', 'SET NULL', 'RESTRICT'], more);
    const parent = pick(['parent', 'nowhere'], Math.floor(more / 7));
    const text = `FOREIGN KEY ({c${String(column.id)}}) REFERENCES "${parent}" ("id") ON DELETE ${action} DEFERRABLE INITIALLY DEFERRED`;
    const definition = {
      columns: [column.name],
      references: parent,
      to: ['id'],
      onDelete: action,
      deferrable: 'INITIALLY DEFERRED',
    };
    return call('addForeignKey', [{ ...definition, ...(name === undefined ? {} : { name }) }], {
      ...table,
      constraints: [
        ...table.constraints,
        { ...partOf('FOREIGN', text, [column.id]), ...(name === undefined ? {} : { name }) },
      ],
    });
  },
  (table, _column, more) => dropKey(table, 'dropForeignKey', ['FOREIGN', 'REFERENCES'], more),
  (table, column, more, other) => {
    const ids = [...new Set([column.id, ...(more % 3 === 0 ? [other.id] : [])])];
    const old = allParts(table).find(({ kind }) => kind === 'PRIMARY');
    if (old?.columns.join() === ids.join()) return call('setPrimaryKey', [namesOf(table, ids)], table);
    const rest = old === undefined ? table : withoutPart(table, old);
    const text = `PRIMARY KEY (${ids.map((id) => `{c${String(id)}}`).join(', ')})`;
    return {
      ...call('setPrimaryKey', [namesOf(table, ids)], {
        ...rest,
        constraints: [...rest.constraints, partOf('PRIMARY', text, ids)],
      }),
      rekeyed: true,
      cut: true,
    };
  },
  (table, _column, more) => {
    const state = pick(['on', 'off'], more);
    const old = allParts(table).find(({ kind }) => kind === 'PRIMARY');
    const text = old === undefined ? '' : autoincrement(table, old, state);
    const next = old === undefined || text === old.text ? table : replacePart(table, old, { ...old, text });
    return { ...call('setAutoincrement', [state], next), cut: state === 'off' };
  },
  (table, _column, more) => option(table, 'setStrict', 'STRICT', more),
  (table, _column, more) => option(table, 'setWithoutRowid', 'WITHOUT ROWID', more),
  (table, _column, more) => {
    const name = pick(['people', 'new table', 'Order', 'p"q', 'parent', 'USERS', 'sqlite_x', 'ünï2'], more);
    return call('renameTo', [name], { ...table, name });
  },
  (table, _column, more) => call('dropColumn', [pick(['nothing', 'users.a', '"'], more)], table),
];

function stepOf(table: TableModel, [kind = 0, first = 0, second = 0, more = 0]: readonly number[]): Step {
  // A case that was renamed away, or shrunk to nothing, has no columns to name.
  const column = pick(table.columns, first) ?? {
    id: -1,
    name: 'none',
    gap: '',
    style: 0,
    type: '',
    parts: [],
  };
  return pick(MAKERS, kind)(table, column, more, pick(table.columns, second) ?? column);
}

function call(method: string, args: readonly unknown[], table: TableModel): Step {
  return { method, args, table };
}

function partOf(kind: Kind, text: string, columns: readonly number[], gap = ' '): Part {
  return { kind, gap, text, columns };
}

function withColumn(table: TableModel, id: number, values: Partial<ColumnModel>): TableModel {
  const columns = table.columns.map((each) =>
    each.id === id ? { ...each, ...values, ...('name' in values ? { style: 0 } : {}) } : each,
  );
  return { ...table, columns };
}

function setPart(
  table: TableModel,
  column: ColumnModel,
  kind: Kind,
  text: string,
  to: Kind = kind,
  used = [column.id],
): TableModel {
  const at = column.parts.findLastIndex((part) => part.kind === kind);
  const parts =
    at === -1
      ? [...column.parts, partOf(to, text, used)]
      : column.parts.map((part, index) => (index === at ? { ...part, kind: to, text, columns: used } : part));
  return withColumn(table, column.id, { parts });
}

function cutPart(table: TableModel, column: ColumnModel, kind: Kind): TableModel {
  return column.parts.filter((each) => each.kind === kind).reduce(withoutPart, table);
}

function withoutPart(table: TableModel, part: Part): TableModel {
  return {
    ...table,
    constraints: table.constraints.filter((each) => each !== part),
    columns: table.columns.map((each) => ({ ...each, parts: each.parts.filter((one) => one !== part) })),
  };
}

function replacePart(table: TableModel, old: Part, next: Part): TableModel {
  const swap = (part: Part): Part => (part === old ? next : part);
  return {
    ...table,
    constraints: table.constraints.map(swap),
    columns: table.columns.map((each) => ({ ...each, parts: each.parts.map(swap) })),
  };
}

function allParts(table: TableModel): readonly Part[] {
  return [...table.constraints, ...table.columns.flatMap(({ parts }) => parts)];
}

// Of several with one name or one text, the first goes: those of the table come first.
function firstLike(table: TableModel, { kind, name, text }: Part): Part {
  const like = (part: Part): boolean =>
    part.kind === kind &&
    (name === undefined
      ? fill(part.text, table) === fill(text, table)
      : fold(part.name ?? '') === fold(name));
  return allParts(table).find(like) as Part;
}

function dropKey(table: TableModel, method: string, kinds: readonly Kind[], more: number): Step {
  const all = allParts(table).filter(({ kind }) => kinds.includes(kind));
  if (all.length === 0) return { ...call(method, ['nothing'], table), cut: true };
  const key = pick(all, more);
  const column = table.columns.find(({ parts }) => parts.includes(key));
  const columns =
    column === undefined ? (key.kind === 'FOREIGN' ? key.columns.slice(0, 1) : key.columns) : [column.id];
  const isSame = (part: Part): boolean => {
    if (!kinds.includes(part.kind)) return false;
    if (key.name !== undefined && more % 2 === 0) return fold(part.name ?? '') === fold(key.name);
    const own = table.columns.find(({ parts }) => parts.includes(part));
    const ids =
      own === undefined ? (part.kind === 'FOREIGN' ? part.columns.slice(0, 1) : part.columns) : [own.id];
    return ids.join() === columns.join();
  };
  const first = allParts(table).find(isSame) as Part;
  const by = key.name !== undefined && more % 2 === 0 ? key.name : namesOf(table, columns);
  return { ...call(method, [by], withoutPart(table, first)), cut: true };
}

function autoincrement(table: TableModel, part: Part, state: string): string {
  const bare = part.text.replace(/ AUTOINCREMENT/, '');
  if (state === 'off') return bare;
  if (bare !== part.text) return part.text;
  return table.constraints.includes(part) ? bare.replace(/\)/, ' AUTOINCREMENT)') : `${bare} AUTOINCREMENT`;
}

function option(table: TableModel, method: string, word: string, more: number): Step {
  const state = pick(['on', 'off'], more);
  const rest = table.options.filter((each) => each !== word);
  const next = state === 'off' ? rest : table.options.includes(word) ? table.options : [...rest, word];
  const isRowid = word !== 'STRICT' && next.length !== table.options.length;
  return {
    ...call(method, [state], { ...table, options: next }),
    retyped: new Set(table.columns.map(({ id }) => id)),
    rekeyed: isRowid,
    cut: state === 'off',
  };
}

function namesOf(table: TableModel, ids: readonly number[]): readonly string[] {
  return ids.map((id) => table.columns.find((each) => each.id === id)?.name ?? 'none');
}

function isKey(table: TableModel, id: number): boolean {
  const column = table.columns.find((each) => each.id === id);
  const own = column?.parts.some(({ kind }) => kind === 'PRIMARY') === true;
  return own || table.constraints.some(({ kind, columns }) => kind === 'PRIMARY' && columns.includes(id));
}

/** The operations as a person would write them. */
export function written(operations: readonly OperationModel[]): string {
  return operations
    .map(
      ({ method, args }) =>
        `  table.${method}(${args.map((each) => JSON.stringify(each, bigints)).join(', ')});`,
    )
    .join('\n');
}

function bigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${String(value)}n` : value;
}
