import type { Migration } from '../domain/migration.js';
import InitialSchema from './001_initial_schema.js';
import AddIndexes from './002_add_indexes.js';

/** Decant's own schema, in order. */
export const builtInMigrations: readonly Migration[] = [new InitialSchema(), new AddIndexes()];
