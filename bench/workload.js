// What every peer is given: the same SQL, the same settings of the connection.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** `count` migrations of one table with six columns and an index each. Statements one by one: some peers take no two. */
export function migrationsOf(count) {
  return Array.from({ length: count }, (_, index) => {
    // Of 13 digits, as TypeORM wants them.
    const name = `m${1_700_000_000_000 + index}`.slice(1);
    const table = `t${name}`;
    return {
      name: `${name}_table`,
      up: [
        `CREATE TABLE ${table} (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT, age INTEGER, score REAL, note TEXT DEFAULT '')`,
        `CREATE INDEX ${table}_email ON ${table} (email)`,
      ],
      down: [`DROP TABLE ${table}`],
    };
  });
}

/** The settings of every peer's connection, as PRAGMAs. */
export const PRAGMAS = JSON.parse(readFileSync(new URL('pragmas.json', import.meta.url), 'utf8'));

/** Gives a better-sqlite3 connection these settings. */
export function configure(db) {
  for (const pragma of PRAGMAS) db.pragma(pragma);
  return db;
}

/** The table of which the tasks of others/large.js work on copies. */
export async function makeLargeTable(file, rows) {
  const { default: Database } = await import('better-sqlite3');
  const db = configure(new Database(file));
  db.exec(`
    CREATE TABLE big (id INTEGER PRIMARY KEY, b TEXT, c INTEGER, d REAL, e TEXT, f TEXT);
    WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < ${rows})
      INSERT INTO big SELECT i, 'name ' || (i * 7919 % 1000003), i % 1000, i / 3.0, hex(randomblob(12)), 'x' FROM s;
    CREATE INDEX by_b ON big (b);
    CREATE INDEX by_c ON big (c, id);
    CREATE INDEX by_e ON big (e);
    PRAGMA wal_checkpoint(TRUNCATE);`);
  db.close();
}

/** Writes the migrations as files of a peer's own kind. */
export function writeMigrations(directory, contestant, migrations) {
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of contestant.files(migrations)) {
    mkdirSync(join(directory, name, '..'), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
}

/** Files of one form, one a migration. @param textOf is given the statements as arrays of JavaScript */
export function filesOf(extension, textOf) {
  return (migrations) =>
    migrations.map(({ name, up, down }) => [
      `${name}.${extension}`,
      textOf(name, JSON.stringify(up), JSON.stringify(down)),
    ]);
}
