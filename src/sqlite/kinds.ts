import { inspect } from 'node:util';

// Nothing checks the types of a migration in TypeScript when it is run, and one in JavaScript has none.

/** What an argument may be. */
export interface Kind {
  readonly is: string;
  readonly fits: (value: unknown) => boolean;
}

export const isText = (value: unknown): value is string => typeof value === 'string';
export const TEXT: Kind = { is: 'a string', fits: isText };
/** SQL that says something: an empty condition would be an error of SQLite's, of a text that nobody wrote. */
export const SQL_TEXT: Kind = {
  is: 'SQL as a string that is not empty',
  fits: (value) => isText(value) && value.trim() !== '',
};
// SQLite takes '' for a name, too.
export const NAME: Kind = { is: 'a name', fits: isText };
export const NAMES: Kind = {
  is: "a list of names, as ['email']",
  fits: (value) => isNames(value) && value.length > 0,
};

/** What is wrong with the arguments of a call, and what would be right; undefined when nothing is. */
export function wrongIn(
  call: string,
  kinds: readonly Kind[],
  given: readonly unknown[],
): { readonly what: string; readonly hint: string } | undefined {
  const at = kinds.findIndex(({ fits }, index) => !fits(given[index]));
  if (at === -1 && given.length <= kinds.length) return undefined;
  const wrong = at === -1 ? kinds.length : at;
  return {
    what: `${call} was given ${inspect(given[wrong], { breakLength: Infinity })} as its argument ${String(wrong + 1)}`,
    hint: at === -1 ? `It takes ${String(kinds.length)}.` : `This has to be ${kinds[at]?.is ?? ''}.`,
  };
}

export function oneOf(...words: readonly string[]): Kind {
  return {
    is: words.map((word) => `'${word}'`).join(' or '),
    fits: (value) => words.includes(value as string),
  };
}

export function maybe({ is, fits }: Kind): Kind {
  return { is: `${is}, or left out`, fits: (value) => value === undefined || fits(value) };
}

export function either(...kinds: readonly Kind[]): Kind {
  return {
    is: kinds.map(({ is }) => is).join(' or '),
    fits: (value) => kinds.some(({ fits }) => fits(value)),
  };
}

/** An object that has no other fields: a misspelt one would be passed over. */
export function object(fields: Readonly<Record<string, Kind>>): Kind {
  const names = Object.keys(fields);
  return {
    is: `{ ${Object.entries(fields)
      .map(([name, { is }]) => `${name}: ${is}`)
      .join('; ')} }`,
    fits: (value) =>
      isRecord(value) &&
      Object.keys(value).every((name) => names.includes(name)) &&
      Object.entries(fields).every(([name, { fits }]) => fits(value[name])),
  };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(NAME.fits);
}
