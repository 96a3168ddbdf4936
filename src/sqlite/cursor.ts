import { isWord, type Token } from './tokens.js';

/** Goes through tokens. */
export class Cursor {
  at = 0;

  constructor(readonly tokens: readonly Token[]) {}

  get token(): Token | undefined {
    return this.tokens[this.at];
  }

  get text(): string | undefined {
    return this.token?.text;
  }

  /** Whether an item of the list ends here. */
  get isEnd(): boolean {
    return this.text === undefined || this.text === ',' || this.text === ')';
  }

  to(at: number): void {
    this.at = at;
  }

  /** The token that is here; goes past it. */
  next(): Token | undefined {
    return this.tokens[this.at++];
  }

  is(...words: readonly string[]): boolean {
    return isWord(this.token, ...words);
  }

  /** Goes past the token that is here if it is one of these words, and says whether it was. */
  skip(...words: readonly string[]): boolean {
    if (!this.is(...words)) return false;
    this.at += 1;
    return true;
  }

  /** Goes past one token, or past all up to the parenthesis that closes the one that is here. */
  skipGroup(): void {
    let depth = 0;
    do {
      if (this.text === '(') depth += 1;
      if (this.text === ')') depth -= 1;
      this.at += 1;
    } while (depth > 0 && this.token !== undefined);
  }
}
