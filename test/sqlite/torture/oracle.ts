import type { Database } from '../../../src/domain/migration.js';
import {
  comments,
  fill,
  fold,
  namedIn,
  quoted,
  render,
  sameName,
  tokens,
  type ObjectModel,
  type TableModel,
} from './model.js';
import type { Change } from './operations.js';
import {
  all as rowsOf,
  type ColumnFacts,
  type Snapshot,
  type StoredObject,
  type TableDump,
} from './snapshot.js';

/** What is wrong. Nothing, for an empty list. */
export type Complaints = readonly string[];

/** Whether nothing is different. */
export function differences(before: Snapshot, after: Snapshot): Complaints {
  return Object.keys(before).flatMap((part) => {
    const [was, is] = [before, after].map((each) => JSON.stringify(each[part as keyof Snapshot], null, 1));
    return was === is ? [] : [`${part} differ: ${firstDifference(was ?? '', is ?? '')}`];
  });
}

function firstDifference(was: string, is: string): string {
  const at = Array.from(was).findIndex((letter, index) => letter !== is[index]);
  return `…${was.slice(Math.max(0, at - 80), at + 120)}… became …${is.slice(Math.max(0, at - 80), at + 120)}…`;
}

export interface Case {
  readonly table: TableModel;
  readonly objects: readonly ObjectModel[];
  readonly change: Change;
}

/** Whether an alteration did what it was told, and nothing else. */
export function complaints(subject: Case, before: Snapshot, after: Snapshot): Complaints {
  return [
    ...definition(subject, before, after),
    ...objects(subject, before, after),
    ...same('pragmas', before.pragmas, after.pragmas),
    ...noMore('broken', before.broken.map(renamed(subject)), after.broken),
    ...noMore('foreign keys', before.foreignKeys.map(renamed(subject)), after.foreignKeys),
    ...otherTables(subject, before, after),
    ...content(subject, before, after),
    ...meaning(subject, after),
    ...sequence(subject, before, after),
    ...statistics(subject, before, after),
  ];
}

// `table users: read` and `users: a row`, with the name that it has now.
function renamed({ table, change }: Case): (line: string) => string {
  return (line) =>
    line.startsWith(`table ${table.name}: `)
      ? `table ${change.table.name}: ${line.slice(`table ${table.name}: `.length)}`
      : line.startsWith(`${table.name}: `)
        ? `${change.table.name}: ${line.slice(`${table.name}: `.length)}`
        : line;
}

function same(what: string, before: unknown, after: unknown): Complaints {
  const [was, is] = [JSON.stringify(before), JSON.stringify(after)];
  return was === is ? [] : [`${what}: ${firstDifference(was, is)}`];
}

function noMore(what: string, before: readonly string[], after: readonly string[]): Complaints {
  const rest = before.map(fold);
  return after.flatMap((each) => {
    const at = rest.indexOf(fold(each));
    if (at === -1) return [`${what}: new is ${each}`];
    rest.splice(at, 1);
    return [];
  });
}

function textIn({ objects: all }: Snapshot, { name }: TableModel): string | undefined {
  const own = all.find((each) => each.schema === 'main' && each.type === 'table' && each.name === name);
  return own?.sql ?? undefined;
}

function definition({ table, change }: Case, before: Snapshot, after: Snapshot): Complaints {
  const is = textIn(after, change.table);
  if (is === undefined) return [`the table ${change.table.name} is not there`];
  const expected = unqualified(render(change.table), change.table);
  const found = unqualified(is, change.table);
  const lost = comments(textIn(before, table) ?? '').filter((each) => !comments(is).includes(each));
  return [
    ...(JSON.stringify(expected) === JSON.stringify(found)
      ? []
      : [`the definition is\n    ${is}\n  and should have the tokens of\n    ${render(change.table)}`]),
    ...(lost.length > 0 && !change.cut ? [`comments are lost: ${lost.join('; ')}\n  in ${is}`] : []),
  ];
}

