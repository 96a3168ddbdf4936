import { alterTable } from 'decant';

// A parent whose children have ON DELETE CASCADE and SET NULL, with a high-water mark, indexes, triggers and a view.
export function up(db) {
  db.pragma('cache_size = 10');
  alterTable(db, 'users', (table) => {
    table.setDefault('name', 'nobody');
    table.dropColumn('legacy');
    table.addCheck('id > 0', { name: 'positive' });
  });
}

export function down(db) {
  db.pragma('cache_size = 10');
  alterTable(db, 'users', (table) => {
    table.addColumn('legacy', 'BLOB', { from: 'zeroblob(id % 90)' });
    table.dropCheck('positive');
    table.dropDefault('name');
  });
}
