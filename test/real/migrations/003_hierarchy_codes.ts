import { Migration, migration, type Database } from 'decant';

const SEARCHED = [
  'title',
  'source_domain',
  'company',
  'phrase_description',
  'short_description',
  'ai_summary',
];

/** Which column of codes follows which column of parents, and the letter that its codes begin with. */
const HIERARCHIES = [
  { code: 'function_code', parent: 'function_parent_id', letter: 'F' },
  { code: 'organization_code', parent: 'organization_parent_id', letter: 'O' },
];

@migration({ description: 'Codes like F1.2.3, so that a whole branch can be read by its beginning' })
export default class HierarchyCodes extends Migration {
  up(db: Database): void {
    // Otherwise each node would be taken out of the search index and put back, though none of its words changes.
    replaceSearchTrigger(db, `AFTER UPDATE OF ${SEARCHED.join(', ')} ON nodes`);
    for (const { code, parent, letter } of HIERARCHIES) {
      db.exec(`ALTER TABLE nodes ADD COLUMN ${code} TEXT`);
      // A node whose parent is not there is a root. Nodes in a circle have no place, and so no code.
      db.exec(`
        CREATE TEMP TABLE places AS
          SELECT n.id, p.id AS parent, row_number() OVER (PARTITION BY p.id ORDER BY n.created_at, n.id) AS place
          FROM nodes AS n LEFT JOIN nodes AS p ON p.id = n.${parent}
          WHERE n.${parent} IS NOT NULL OR n.id IN (SELECT ${parent} FROM nodes);
        CREATE INDEX temp.places_by_parent ON places (parent);
        WITH RECURSIVE coded (id, code) AS (
          SELECT id, '${letter}' || place FROM places WHERE parent IS NULL
          UNION ALL
          SELECT places.id, coded.code || '.' || place FROM coded JOIN places ON places.parent = coded.id
        )
        UPDATE nodes SET ${code} = coded.code FROM coded WHERE coded.id = nodes.id;
        DROP TABLE temp.places;
        CREATE INDEX idx_nodes_${code} ON nodes (${code}) WHERE ${code} IS NOT NULL;
      `);
    }
  }

  override down(db: Database): void {
    for (const { code } of HIERARCHIES.toReversed()) {
      db.exec(`DROP INDEX idx_nodes_${code}; ALTER TABLE nodes DROP COLUMN ${code}`);
    }
    replaceSearchTrigger(db, 'AFTER UPDATE ON nodes');
  }
}

function replaceSearchTrigger(db: Database, event: string): void {
  const list = SEARCHED.join(', ');
  const row = (which: string): string => SEARCHED.map((column) => `${which}.${column}`).join(', ');
  db.exec(`
    DROP TRIGGER nodes_fts_update;
    CREATE TRIGGER nodes_fts_update ${event} BEGIN
      INSERT INTO nodes_fts (nodes_fts, rowid, ${list}) VALUES ('delete', old.rowid, ${row('old')});
      INSERT INTO nodes_fts (rowid, ${list}) VALUES (new.rowid, ${row('new')});
    END`);
}