// No new table can have CHECK (users.age > 0) before it is users: a rebuild writes CHECK (age > 0).
function unqualified(sql: string, { name }: TableModel): readonly string[] {
  const found = tokens(sql);
  const isQualifier = (at: number): boolean => at > 2 && found[at] === fold(name) && found[at + 1] === '.';
  return found.filter((_token, at) => !isQualifier(at) && !isQualifier(at - 1));
}

function isOwn(table: TableModel, { schema, type, name }: StoredObject): boolean {
  return schema === 'main' && type === 'table' && sameName(name, table.name);
}

function isNamed({ sql, name }: StoredObject): boolean {
  return sql !== null && name !== 'sqlite_sequence' && !name.startsWith('sqlite_stat');
}

function keyOf({ schema, type, name }: StoredObject): string {
  return `${schema} ${type} ${name}`;
}

function orderOf(list: readonly StoredObject[], of: TableModel): string {
  const own = list.filter(({ table: on, schema }) => sameName(on, of.name) && schema === 'main');
  return own.map(keyOf).join(', ');
}

function objects(subject: Case, before: Snapshot, after: Snapshot): Complaints {
  const { table, change } = subject;
  const was = before.objects.filter((each) => isNamed(each) && !isOwn(table, each));
  const is = after.objects.filter((each) => isNamed(each) && !isOwn(change.table, each));
  const extra = is.filter((each) => !was.some((one) => keyOf(one) === keyOf(each)));
  return [
    ...extra.map((each) => `there is a new ${keyOf(each)}`),
    ...was.flatMap((each) =>
      objectComplaints(
        subject,
        each,
        is.find((one) => keyOf(one) === keyOf(each)),
      ),
    ),
    ...same('the order of indexes and triggers', orderOf(was, table), orderOf(is, change.table)),
    // What was broken before may stay so.
    ...(before.broken.length > 0 ? [] : subject.objects)
      .filter(({ sql }) => namedIn(sql).some((id) => change.dropped.has(id)))
      .map(({ name }) => `${name} names a column that was dropped`),
  ];
}

// As SQLite stores it.
function bare(sql: string): string {
  return tokens(sql)
    .join(' ')
    .replace(/^create temp /, 'create ')
    .replace(/ main \. /, ' ');
}

function objectComplaints(subject: Case, was: StoredObject, is: StoredObject | undefined): Complaints {
  const what = `${was.type} ${was.name}`;
  if (is === undefined) return [`${what} is gone`];
  const [old, expected] = textsOf(subject, was.name);
  const [found, wanted] = [is.sql ?? '', old === expected ? (was.sql ?? '') : expected];
  const isSame = old === expected ? wanted === found : bare(found) === bare(wanted);
  return isSame ? [] : [`${what} is\n    ${found}\n  and should be\n    ${wanted}`];
}

// As it was written, and with the names as they are now. What names a dropped column is complained of elsewhere.
function textsOf(
  { table, objects: models, change }: Case,
  name: string,
): readonly [old: string, now: string] {
  const gone = table.columns.filter(({ id }) => change.dropped.has(id));
  const template = models.find((each) => each.name === name)?.sql ?? '';
  const now = { ...change.table, columns: [...change.table.columns, ...gone] };
  return [fill(template, table), fill(template, now)];
}

// An index of words is made anew where a rebuild changes the words; whether it fits is asked of FTS5 itself.
function otherTables(
  { table, objects: models, change }: Case,
  before: Snapshot,
  after: Snapshot,
): Complaints {
  const indexes =
    softColumns(change).size === 0 ? [] : models.filter(({ sql }) => sql.includes('USING fts5'));
  const isElsewhere = (key: string, own: TableModel): boolean =>
    key !== `main.${own.name}` &&
    !/^main\.sqlite_(?:stat|sequence)/.test(key) &&
    !indexes.some(({ name }) => key.startsWith(`main.${name}_`));
  const rest = ({ tables }: Snapshot, own: TableModel): unknown =>
    Object.fromEntries(Object.entries(tables).filter(([key]) => isElsewhere(key, own)));
  return same('other tables', rest(before, table), rest(after, change.table));
}

