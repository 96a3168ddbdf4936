import { migration, ReversibleMigration, type ReversibleSchema } from 'decant';

@migration({ description: 'Work on nodes that waits for a worker' })
export default class ProcessingQueue extends ReversibleMigration {
  change(schema: ReversibleSchema): void {
    schema
      .createTable(`CREATE TABLE processing_queue (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        node_id TEXT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
        task TEXT NOT NULL CHECK (task IN ('summarise', 'extract', 'embed')),
        status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'done', 'failed')),
        priority INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
        last_error TEXT,
        available_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
        UNIQUE (node_id, task),
        CHECK (status <> 'failed' OR last_error IS NOT NULL)
      )`)
      .execute({ up: FILL, down: '' }) // the rows go with the table
      .createIndex(
        `CREATE INDEX idx_queue_next ON processing_queue (priority DESC, available_at, id) WHERE status = 'pending'`,
      )
      .createIndex(
        `CREATE INDEX idx_queue_stuck ON processing_queue (attempts) WHERE status IN ('running', 'failed')`,
      ).createTrigger(`CREATE TRIGGER nodes_enqueue AFTER INSERT ON nodes WHEN new.ai_summary IS NULL BEGIN
        INSERT OR IGNORE INTO processing_queue (node_id, task) VALUES (new.id, 'summarise');
      END`);
  }
}

const FILL = `
  INSERT INTO processing_queue (node_id, task, priority, available_at)
    SELECT id, 'summarise', iif(company IS NULL, 0, 5), updated_at FROM nodes WHERE ai_summary IS NULL ORDER BY id;
  INSERT INTO processing_queue (node_id, task, available_at)
    SELECT id, 'extract', updated_at FROM nodes
    WHERE extracted_fields IS NULL OR NOT json_valid(extracted_fields) ORDER BY id`;
