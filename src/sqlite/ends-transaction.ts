import { isWord, statementsOf, type Token } from './tokens.js';

/** Whether one of the statements of a text ends the transaction: END within a CASE or a trigger does not. */
export function endsTransaction(sql: string): boolean {
  return MAY_END.test(sql) && [...statementsOf(sql)].some(isEnd);
}

// ROLLBACK [TRANSACTION] TO goes back to a savepoint, and ends nothing. https://sqlite.org/lang_transaction.html
function isEnd([first, ...rest]: readonly Token[]): boolean {
  if (isWord(first, 'ROLLBACK')) return !rest.slice(0, 2).some((token) => isWord(token, 'TO'));
  return isWord(first, 'COMMIT', 'END');
}

const MAY_END = /\b(?:commit|end|rollback)\b/i;
