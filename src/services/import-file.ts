import { pathToFileURL } from 'node:url';

let prepare: (() => void) | undefined;

/**
 * Has `first` called before the first file of a user's is imported. The CLI registers its TypeScript loader so: the
 * loader slows every later import of the process, and most commands need none.
 */
export function beforeFirstImport(first: () => void): void {
  prepare = first;
}

/** Imports a file of a user's, and returns its exports. */
export async function importFile(file: string): Promise<Record<string, unknown>> {
  prepare?.();
  prepare = undefined;
  return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
}
