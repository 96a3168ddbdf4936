/** What is known of a column that is to be filled. */
export interface SeedColumn {
  readonly name: string;
  /** As it is declared. */
  readonly type: string;
  readonly isNullable: boolean;
  /** Whether it is the rowid, which numbers itself. */
  readonly isRowid: boolean;
  /** Values as SQL that its CHECKs speak of. */
  readonly hints: readonly string[];
}

/** Values that are hard to keep, as SQL: those of the column's type, NULL where it may be, and what its CHECKs name. */
export function awkwardValues({ name, type, isNullable, isRowid, hints }: SeedColumn): readonly string[] {
  if (isRowid) return ROWIDS;
  const nothing = isNullable ? ['NULL'] : [];
  return [...nothing, ...hints, ...valuesOf(type, name).values];
}

/**
 * What to try where those were not taken, as SQL: by turns what a CHECK names, a plain value, and an awkward one.
 * @param number from 0, another value for each
 */
export function fallbackValue(column: SeedColumn, number: number): string {
  if (column.isRowid) return 'NULL';
  const { hints } = column;
  const plain = valuesOf(column.type, column.name).plain(number);
  const turn = Math.floor(number / 2);
  if (number % 2 === 0 && hints.length > 0) return hints[turn % hints.length] ?? plain;
  const awkward = awkwardValues(column);
  return turn % 2 === 0 ? plain : (awkward[Math.floor(turn / 2) % awkward.length] ?? plain);
}

interface Values {
  readonly values: readonly string[];
  readonly plain: (number: number) => string;
}

// By the rules of https://sqlite.org/datatype3.html#determination_of_column_affinity, after what people mean by a name.
function valuesOf(type: string, name: string): Values {
  return (
    KINDS.find(
      ({ types, names }) => types.test(type) || (names?.test(name) === true && TEXTUAL.test(type)),
    ) ?? NUMERIC
  );
}

const TEXTUAL = /char|clob|text/i;

// Not the greatest there is: after it AUTOINCREMENT would have no number left.
const ROWIDS = ['NULL', '9007199254740993', '-7', 'NULL', '0', '4294967296', 'NULL'];

const TEXTS = [
  `''`,
  `'it''s "quoted"; -- and /* more'`,
  `CAST(X'ff41' AS TEXT)`, // not UTF-8
  `'Zürich 東京 🎉 e' || char(769)`,
  `replace(printf('%.4000c', 'x'), 'xx', 'long ')`,
  `CAST(X'610062' AS TEXT)`, // a NUL within
  `'007'`,
  `' 1e3 '`,
  `'blank '`,
  `'{"a": [1, null, "é"]}'`,
  `'line' || char(13, 10) || 'line'`,
];
const INTEGERS = ['0', '9007199254740993', '-1', '9223372036854775807', '-9223372036854775808', '1', '42'];
const REALS = ['0.1', '1e308', '-0.0', '5e-324', '-1e308', '3.0', '9007199254740993.0'];
const BLOBS = [`X''`, `X'00'`, `X'00ff00'`, `X'ff'`, 'zeroblob(1000)', `X'7b7d'`];

/** Texts that are JSON. */
export const JSONS = [
  `'{}'`,
  `'[]'`,
  `'{"a": [1, null, "é\\u0000"]}'`,
  `'null'`,
  `'9007199254740993'`,
  `'"text"'`,
  `'{"a": 1e308}'`,
];

/** Texts that are dates, or times, and some that only look it. */
export const DATES = [
  `'2024-02-29'`,
  `'1970-01-01 00:00:00'`,
  `'9999-12-31T23:59:59.999Z'`,
  `'0000-01-01'`,
  `'2024-12-31 23:59:60'`,
];

const NUMERIC: Values = {
  values: ['0', '1.5', '9007199254740993', '-1', '1e308', '9223372036854775807'],
  plain: (number) => String(number + 1),
};

const KINDS: readonly (Values & { readonly types: RegExp; readonly names?: RegExp })[] = [
  {
    types: /json/i,
    names: /json|metadata|payload/i,
    values: JSONS,
    plain: (number) => `'{"seed": ${number}}'`,
  },
  {
    types: /date|time/i,
    names: /(?:_at|_on|date|time)$/i,
    values: DATES,
    plain: (number) => `datetime('2001-01-01', '+${number} hours')`,
  },
  { types: /bool/i, values: ['0', '1'], plain: (number) => String(number % 2) },
  { types: /int/i, values: INTEGERS, plain: (number) => String(number + 1) },
  { types: TEXTUAL, values: TEXTS, plain: (number) => `'seed ${number}'` },
  {
    types: /^$|^any$/i,
    values: [
      `'007'`,
      '9007199254740993',
      '-0.0',
      `X'00ff'`,
      `CAST(X'ff41' AS TEXT)`,
      '7',
      '7.0',
      `'7'`,
      `''`,
    ],
    plain: (number) => String(number + 1),
  },
  { types: /blob/i, values: BLOBS, plain: (number) => `CAST('seed ${number}' AS BLOB)` },
  { types: /real|floa|doub/i, values: REALS, plain: (number) => `${number}.5` },
];
