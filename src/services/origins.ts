import type { MigrationDefinition } from '../domain/migration.js';

// A file that was edited exports another class from then on. Modules that had imported it hold the former one, as long
// as the process lives: it is still known by its file.
const origins = new WeakMap<object, Set<string>>();

/** Remembers from which file a migration was loaded. More than one may export it. */
export function rememberOrigin(definition: MigrationDefinition, file: string): void {
  const files = origins.get(definition);
  if (files === undefined) origins.set(definition, new Set([file]));
  else files.add(file);
}

/** Whether it has been loaded from this file, as that is now or was before. */
export function wasLoadedFrom(definition: MigrationDefinition, file: string | undefined): boolean {
  return file !== undefined && origins.get(definition)?.has(file) === true;
}
