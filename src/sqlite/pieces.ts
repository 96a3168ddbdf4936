import { statementsOf } from './tokens.js';

/** One statement of a text of many. */
export interface Piece {
  /** The statement alone; empty where there is none. */
  readonly sql: string;
  /** With its semicolon, and with the comments around it: what SQLite would have read in the whole text. */
  readonly whole: string;
}

/** A text as the statements that exec() would run one after the other. */
export function piecesOf(text: string): readonly Piece[] {
  if (text.includes('\0')) return [{ sql: text, whole: text }]; // SQLite reads no further than that
  const spans = Array.from(statementsOf(text), (tokens) => ({
    start: tokens[0]?.start ?? 0,
    end: tokens.at(-1)?.end ?? 0,
  }));
  if (spans.length === 0) return [{ sql: '', whole: text }];
  return spans.map(({ start, end }, index) => ({
    sql: text.slice(start, end),
    whole: text.slice(index === 0 ? 0 : start, spans[index + 1]?.start),
  }));
}
