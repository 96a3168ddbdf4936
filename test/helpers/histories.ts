import { historyOf, type History } from '../../src/domain/history.js';
import type { MigrationRecord } from '../../src/domain/migration.js';

/** When every migration of these tests was applied. */
export const APPLIED_AT = '2024-01-15 10:30:22';

/** Rows of `_migrations` in the order in which they were written. */
export function recordsOf(names: readonly string[]): readonly MigrationRecord[] {
  return names.map((name, index) => ({ id: index + 1, name, applied_at: APPLIED_AT }));
}

/** A history in words: which files there are, which names are recorded, which files were edited. */
export function historyWith(
  source: readonly string[],
  applied: readonly string[],
  changed: readonly string[] = [],
): History {
  return historyOf(
    source.map((name) => ({ name })),
    recordsOf(applied),
    changed,
  );
}
