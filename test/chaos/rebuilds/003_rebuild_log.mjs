import { rebuildTable } from 'decant';

// Only its hidden rowids tell its rows apart.
export const up = (db) =>
  rebuildTable(db, 'log', {
    sql: "CREATE TABLE log (what TEXT NOT NULL DEFAULT 'nothing', at CHECK (at <> -1)) -- rebuilt",
    copy: { what: "'noted: ' || what" },
  });

export const down = (db) =>
  rebuildTable(db, 'log', { sql: 'CREATE TABLE log (what TEXT, at)', copy: { what: 'substr(what, 8)' } });
