import { Migration, migration, type Database } from 'decant';

@migration({
  description: 'Pairs of nodes that share rare concepts, with a score',
  dependsOn: ['014_normalise_urls'], // a page that is there twice would be most like itself
})
export default class NodeSimilarity extends Migration {
  up(db: Database): void {
    db.exec(`
      CREATE TABLE node_similarity (
        one_id TEXT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
        other_id TEXT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
        score REAL NOT NULL CHECK (score > 0 AND score <= 1),
        method TEXT NOT NULL DEFAULT 'concepts',
        PRIMARY KEY (one_id, other_id),
        CHECK (one_id < other_id) -- a pair is there once
      ) WITHOUT ROWID;

      -- A concept that half of the nodes have says nothing, and would make pairs without end.
      WITH rare (concept) AS MATERIALIZED (
        SELECT concept FROM key_concepts GROUP BY concept HAVING count(*) BETWEEN 2 AND 6
      ),
      sizes (node_id, size) AS MATERIALIZED (SELECT node_id, count(*) FROM key_concepts GROUP BY node_id),
      holders (concept, node_id) AS MATERIALIZED (
        SELECT concept, node_id FROM key_concepts JOIN rare USING (concept) JOIN nodes ON nodes.id = node_id
      )
      INSERT INTO node_similarity (one_id, other_id, score)
      SELECT one.node_id, other.node_id, count(*) * 1.0 / (a.size + b.size - count(*))
      FROM holders AS one
        JOIN holders AS other ON other.concept = one.concept AND other.node_id > one.node_id
        JOIN sizes AS a ON a.node_id = one.node_id
        JOIN sizes AS b ON b.node_id = other.node_id
      GROUP BY one.node_id, other.node_id;

      CREATE INDEX idx_node_similarity_other ON node_similarity (other_id, score DESC);
      CREATE VIEW similar_nodes (id, similar_id, score) AS
        SELECT one_id, other_id, score FROM node_similarity UNION ALL SELECT other_id, one_id, score FROM node_similarity;
    `);
  }

  override down(db: Database): void {
    db.exec('DROP VIEW similar_nodes; DROP TABLE node_similarity');
  }
}