type Wanted = (facts: ColumnFacts, args: readonly unknown[]) => boolean;

// What SQLite is to make of a column after an operation, whatever its text is.
const WANTED: Readonly<Record<string, Wanted>> = {
  setNotNull: ({ notnull }) => notnull === 1,
  dropNotNull: ({ notnull, pk }) => notnull === 0 || pk > 0,
  dropDefault: ({ dflt_value: value }) => value === null,
  setDefault: ({ dflt_value: value }) => value !== null,
  setGenerated: ({ hidden }) => hidden > 1,
  dropGenerated: ({ hidden }) => hidden === 0,
  setType: ({ type }, [, wanted]) => tokens(type).join() === tokens(String(wanted)).join(),
  addColumn: () => true,
};

function meaning({ change }: Case, after: Snapshot): Complaints {
  const last = change.operations.at(-1);
  const dump = after.tables[`main.${change.table.name}`];
  const wanted = WANTED[last?.method ?? ''];
  if (last === undefined || wanted === undefined) return [];
  const facts = dump?.facts.find(({ name }) => sameName(name, String(last.args[0])));
  if (facts === undefined) return [`${last.method}: there is no column ${String(last.args[0])}`];
  return wanted(facts, last.args)
    ? []
    : [`${last.method}: SQLite makes this of it: ${JSON.stringify(facts)}`];
}

function idOf({ columns }: TableModel, column: string | undefined): number | undefined {
  return columns.find(({ name }) => name === column)?.id;
}

function content({ table, change }: Case, before: Snapshot, after: Snapshot): Complaints {
  const was = before.tables[`main.${table.name}`];
  const is = after.tables[`main.${change.table.name}`];
  if (was === undefined || is === undefined) return ['the rows cannot be read'];
  if (was.rows.length !== is.rows.length)
    return [`of ${String(was.rows.length)} rows there are ${String(is.rows.length)}`];
  const isPaired =
    was.rowid &&
    is.rowid &&
    (is.alias === undefined || idOf(table, was.alias) === idOf(change.table, is.alias));
  const soft = softColumns(change);
  const kept = table.columns.filter(
    ({ id }) => change.table.columns.some((each) => each.id === id) && !soft.has(id),
  );
  const read = (dump: TableDump, of: TableModel): readonly string[] =>
    dump.rows.map((row) =>
      [...(isPaired ? [row[0] ?? ''] : []), ...kept.map(({ id }) => cellOf(dump, of, row, id))].join(' | '),
    );
  const [old, now] = [read(was, table), read(is, change.table)].map((rows) =>
    isPaired ? rows : rows.toSorted(),
  );
  return [
    ...same('rows', old, now),
    ...(isPaired ? retyped(change, table, was, is, soft) : []),
    ...[...change.added].flatMap(([id, cell]) => addedComplaints(change, is, id, cell)),
  ];
}

function cellOf(dump: TableDump, of: TableModel, row: readonly string[], id: number): string {
  const name = of.columns.find((each) => each.id === id)?.name ?? '';
  return row[dump.columns.findIndex((each) => each === name) + (dump.rowid ? 1 : 0)] ?? 'nothing';
}

// Columns whose values may be in another form, or others altogether: what was retyped, and what is computed from that.
function softColumns(change: Change): ReadonlySet<number> {
  const soft = new Set([...change.retyped, ...change.lossy]);
  for (let size = -1; size !== soft.size;) {
    size = soft.size;
    for (const { id, parts } of change.table.columns)
      if (parts.some(({ kind, columns }) => kind === 'GENERATED' && columns.some((each) => soft.has(each))))
        soft.add(id);
  }
  return soft;
}

