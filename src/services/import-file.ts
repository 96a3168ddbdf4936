import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

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
  prepare?.();
  prepare = undefined;
  return (await import(urlOf(file, version))) as Record<string, unknown>;
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
