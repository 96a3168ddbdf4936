import type { Database } from '../domain/migration.js';
import type { SeededTable } from '../domain/verification.js';
import type { ConfigureConnection } from '../services/configure-connection.js';
import { openFile } from '../services/database.js';
import { rows } from '../sqlite/table-state.js';
import { foldName, quoteName } from '../sqlite/tokens.js';
import { userTables } from '../sqlite/user-tables.js';
import { referencesOf } from './seed-references.js';
import { seedTable } from './seed-table.js';

/**
 * Fills the empty tables of a database with awkward rows, parents first, always with the same ones. Nobody may have it
 * open. Triggers fire.
 * @returns what was filled, and what could not be and why
 */
export function seedDatabase(
  file: string,
  configureConnection?: ConfigureConnection,
): readonly SeededTable[] {
  const db = openFile(file, 'write', configureConnection);
  try {
    db.pragma('synchronous = OFF');
    db.pragma('foreign_keys = ON');
    return seedEmptyTables(db);
  } finally {
    db.close();
  }
}

// A table may wait for a later one: round after round, as long as one is filled.
function seedEmptyTables(db: Database): readonly SeededTable[] {
  const seeded: SeededTable[] = [];
  let waiting: readonly SeededTable[] = parentsFirst(
    db,
    userTables(db).filter((name) => isEmpty(db, name)),
  ).map((table) => ({ table, rows: 0, reason: null }));
  for (let before = -1; waiting.length > 0 && before !== seeded.length;) {
    before = seeded.length;
    // One by one: what a trigger has filled meanwhile is filled.
    const tried = waiting.flatMap(({ table }) => (isEmpty(db, table) ? [seedTable(db, table)] : []));
    seeded.push(...tried.filter((each) => each.rows > 0));
    waiting = tried.filter((each) => each.rows === 0);
  }
  return [...seeded, ...waiting];
}

function isEmpty(db: Database, name: string): boolean {
  return rows(db, `SELECT 1 FROM main.${quoteName(name)} LIMIT 1`).length === 0;
}

// In a circle, whatever comes first.
function parentsFirst(db: Database, names: readonly string[]): readonly string[] {
  const byFolded = new Map(names.map((name) => [foldName(name), name]));
  const ordered = new Set<string>();
  const visiting = new Set<string>();
  const visit = (name: string): void => {
    if (ordered.has(name) || visiting.has(name)) return;
    visiting.add(name);
    for (const { parent } of referencesOf(db, name)) {
      const known = byFolded.get(foldName(parent));
      if (known !== undefined) visit(known);
    }
    ordered.add(name);
  };
  for (const name of names.toSorted()) visit(name);
  return [...ordered];
}
