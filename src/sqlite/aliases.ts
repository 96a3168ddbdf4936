import { foldName, isWord, nameOf, tokensOf, type Token } from './tokens.js';

/** The table that a statement calls by another name, as in `FROM orders AS o`; the name itself where it is none. */
export function tableBehind(sql: string, name: string): string {
  const plain = name.replace(/^main\./i, '');
  const tokens = tokensOf(sql);
  const at = tokens.findIndex(
    (token, index) => isCalled(token, plain) && tableBefore(tokens, index) !== undefined,
  );
  return tableBefore(tokens, at) ?? plain;
}

function isCalled(token: Token, name: string): boolean {
  return foldName(nameOf(token) ?? '') === foldName(name);
}

// FROM orders o, JOIN orders AS o, UPDATE orders AS o, or after a comma in such a list.
function tableBefore(tokens: readonly Token[], alias: number): string | undefined {
  const at = isWord(tokens[alias - 1], 'AS') ? alias - 2 : alias - 1;
  const before = tokens[at - 1];
  if (!isWord(before, 'FROM', 'JOIN', 'UPDATE', 'INTO') && before?.text !== ',') return undefined;
  return nameOf(tokens[at]);
}
