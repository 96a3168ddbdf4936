import { foldName, isWord, nameOf, tokensOf } from './tokens.js';

/** What is done to rows. */
export type RowEvent = 'INSERT' | 'UPDATE' | 'DELETE';

/**
 * Whether a trigger is for one of these events.
 * @param sql its text
 * @param columns folded: all that an UPDATE sets, where that is known. A trigger `UPDATE OF` others does not fire.
 */
export function firesOn(sql: string, events: readonly RowEvent[], columns?: ReadonlySet<string>): boolean {
  const tokens = tokensOf(sql);
  // None of these words can be the name of a trigger without quotes.
  const at = tokens.findIndex((token) => isWord(token, 'INSERT', 'UPDATE', 'DELETE'));
  if (!isWord(tokens[at], ...events)) return false;
  if (columns === undefined || !isWord(tokens[at + 1], 'OF')) return true;
  const end = tokens.findIndex((token, index) => index > at && isWord(token, 'ON'));
  return tokens.slice(at + 2, end).some((token) => columns.has(foldName(nameOf(token) ?? '')));
}
