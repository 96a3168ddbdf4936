import { Migration, migration, type Database } from 'decant';

@migration({
  description: 'A tree of companies, their domains and pages, out of the flat columns of nodes',
  dependsOn: ['014_normalise_urls'],
})
export default class BranchTree extends Migration {
  up(db: Database): void {
    db.exec(`
      CREATE TABLE branches (
        id INTEGER PRIMARY KEY,
        parent_id INTEGER REFERENCES branches (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
        kind TEXT NOT NULL CHECK (kind IN ('company', 'domain')),
        name TEXT NOT NULL,
        nodes INTEGER NOT NULL DEFAULT 0,
        CHECK ((kind = 'company') = (parent_id IS NULL))
      );

      INSERT INTO branches (kind, name) SELECT 'company', company FROM nodes WHERE company IS NOT NULL GROUP BY company ORDER BY company;
      INSERT INTO branches (kind, name) VALUES ('company', ''); -- of the nodes without one
      CREATE UNIQUE INDEX branches_companies ON branches (name) WHERE kind = 'company';

      INSERT INTO branches (parent_id, kind, name, nodes)
        SELECT parent.id, 'domain', source_domain, count(*)
        FROM nodes JOIN branches AS parent ON parent.kind = 'company' AND parent.name = ifnull(company, '')
        GROUP BY parent.id, source_domain ORDER BY parent.id, source_domain;
      CREATE UNIQUE INDEX branches_children ON branches (parent_id, name) WHERE parent_id IS NOT NULL;
      UPDATE branches SET nodes = (SELECT ifnull(sum(nodes), 0) FROM branches AS child WHERE child.parent_id = branches.id) WHERE kind = 'company';

      CREATE TABLE branch_closure (
        ancestor_id INTEGER NOT NULL REFERENCES branches (id) ON DELETE CASCADE,
        descendant_id INTEGER NOT NULL REFERENCES branches (id) ON DELETE CASCADE,
        depth INTEGER NOT NULL CHECK (depth >= 0),
        PRIMARY KEY (ancestor_id, descendant_id)
      ) WITHOUT ROWID;
      WITH RECURSIVE paths (ancestor_id, descendant_id, depth) AS (
        SELECT id, id, 0 FROM branches
        UNION ALL
        SELECT ancestor_id, branches.id, depth + 1 FROM paths JOIN branches ON branches.parent_id = descendant_id
      )
      INSERT INTO branch_closure SELECT * FROM paths ORDER BY 1, 2;
      CREATE INDEX branch_closure_up ON branch_closure (descendant_id, depth);

      CREATE TABLE node_branches (
        node_id TEXT PRIMARY KEY REFERENCES nodes (id) ON DELETE CASCADE,
        branch_id INTEGER NOT NULL REFERENCES branches (id)
      ) WITHOUT ROWID;
      INSERT INTO node_branches
        SELECT nodes.id, branches.id
        FROM nodes
          JOIN branches AS parent ON parent.kind = 'company' AND parent.name = ifnull(nodes.company, '')
          JOIN branches ON branches.parent_id = parent.id AND branches.name = nodes.source_domain
        ORDER BY 1;
      CREATE INDEX node_branches_branch ON node_branches (branch_id);
    `);
  }

  override down(db: Database): void {
    db.exec('DROP TABLE node_branches; DROP TABLE branch_closure; DROP TABLE branches');
  }
}
