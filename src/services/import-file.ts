import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { compileAhead } from './typescript.js';

let prepare: (() => void) | undefined;
const versions = new Map<string, string>();

/**
 * Has `first` called before the first file of a user's is imported. The CLI registers its TypeScript loader so: the
 * loader slows every later import of the process, and most commands need none.
 */
export function beforeFirstImport(first: () => void): void {
  prepare = first;
}

/**
 * Imports a file of a user's, and returns its exports.
 * @param version the checksum of its text: a file that was edited since this process imported it is imported anew
 */
export async function importFile(file: string, version = ''): Promise<Record<string, unknown>> {
  getReady();
  return (await import(urlOf(file, version))) as Record<string, unknown>;
}

/** Does at once, for files that are to be imported next, what would be done for each: it compiles those that need it. */
export function expectImports(files: readonly string[]): void {
  if (files.length === 0) return;
  getReady();
  compileAhead(files);
}

function getReady(): void {
  prepare?.();
  prepare = undefined;
}

// Node keeps what it has imported by its URL, and CommonJS by its path.
function urlOf(file: string, version: string): string {
  const url = pathToFileURL(file);
  const first = versions.get(file) ?? version;
  versions.set(file, first);
  if (version !== first) {
    url.searchParams.set('version', version);
    delete createRequire(import.meta.url).cache[file];
  }
  return url.href;
}