function retyped(
  change: Change,
  table: TableModel,
  was: TableDump,
  is: TableDump,
  soft: ReadonlySet<number>,
): Complaints {
  const ids = [...soft].filter(
    (id) =>
      change.retyped.has(id) &&
      !change.lossy.has(id) &&
      !isComputed(change.table, id) &&
      isIn(table, id) &&
      isIn(change.table, id),
  );
  return ids.flatMap((id) =>
    was.rows.flatMap((row, at) => {
      const old = cellOf(was, table, row, id);
      const now = cellOf(is, change.table, is.rows[at] ?? [], id);
      return isAsGood(old, now) ? [] : [`row ${row[0] ?? ''}: ${old} became ${now}`];
    }),
  );
}

// From columns that may change.
function isComputed({ columns }: TableModel, id: number): boolean {
  return columns.some((each) => each.id === id && each.parts.some(({ kind }) => kind === 'GENERATED'));
}

function isIn({ columns }: TableModel, id: number): boolean {
  return columns.some((each) => each.id === id);
}

/** Whether a value is the same, or the same number, or the number that a text says. */
function isAsGood(old: string, now: string): boolean {
  if (old === now) return true;
  if (old.startsWith('text:') && now.startsWith('text:')) return false;
  const [was, is] = [numberIn(old), numberIn(now)];
  return was !== undefined && was === is;
}

// Without the NULs of UTF-16.
function numberIn(cell: string): string | undefined {
  const [type, value] = split(cell);
  if (type === 'integer' || type === 'real') return exact(value);
  const bytes = Buffer.from(value, 'hex').filter((byte) => byte !== 0);
  return type === 'text' ? exact(Buffer.from(bytes).toString('latin1')) : undefined;
}

function split(cell: string): readonly [type: string, text: string] {
  const at = cell.indexOf(':');
  return [cell.slice(0, at), cell.slice(at + 1)];
}

// 9007199254740993 is not 9007199254740992.0.
function exact(text: string): string {
  if (/^-?\d+$/.test(text)) return String(BigInt(text));
  if (/^-?9\.0e\+?999$|^-?Inf$/i.test(text)) return text.startsWith('-') ? '-inf' : 'inf';
  const number = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isInteger(number) ? String(BigInt(number)) : String(number);
}

// Later operations of the same call may be about the new column.
function addedComplaints(
  { table, operations }: Change,
  is: TableDump,
  id: number,
  cell: string | undefined,
): Complaints {
  if (cell === undefined || operations.length > 1) return [];
  const wrong = is.rows
    .map((row) => cellOf(is, table, row, id))
    .filter((each) => each.replaceAll('00', '') !== cell); // as in UTF-16
  return wrong.length === 0 ? [] : [`a new column holds ${wrong[0] ?? ''} for ${cell}`];
}

function marks({ tables }: Snapshot): readonly string[] {
  return (tables['main.sqlite_sequence']?.rows ?? []).map((row) => row.join(' = '));
}

function markOf({ name }: TableModel): string {
  return `text:${Buffer.from(name).toString('hex')} = `;
}

function sequence({ table, change }: Case, before: Snapshot, after: Snapshot): Complaints {
  const isUtf16 = before.pragmas['encoding'] !== 'UTF-8';
  if (isUtf16) return [];
  const isKept =
    change.table.columns.some(({ parts }) => parts.some(({ text }) => /AUTOINCREMENT/.test(text))) ||
    change.table.constraints.some(({ text }) => /AUTOINCREMENT/.test(text));
  const was = marks(before).filter((mark) => isKept || !mark.startsWith(markOf(table)));
  const expected = was.map((mark) =>
    mark.startsWith(markOf(table)) ? markOf(change.table) + mark.slice(markOf(table).length) : mark,
  );
  const hadMark = was.some((mark) => mark.startsWith(markOf(table)));
  const found = marks(after).filter((mark) => hadMark || !mark.startsWith(markOf(change.table)));
  return same('marks of AUTOINCREMENT', expected.toSorted(), found.toSorted());
}

