import { rebuildTable } from 'decant';

// Only its hidden rowids tell its rows apart.
export const up = (db) =>
  rebuildTable(db, 'log', {
    sql: 'CREATE TABLE log (what TEXT NOT NULL, at, noted TEXT CHECK (noted IS NOT NULL)) -- rebuilt',
    copy: { noted: "'at ' || at" },
  });

export const down = (db) => rebuildTable(db, 'log', { sql: 'CREATE TABLE log (what TEXT, at)' });
