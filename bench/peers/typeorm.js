import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { configure, filesOf } from '../workload.js';

export const name = 'TypeORM';
export const packages = ['typeorm'];
export const transaction = 'one for all';
export const files = filesOf(
  'cjs',
  (title, up, down) => `exports.Table${numberOf(title)} = class {
  name = 'Table${numberOf(title)}';
  async up(runner) {
    for (const sql of ${up}) await runner.query(sql);
  }
  async down(runner) {
    for (const sql of ${down}) await runner.query(sql);
  }
};\n`,
);
export const cli = {
  config: ({ file, directory }) => [
    'source.cjs',
    `const { DataSource } = require('typeorm');
module.exports = new DataSource(${JSON.stringify(settings(file, [join(directory, '*.cjs')]))});\n`,
  ],
  run: ['node_modules/typeorm/cli.js', 'migration:show', '-d', 'source.cjs'],
};

const settings = (database, migrations) => ({ type: 'better-sqlite3', database, migrations, logging: false });

export async function open({ file, migrations, directory }) {
  const list = directory === undefined ? migrations.map(classOf) : [join(directory, '*.cjs')];
  const source = new DataSource({ ...settings(file, list), prepareDatabase: configure });
  await source.initialize();
  return {
    up: () => source.runMigrations(),
    status: () => source.showMigrations(),
    down: async () => {
      for (const _ of source.migrations) await source.undoLastMigration();
    },
    close: () => source.destroy(),
  };
}

const numberOf = (title) => title.split('_')[0];

function classOf({ name: title, up, down }) {
  return class {
    name = `Table${numberOf(title)}`;
    async up(runner) {
      for (const sql of up) await runner.query(sql);
    }
    async down(runner) {
      for (const sql of down) await runner.query(sql);
    }
  };
}
