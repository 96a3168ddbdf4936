import knex from 'knex';
import { configure, filesOf } from '../workload.js';

export const name = 'knex';
export const packages = ['knex'];
export const transaction = 'one for all';
export const files = filesOf(
  'cjs',
  (_title, up, down) => `exports.up = async (knex) => {
  for (const sql of ${up}) await knex.raw(sql);
};
exports.down = async (knex) => {
  for (const sql of ${down}) await knex.raw(sql);
};\n`,
);
export const cli = {
  config: (paths) => ['knexfile.js', `module.exports = ${JSON.stringify(settings(paths))};\n`],
  run: ['node_modules/knex/bin/cli.js', 'migrate:list'],
};

const settings = ({ file, directory }) => ({
  client: 'better-sqlite3',
  connection: { filename: file },
  useNullAsDefault: true,
  migrations: { directory, loadExtensions: ['.cjs'] },
});

export function open({ file, migrations, directory }) {
  const list = { migrationSource: new List(migrations) };
  const db = knex({
    ...settings({ file, directory }),
    pool: { afterCreate: (connection, done) => done(null, configure(connection)) },
    ...(directory === undefined ? { migrations: list } : {}),
  });
  return {
    up: () => db.migrate.latest(),
    down: () => db.migrate.rollback(undefined, true),
    status: () => db.migrate.list(),
    close: () => db.destroy(),
  };
}

class List {
  constructor(migrations) {
    this.getMigrations = async () => migrations;
  }
  getMigrationName(migration) {
    return migration.name;
  }
  async getMigration({ up, down }) {
    return { up: running(up), down: running(down) };
  }
}

function running(statements) {
  return async (db) => {
    for (const sql of statements) await db.raw(sql);
  };
}
