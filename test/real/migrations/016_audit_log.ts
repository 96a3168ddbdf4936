import { migration, ReversibleMigration, type ReversibleSchema } from 'decant';

const WATCHED = ['title', 'company', 'url', 'short_description', 'is_deleted'];

@migration({ description: 'Who reads the log sees what became of each node' })
export default class AuditLog extends ReversibleMigration {
  change(schema: ReversibleSchema): void {
    schema
      .createTable(`CREATE TABLE audit_log (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        node_id TEXT NOT NULL, -- no foreign key: the log outlives the node
        action TEXT NOT NULL CHECK (action IN ('insert', 'update', 'delete')),
        before JSON CHECK (before IS NULL OR json_valid(before)),
        after JSON CHECK (after IS NULL OR json_valid(after)),
        at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))
      )`)
      .createIndex('CREATE INDEX idx_audit_log_node ON audit_log (node_id, id)')
      .createTrigger(`CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log BEGIN
        SELECT RAISE(ABORT, 'the log is only added to');
      END`).createTrigger(`CREATE TRIGGER nodes_audit_insert AFTER INSERT ON nodes BEGIN
        INSERT INTO audit_log (node_id, action, after) VALUES (new.id, 'insert', ${row('new')});
      END`)
      .createTrigger(`CREATE TRIGGER nodes_audit_update AFTER UPDATE OF ${WATCHED.join(', ')} ON nodes BEGIN
        INSERT INTO audit_log (node_id, action, before, after) VALUES (new.id, 'update', ${row('old')}, ${row('new')});
      END`).createTrigger(`CREATE TRIGGER nodes_audit_delete AFTER DELETE ON nodes BEGIN
        INSERT INTO audit_log (node_id, action, before) VALUES (old.id, 'delete', ${row('old')});
      END`);
  }
}

function row(which: 'old' | 'new'): string {
  return `json_object(${WATCHED.map((column) => `'${column}', ${which}.${column}`).join(', ')})`;
}
