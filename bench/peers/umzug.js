// umzug brings neither connection nor storage; this is the storage of its documentation, on better-sqlite3.
import Database from 'better-sqlite3';
import { Umzug } from 'umzug';
import { configure, filesOf } from '../workload.js';

export const name = 'umzug';
export const packages = ['umzug'];
export const transaction = 'none';
export const files = filesOf(
  'cjs',
  (_title, up, down) => `exports.up = async ({ context: db }) => db.exec(${up}.join(';'));
exports.down = async ({ context: db }) => db.exec(${down}.join(';'));\n`,
);
export const cli = {
  config: ({ file, directory }) => [
    'umzug.mjs',
    `import { open } from ${JSON.stringify(import.meta.url)};
await open(${JSON.stringify({ file, directory })}).umzug.runAsCLI();\n`,
  ],
  run: ['project/umzug.mjs', 'executed'],
};

export function open({ file, migrations, directory }) {
  const db = configure(new Database(file));
  const list = migrations?.map(({ name: title, up, down }) => ({
    name: title,
    up: async () => db.exec(up.join(';')),
    down: async () => db.exec(down.join(';')),
  }));
  const umzug = new Umzug({
    migrations: directory === undefined ? list : { glob: ['*.cjs', { cwd: directory }] },
    context: db,
    storage: storageOf(db),
    logger: undefined,
  });
  return {
    umzug,
    up: () => umzug.up(),
    down: () => umzug.down({ to: 0 }),
    status: async () => [await umzug.executed(), await umzug.pending()],
    close: () => db.close(),
  };
}

function storageOf(db) {
  db.exec('CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY)');
  const [insert, remove, select] = [
    'INSERT INTO migrations VALUES (?)',
    'DELETE FROM migrations WHERE name = ?',
    'SELECT name FROM migrations ORDER BY name',
  ].map((sql) => db.prepare(sql));
  return {
    logMigration: async ({ name: title }) => void insert.run(title),
    unlogMigration: async ({ name: title }) => void remove.run(title),
    executed: async () => select.pluck().all(),
  };
}
