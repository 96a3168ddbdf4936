import { resolve } from 'node:path';
import type { MigrationDefinition } from '../domain/migration.js';
import { UsageError } from '../errors.js';
import { DirectorySource } from './directory-source.js';
import { ListSource } from './list-source.js';
import type { MigrationSource } from './migration-source.js';

/** Where migrations come from, as an application says it: exactly one of the two. */
export interface GivenSource {
  readonly migrations?: readonly MigrationDefinition[] | undefined;
  readonly directory?: string | undefined;
}

/** @throws UsageError when both are given, or neither */
export function sourceOf({ migrations, directory }: GivenSource): MigrationSource {
  if (migrations !== undefined && directory === undefined) return new ListSource(migrations);
  if (directory !== undefined && migrations === undefined) return new DirectorySource(resolve(directory));
  throw new UsageError('Decant needs either `migrations` or `directory`.', 'Give exactly one of them.');
}
