// Control characters, those that turn the direction of writing, and line ends that only Unicode knows.
const HIDDEN = /[\p{Cc}\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu;

/** A text with whatever a terminal would obey, or would break the line, written out: `\n`, `\x1b`, `\u202e`. */
export function visible(text: string): string {
  return text.replaceAll(HIDDEN, writtenOut);
}

/** The same for a text of several lines: its line ends and tabs stay. */
export function visibleLines(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll(HIDDEN, (character) => {
    return character === '\n' || character === '\t' ? character : writtenOut(character);
  });
}

/** The same for all texts in a plain value. SQL, diffs and messages keep their lines; names have none. */
export function visibleIn<Value>(value: Value): Value {
  return shown(value, '') as Value; // of the same shape: only texts are others
}

function shown(value: unknown, key: string): unknown {
  if (typeof value === 'string') return OF_LINES.has(key) ? visibleLines(value) : visible(value);
  if (Array.isArray(value)) return value.map((each) => shown(each, key));
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, shown(each, name)]));
}

const OF_LINES: ReadonlySet<string> = new Set([
  'sql',
  'diff',
  'schema',
  'losses',
  'foreignKeys',
  'message',
  'error',
  'hint',
]);

function writtenOut(character: string): string {
  const short = SHORT[character];
  if (short !== undefined) return short;
  const code = character.charCodeAt(0).toString(16);
  return code.length > 2 ? String.raw`\u${code.padStart(4, '0')}` : String.raw`\x${code.padStart(2, '0')}`;
}

const SHORT: Readonly<Record<string, string>> = {
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
};
