import { alterTable } from 'decant';

// What a search index reads, with a generated column that is stored.
export const up = (db) =>
  alterTable(db, 'posts', (table) => {
    table.setDefault('title', 'no title');
    table.addColumn('slug', 'TEXT', { from: "lower(replace(title, ' ', '-'))" });
    table.addCheck("slug <> ''", { name: 'slug_is_said' });
  });

export const down = (db) =>
  alterTable(db, 'posts', (table) => {
    table.dropCheck('slug_is_said');
    table.dropColumn('slug');
    table.dropDefault('title');
  });
