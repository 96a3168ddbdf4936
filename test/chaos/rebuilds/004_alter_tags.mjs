import { alterTable } from 'decant';

// Without rowids: the parent first, then its child, which has orphans.
export function up(db) {
  alterTable(db, 'tags', (table) => {
    table.setNotNull('weight');
    table.addUnique(['weight', 'name'], { name: 'heavy' });
  });
  alterTable(db, 'post_tags', (table) => {
    table.addColumn('at', 'INTEGER NOT NULL DEFAULT 0');
    table.addCheck('at >= 0', { name: 'at_is_late' });
    table.setDefault('at', 1);
  });
}

export function down(db) {
  alterTable(db, 'post_tags', (table) => {
    table.dropCheck('at_is_late');
    table.dropColumn('at');
  });
  alterTable(db, 'tags', (table) => {
    table.dropUnique('heavy');
    table.dropNotNull('weight');
  });
}
