import { Migration, migration, type Database } from 'decant';

// What follows the host may tell A from a, and stays; the last slash never does.
const NORMAL = `rtrim(
  lower(substr(url, 1, instr(substr(url, 9), '/') + 8)) || substr(url, instr(substr(url, 9), '/') + 9), '/')`;

@migration({ description: 'One node a page: urls in one form, and what they show to be the same merged' })
export default class NormaliseUrls extends Migration {
  up(db: Database): void {
    db.exec(`
      CREATE TEMP TABLE pages AS
        SELECT id, ${NORMAL} AS url, first_value(id) OVER (PARTITION BY lower(${NORMAL}) ORDER BY created_at, id) AS kept
        FROM nodes;
      CREATE UNIQUE INDEX temp.pages_by_id ON pages (id);
      CREATE TEMP TABLE merged AS SELECT id, kept FROM pages WHERE id <> kept;
      CREATE UNIQUE INDEX temp.merged_by_id ON merged (id);
    `);
    // What belongs to a node that goes is the other's from now on, unless that has the same already.
    for (const table of [
      'key_concepts',
      'processing_queue',
      'node_categories',
      'node_tags',
      'node_user_tags',
    ]) {
      db.exec(`
        UPDATE OR IGNORE ${table} SET node_id = (SELECT kept FROM merged WHERE id = node_id)
          WHERE node_id IN (SELECT id FROM merged);
        DELETE FROM ${table} WHERE node_id IN (SELECT id FROM merged);
      `);
    }
    for (const parent of ['function_parent_id', 'organization_parent_id']) {
      db.exec(`UPDATE nodes SET ${parent} = (SELECT kept FROM merged WHERE id = ${parent})
        WHERE ${parent} IN (SELECT id FROM merged)`);
    }
    db.exec(`
      DELETE FROM nodes WHERE id IN (SELECT id FROM merged);
      -- Not the url of one that is in the archive, which could not come back.
      UPDATE nodes SET url = pages.url FROM pages
        WHERE pages.id = nodes.id AND pages.url <> nodes.url AND pages.url NOT IN (SELECT url FROM archived_nodes);
      DROP TABLE temp.merged;
      DROP TABLE temp.pages;
    `);
  }

  /** Nothing: how a url was typed is not worth keeping, and what was merged was the same page. */
  override down(): void {
    return;
  }
}
