import {
  AlterTableError,
  BatchError,
  DatabaseError,
  DecantError,
  IrreversibleMigrationError,
  ReversibleError,
} from '../errors.js';
import { realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { isSqliteError } from './sqlite-errors.js';

/** What anything that was thrown says. Anything can be thrown, also what cannot be shown. */
export function messageOf(error: unknown): string {
  try {
    const told = toldBy(error);
    return String(told instanceof Error || isSqliteError(told) ? told.message : told);
  } catch {
    return 'it threw something that cannot be shown';
  }
}

// SQLite's own error, or, where the engine's COMMIT or record failed, the one that explains it.
function toldBy(error: unknown): unknown {
  return error instanceof DatabaseError && error.cause !== undefined ? error.cause : error;
}

/** The result code of SQLite, if it is one of its errors. */
export function codeOf(error: unknown): string | undefined {
  const told = toldBy(error);
  return isSqliteError(told) ? told.code : undefined;
}

function stackOf(error: unknown): string {
  return error instanceof Error || isSqliteError(error) ? (error.stack ?? '') : '';
}

/**
 * The line of the innermost frame that is in a file. A frame names it as a path or as a URL, with no link in it; the URL
 * has a query when the file was imported anew.
 */
export function lineIn(file: string | undefined, error: unknown): number | undefined {
  if (file === undefined) return undefined;
  const names = [file, realPathOf(file)].flatMap((path) => [pathToFileURL(path).href, path]);
  for (const frame of stackOf(error).split('\n')) {
    for (const name of names) {
      const at = frame.indexOf(name);
      const line = at === -1 ? undefined : /^(?:\?[^:]*)?:(\d+)/.exec(frame.slice(at + name.length))?.[1];
      if (line !== undefined) return Number(line);
    }
  }
  return undefined;
}

function realPathOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file; // it has been deleted since, or never was one
  }
}

/**
 * Lets the errors that `work` throws tell of more frames than usual: between SQLite and the line of a migration lie those
 * of the engine, more of them when statements are recorded.
 */
export function withDeepStacks<T>(work: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = Math.max(stackTraceLimit, DEEP);
  try {
    return work();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

const DEEP = 50;

/** What an error that knows what to do says of it, as a sentence that another can follow. */
export function hintOf(cause: unknown): string | undefined {
  if (!(cause instanceof DecantError) || !KNOWING.some((each) => cause instanceof each)) return undefined;
  return cause.hint.replace(/(?<![.!?])$/, '.');
}

const KNOWING = [AlterTableError, BatchError, ReversibleError, IrreversibleMigrationError];
