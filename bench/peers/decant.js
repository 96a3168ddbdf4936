import 'reflect-metadata';
import Database from 'better-sqlite3';
import { container } from 'tsyringe';
import { Migration, migration, MigrationService, registerDecant } from '../../lib/index.js';
import { configure, filesOf } from '../workload.js';

export const name = 'Decant';
export const packages = ['decant'];
export const transaction = 'each';
export const files = filesOf(
  'mjs',
  (_title, up, down) => `export const up = (db) => db.exec(${up}.join(';'));
export const down = (db) => db.exec(${down}.join(';'));\n`,
);
export const cli = {
  config: ({ file, directory }) => ['decant.config.json', JSON.stringify({ database: file, directory })],
  run: ['../lib/cli.js', 'migrate:status'],
};

export function open({ file, migrations, directory, backup = 'never' }) {
  const database = configure(new Database(file));
  const scope = container.createChildContainer();
  const source = directory === undefined ? { migrations: migrations.map(classOf) } : { directory };
  registerDecant(scope, { database, backup, ...source });
  const service = scope.resolve(MigrationService);
  return {
    up: () => service.up(),
    down: () => service.reset(),
    status: () => service.status(),
    close: () => database.close(),
  };
}

// As a file of TypeScript would say it.
function classOf({ name: title, up, down }) {
  class OneTable extends Migration {
    up(db) {
      for (const sql of up) db.exec(sql);
    }
    down(db) {
      for (const sql of down) db.exec(sql);
    }
  }
  migration({ name: title })(OneTable);
  return OneTable;
}
