/** What a rollback met that had happened since the migration was applied, and what it made of it. */
export type ConflictKind =
  | 'changed'
  | 'overwritten'
  | 'deleted'
  | 'taken'
  | 'replaced'
  | 'added'
  | 'dropped'
  | 'renumbered'
  | 'converted';

/** Rows of one table that a rollback could not simply put back as they were. */
export interface Conflict {
  readonly table: string;
  readonly kind: ConflictKind;
  /** How many rows. */
  readonly count: number;
}

/** One sentence for a person. */
export function conflictText({ table, kind, count }: Conflict): string {
  const [one, many] = TEXTS[kind];
  return count === 1 ? `1 row of ${table} ${one}.` : `${count} rows of ${table} ${many}.`;
}

const TEXTS: Readonly<Record<ConflictKind, readonly [one: string, many: string]>> = {
  changed: ['was changed since, and stays as it is', 'were changed since, and stay as they are'],
  overwritten: [
    'was changed since, and is now as it was before',
    'were changed since, and are now as they were before',
  ],
  deleted: ['was deleted since, and stays so', 'were deleted since, and stay so'],
  taken: ['was not put back: a key of it is taken by now', 'were not put back: their keys are taken by now'],
  replaced: ['went: what was put back has its key', 'went: what was put back has their keys'],
  added: ['was added since, and has the default', 'were added since, and have the default'],
  dropped: ['was added since, and went with the table', 'were added since, and went with the table'],
  converted: ['has another value: the old type altered it', 'have other values: the old type altered them'],
  renumbered: ['has another rowid: its own is taken by now', 'have other rowids: their own are taken by now'],
};
