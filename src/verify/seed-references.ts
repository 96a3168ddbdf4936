import type { Database } from '../domain/migration.js';
import { rows, shapeOf } from '../sqlite/table-state.js';
import { foldName, quoteName } from '../sqlite/tokens.js';

/** A foreign key of a table. */
export interface Reference {
  readonly parent: string;
  readonly isSelf: boolean;
  readonly columns: readonly { readonly from: string; readonly to: string }[];
}

export function referencesOf(db: Database, table: string): readonly Reference[] {
  const found = rows<{ id: number; parent: string; from: string; to: string | null }>(
    db,
    `SELECT id, "table" AS parent, "from", "to" FROM pragma_foreign_key_list(?, 'main') ORDER BY id, seq`,
    table,
  );
  const ids = [...new Set(found.map(({ id }) => id))];
  return ids.map((key) => {
    const columns = found.filter(({ id }) => id === key);
    const parent = columns[0]?.parent ?? '';
    const keys = shapeOf(db, parent)
      .columns.filter(({ pk }) => pk > 0)
      .toSorted((a, b) => a.pk - b.pk);
    return {
      parent,
      isSelf: foldName(parent) === foldName(table),
      columns: columns.map(({ from, to }, index) => ({ from, to: to ?? keys[index]?.name ?? '' })),
    };
  });
}

/**
 * The value of a column in one of the parent's rows, as SQL; undefined where it has none.
 * @param number any, from 0: the same for all columns of a foreign key
 */
export function referredValue(
  db: Database,
  { parent }: Reference,
  to: string,
  number: number,
): string | undefined {
  const from = `main.${quoteName(parent)}`;
  const [{ count } = { count: 0 }] = rows<{ count: number }>(db, `SELECT count(*) AS count FROM ${from}`);
  return count === 0 ? undefined : `(SELECT ${quoteName(to)} FROM ${from} LIMIT 1 OFFSET ${number % count})`;
}
