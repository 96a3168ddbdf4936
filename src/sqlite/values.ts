/** Longer values are cut: they are to be looked at, not to be run. */
const LONGEST = 200;

/** What is bound to a statement, as SQL literals: `1, 'a', X'00'`; by name, `id = 1, name = 'a'`. */
export function valuesText(values: readonly unknown[]): string {
  try {
    return values.flatMap(argumentTexts).join(', ');
  } catch {
    return '?'; // a getter threw: what that means for the statement is not for this to say
  }
}

// As better-sqlite3 binds: an array is its elements, a plain object its names, all else a value.
function argumentTexts(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.map(literal);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return [literal(value)];
  return Object.entries(value).map(([name, each]) => `${name} = ${literal(each)}`);
}

function literal(value: unknown): string {
  if (typeof value === 'string') return textLiteral(value);
  if (typeof value === 'number') return numberLiteral(value);
  if (typeof value === 'bigint') return String(value);
  if (ArrayBuffer.isView(value)) return blobLiteral(value);
  return value === null || value === undefined ? 'NULL' : '?'; // SQLite cannot take anything else
}

function textLiteral(text: string): string {
  const quoted = `'${text.slice(0, LONGEST).replaceAll("'", "''")}`;
  return text.length > LONGEST ? `${quoted}…'` : `${quoted}'`;
}

// NaN is bound as NULL. https://sqlite.org/floatingpoint.html
function numberLiteral(value: number): string {
  if (Number.isNaN(value)) return 'NULL';
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0.0' : String(value);
  return value > 0 ? '9e999' : '-9e999';
}

function blobLiteral({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  const bytes = new Uint8Array(buffer, byteOffset, Math.min(byteLength, LONGEST / 2));
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join('');
  return byteLength > bytes.length ? `X'${digits}…'` : `X'${digits}'`;
}