function statisticsIn({ tables, pragmas }: Snapshot): readonly (readonly [string, string, string])[] {
  const found = tables['main.sqlite_stat1']?.rows ?? [];
  return found.map(([tbl, idx, stat]) => [textOf(tbl, pragmas), textOf(idx, pragmas), textOf(stat, pragmas)]);
}

function statistics({ table, objects: models, change }: Case, before: Snapshot, after: Snapshot): Complaints {
  const [was, is] = [statisticsIn(before), statisticsIn(after)];
  const touched = new Set([...softColumns(change), ...change.dropped, ...reordered(table, change.table)]);
  const known = new Set(
    after.objects.flatMap(({ name, type }) => (type === 'table' || type === 'index' ? [fold(name)] : [])),
  );
  const unknown = is.filter(([tbl, idx]) => !known.has(fold(tbl)) || (idx !== '' && !known.has(fold(idx))));
  const kept = was.filter(([tbl, idx]) => {
    if (!sameName(tbl, table.name)) return true;
    const model = models.find(({ name }) => name === idx);
    return model !== undefined && !namedIn(model.sql).some((id) => touched.has(id));
  });
  const lost = kept
    .map(([tbl, idx, stat]) => [sameName(tbl, table.name) ? change.table.name : tbl, idx, stat].join(' | '))
    .filter((each) => !is.some((one) => one.join(' | ') === each));
  return [
    ...unknown.map((each) => `statistics of what is not there: ${each.join(' | ')}`),
    ...lost.map((each) => `statistics are lost: ${each}`),
  ];
}

function textOf(cell: string | undefined, pragmas: Snapshot['pragmas']): string {
  const [, hex = ''] = /^text:(.*)$/.exec(cell ?? '') ?? [];
  return Buffer.from(hex, 'hex').toString(pragmas['encoding'] === 'UTF-8' ? 'utf8' : 'utf16le');
}

function orderingOf({ columns }: TableModel, id: number): string {
  const parts = columns
    .find((each) => each.id === id)
    ?.parts.filter(({ kind }) => kind === 'COLLATE' || kind === 'GENERATED');
  return parts?.map(({ text }) => text).join() ?? '';
}

// Columns whose values may stand in another order, or be computed otherwise.
function reordered(old: TableModel, now: TableModel): readonly number[] {
  return old.columns.map(({ id }) => id).filter((id) => orderingOf(old, id) !== orderingOf(now, id));
}

/** The full-text tables whose index is not that of their content. */
export function desynced(db: Database): readonly string[] {
  const found = rowsOf<{ name: string; sql: string }>(
    db,
    "SELECT name, sql FROM main.sqlite_schema WHERE sql LIKE '%USING fts5%'",
  );
  return found
    .filter(({ sql }) => canFit(db, sql))
    .map(({ name }) => name)
    .filter((name) => {
      db.exec('SAVEPOINT look');
      try {
        db.exec(`INSERT INTO ${quoted(name, 0)}(${quoted(name, 0)}, rank) VALUES ('integrity-check', 1)`);
        return false;
      } catch {
        return true;
      } finally {
        db.exec('ROLLBACK TO look; RELEASE look');
      }
    });
}

// A column named rowid, of which several rows have the same, is what they would all be found by.
function canFit(db: Database, sql: string): boolean {
  const table = /content='((?:[^']|'')*)'/.exec(sql)?.[1]?.replaceAll("''", "'");
  if (table === undefined) return true;
  try {
    const shared = `SELECT 1 FROM ${quoted(table, 0)} GROUP BY rowid HAVING count(*) > 1 OR rowid IS NULL`;
    return rowsOf(db, shared).length === 0;
  } catch {
    return true; // a table without rowids, of which nothing is ever found
  }
}

export function integrity(db: Database): readonly string[] {
  return rowsOf<{ integrity_check: string }>(db, 'PRAGMA integrity_check').map(
    (each) => each.integrity_check,
  );
}
