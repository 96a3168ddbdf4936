import { isWord, statementsOf, type Token } from './tokens.js';

/** Whether one of the statements of a text attaches another database, which is more than one in memory. */
export function attachesFile(sql: string): boolean {
  return MAY_ATTACH.test(sql) && [...statementsOf(sql)].some(attaches);
}

// ATTACH [DATABASE] expression AS name. An empty name is a temporary database. https://sqlite.org/lang_attach.html
function attaches([first, ...rest]: readonly Token[]): boolean {
  if (!isWord(first, 'ATTACH')) return false;
  const [file, as] = isWord(rest[0], 'DATABASE') ? rest.slice(1) : rest;
  return !(isWord(as, 'AS') && PRIVATE.test(file?.text ?? ''));
}

const PRIVATE = /^'(?::memory:)?'$/;
const MAY_ATTACH = /\battach\b/i;
