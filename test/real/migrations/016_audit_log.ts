import { Migration, migration, type Database } from 'decant';

const WATCHED = ['title', 'company', 'url', 'short_description', 'is_deleted'];

@migration({ description: 'Who reads the log sees what became of each node' })
export default class AuditLog extends Migration {
  up(db: Database): void {
    const row = (which: string): string =>
      `json_object(${WATCHED.map((column) => `'${column}', ${which}.${column}`).join(', ')})`;
    db.exec(`
      CREATE TABLE audit_log (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        node_id TEXT NOT NULL, -- no foreign key: the log outlives the node
        action TEXT NOT NULL CHECK (action IN ('insert', 'update', 'delete')),
        before JSON CHECK (before IS NULL OR json_valid(before)),
        after JSON CHECK (after IS NULL OR json_valid(after)),
        at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))
      );
      CREATE INDEX idx_audit_log_node ON audit_log (node_id, id);
      CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log BEGIN SELECT RAISE(ABORT, 'the log is only added to'); END;
      CREATE TRIGGER nodes_audit_insert AFTER INSERT ON nodes BEGIN
        INSERT INTO audit_log (node_id, action, after) VALUES (new.id, 'insert', ${row('new')});
      END;
      CREATE TRIGGER nodes_audit_update AFTER UPDATE OF ${WATCHED.join(', ')} ON nodes BEGIN
        INSERT INTO audit_log (node_id, action, before, after) VALUES (new.id, 'update', ${row('old')}, ${row('new')});
      END;
      CREATE TRIGGER nodes_audit_delete AFTER DELETE ON nodes BEGIN
        INSERT INTO audit_log (node_id, action, before) VALUES (old.id, 'delete', ${row('old')});
      END;
    `);
  }

  override down(db: Database): void {
    db.exec(`
      DROP TRIGGER nodes_audit_delete;
      DROP TRIGGER nodes_audit_update;
      DROP TRIGGER nodes_audit_insert;
      DROP TABLE audit_log;
    `);
  }
}
