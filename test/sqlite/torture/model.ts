// What a generated table is, in pieces whose names are still to be filled in: `{t}` is the table, `{c3}` the column with
// the id 3, `{c3.1}` the same in the quotes of style 1. So a rename is known to change these places, and no others.

export type Kind =
  | 'PRIMARY'
  | 'NOT'
  | 'NULL'
  | 'UNIQUE'
  | 'CHECK'
  | 'DEFAULT'
  | 'COLLATE'
  | 'REFERENCES'
  | 'FOREIGN'
  | 'GENERATED';

/** A constraint: white space and comments, `CONSTRAINT name`, and the rest. */
export interface Part {
  readonly kind: Kind;
  readonly gap: string;
  readonly name?: string;
  readonly text: string;
  /** The columns of a key, in order; of a CHECK or expression, those it names. */
  readonly columns: readonly number[];
}

export interface ColumnModel {
  readonly id: number;
  readonly name: string;
  readonly gap: string;
  readonly style: number;
  readonly type: string;
  readonly parts: readonly Part[];
}

export interface TableModel {
  readonly name: string;
  readonly style: number;
  readonly columns: readonly ColumnModel[];
  readonly constraints: readonly Part[];
  readonly options: readonly string[];
  readonly end: string;
}

/** Anything else of the database. The text of an object that no rename touches stays the same, byte for byte. */
export interface ObjectModel {
  readonly name: string;
  readonly sql: string;
  readonly isTemporary?: boolean;
}

export function render(table: TableModel): string {
  const items = [
    ...table.columns.map(
      (column) =>
        `${column.gap}{c${String(column.id)}.${String(column.style)}}${column.type === '' ? '' : ` ${column.type}`}${column.parts.map(partText).join('')}`,
    ),
    ...table.constraints.map(partText),
  ];
  return fill(
    `CREATE TABLE {t.${String(table.style)}}(${items.join(',')}${table.end})${table.options.length === 0 ? '' : ` ${table.options.join(', ')}`}`,
    table,
  );
}

function partText({ gap, name, text }: Part): string {
  return `${gap}${name === undefined ? '' : `CONSTRAINT ${quoted(name, 0)} `}${text}`;
}

/** A text with the names as they are now. */
export function fill(template: string, table: TableModel): string {
  return template.replaceAll(/\{(?:t|c(\d+))(?:\.(\d))?\}/g, (_all, id?: string, style?: string) => {
    const name = id === undefined ? table.name : table.columns.find((each) => each.id === Number(id))?.name;
    return quoted(name ?? `gone_${id ?? ''}`, Number(style ?? '0'));
  });
}

/** A name in one of the quotes that SQLite reads, where the name allows it. */
export function quoted(name: string, style: number): string {
  if (style === 1 && !name.includes(']') && name !== '') return `[${name}]`;
  if (style === 2) return `\`${name.replaceAll('`', '``')}\``;
  if (style === 3 && BARE.test(name)) return name;
  return `"${name.replaceAll('"', '""')}"`;
}

const BARE = /^(?:[a-e]|id|users|T2|rowid|oid|_rowid_|ünï|new|old|generated|always|strict)$/;

/** The columns that a template names. */
export function namedIn(template: string): readonly number[] {
  return Array.from(template.matchAll(/\{c(\d+)/g), ([, id]) => Number(id));
}

/** Tokens of SQL, comparable: words in lower case, names without quotes. By the lexical grammar alone. */
export function tokens(sql: string): readonly string[] {
  return Array.from(sql.matchAll(TOKEN), ([text]) => text)
    .filter((text) => !/^(?:--|\/\*|\s)/.test(text))
    .map((text) => {
      const quote = text.charAt(0);
      if (quote === '[') return text.slice(1, -1).toLowerCase();
      if (quote === '"' || quote === '`')
        return text
          .slice(1, -1)
          .replaceAll(quote + quote, quote)
          .toLowerCase();
      return quote === "'" ? text : text.toLowerCase();
    });
}

const TOKEN =
  /--[^\n]*|\/\*[^]*?(?:\*\/|$)|\s+|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|[\p{L}\p{N}\p{S}_$\u0080-\u{10FFFF}]+|./gu;

export function comments(sql: string): readonly string[] {
  return Array.from(sql.matchAll(TOKEN), ([text]) => text).filter((text) => /^(?:--|\/\*)/.test(text));
}

export function sameName(one: string, other: string): boolean {
  return fold(one) === fold(other);
}

export function fold(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}
