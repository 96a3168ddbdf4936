import { historyOf, type History } from '../../src/domain/history.js';
import type { MigrationRecord } from '../../src/domain/migration.js';

/** When every migration of these tests was applied. */
export const APPLIED_AT = '2024-01-15 10:30:22';

/** Rows of `_migrations` in the order in which they were written. */
export function recordsOf(names: readonly string[]): readonly MigrationRecord[] {
  return names.map((name, index) => ({ id: index + 1, name, applied_at: APPLIED_AT }));
}

/** A history in words: which files there are, which names are recorded, which were edited, what they depend on. */
export function historyWith(
  source: readonly string[],
  applied: readonly string[],
  changed: readonly string[] = [],
  dependencies: Readonly<Record<string, readonly string[]>> = {},
): History {
  return {
    ...historyOf(
      source.map((name) => ({ name })),
      recordsOf(applied),
      changed,
    ),
    dependencies: new Map(Object.entries(dependencies)),
  };
}
