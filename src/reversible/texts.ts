import type { Database } from '../domain/migration.js';
import { redefine } from '../sqlite/redefine.js';
import { rows } from '../sqlite/table-state.js';
import { foldName, quoteName } from '../sqlite/tokens.js';
import type { Work } from './operation.js';

/** The text of something in the schema. */
export interface Text {
  readonly type: string;
  readonly name: string;
  readonly table: string;
  readonly sql: string;
}

/** What SQLite has written anew where a rename went through the schema. */
export interface ChangedText {
  readonly before: Text;
  readonly after: Text;
}

/** All texts of the schema but SQLite's and Decant's own, in the order in which things were made. */
export function textsOf(db: Database): readonly Text[] {
  return rows<Text>(
    db,
    `SELECT type, name, tbl_name AS "table", sql FROM main.sqlite_schema
     WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_decant_*' ORDER BY rowid`,
  );
}

/** @param renamed the table that was renamed, if one was */
export function changedTexts(
  before: readonly Text[],
  after: readonly Text[],
  renamed: { readonly from: string; readonly to: string } = { from: '', to: '' },
): readonly ChangedText[] {
  const now = new Map(after.map((text) => [keyOf(text), text]));
  const nameNow = ({ type, name }: Text): string =>
    type === 'table' && foldName(name) === foldName(renamed.from) ? renamed.to : name;
  return before.flatMap((text) => {
    const found = now.get(keyOf({ type: text.type, name: nameNow(text) }));
    return found === undefined || found.sql === text.sql ? [] : [{ before: text, after: found }];
  });
}

function keyOf({ type, name }: Pick<Text, 'type' | 'name'>): string {
  return `${type} ${foldName(name)}`;
}

/**
 * Makes texts what they were to the letter, but for what somebody has changed since. SQLite itself puts the new name
 * into what names it, in quotes of its own.
 * @param then the texts as they were before the way back began
 */
export function putBackTexts(work: Work, texts: readonly ChangedText[], then: readonly Text[]): void {
  const { connection, db } = work;
  const known = new Map(then.map((text) => [keyOf(text), text.sql]));
  const untouched = texts
    .filter(({ after }) => known.get(keyOf(after)) === after.sql)
    .map(({ before }) => before);
  const now = (): ReadonlyMap<string, Text> =>
    new Map(textsOf(connection).map((text) => [keyOf(text), text]));
  const isOther = (text: Text): boolean => now().get(keyOf(text))?.sql !== text.sql;
  for (const text of untouched.filter(({ type }) => type === 'table'))
    if (isOther(text)) redefine(db, text.name, { sql: text.sql });
  const others = untouched.filter(({ type }) => type !== 'table').filter(isOther);
  remake(connection, others);
}

// With all that hangs on a view, and all other triggers of a table, so that these fire in the order in which they did.
function remake(db: Database, texts: readonly Text[]): void {
  const wanted = new Map(texts.map((text) => [keyOf(text), text]));
  const owners = new Set(texts.map(ownerOf));
  const all = textsOf(db).filter(
    (text) => wanted.has(keyOf(text)) || (text.type === 'trigger' && owners.has(foldName(text.table))),
  );
  for (const { type, name } of all.toReversed())
    db.exec(`DROP ${type.toUpperCase()} IF EXISTS main.${quoteName(name)}`);
  for (const text of all) db.exec((wanted.get(keyOf(text)) ?? text).sql);
}

function ownerOf({ type, name, table }: Text): string {
  if (type === 'index') return '';
  return foldName(type === 'view' ? name : table);
}
