import { Migration, Migrator } from '@mikro-orm/migrations';
import { MikroORM } from '@mikro-orm/sqlite';
import { filesOf, PRAGMAS } from '../workload.js';

const LIBRARY = import.meta.resolve('@mikro-orm/migrations'); // a file of a temporary folder would not find it

export const name = 'MikroORM';
export const packages = ['@mikro-orm/migrations', '@mikro-orm/sqlite', '@mikro-orm/cli'];
export const transaction = 'one for all';
export const files = filesOf(
  'js',
  (title, up, down) => `import { Migration } from '${LIBRARY}';
export default class M${title} extends Migration {
  up() {
    for (const sql of ${up}) this.addSql(sql);
  }
  down() {
    for (const sql of ${down}) this.addSql(sql);
  }
}\n`,
);

export const cli = {
  config: ({ file, directory }) => [
    'mikro-orm.config.js',
    `import { Migrator } from '@mikro-orm/migrations';
export default { ...${JSON.stringify(settings(file, { path: directory }))}, extensions: [Migrator],
  driver: (await import('@mikro-orm/sqlite')).SqliteDriver };\n`,
  ],
  run: ['node_modules/@mikro-orm/cli/cli.js', 'migration:list'],
};

const settings = (dbName, migrations) => ({
  dbName,
  entities: [],
  discovery: { warnWhenNoEntities: false },
  migrations: { snapshot: false, silent: true, ...migrations },
});

export async function open({ file, migrations, directory }) {
  const list = { migrationsList: migrations?.map((each) => ({ name: each.name, class: classOf(each) })) };
  const source = directory === undefined ? list : { path: directory };
  const orm = await MikroORM.init({ ...settings(file, source), extensions: [Migrator] });
  await orm.connect();
  for (const pragma of PRAGMAS) await orm.em.getConnection().execute(`PRAGMA ${pragma}`);
  return {
    up: () => orm.migrator.up(),
    down: () => orm.migrator.down({ to: 0 }),
    status: async () => [await orm.migrator.getExecuted(), await orm.migrator.getPending()],
    close: () => orm.close(true),
  };
}

function classOf({ up, down }) {
  return class extends Migration {
    up = () => up.forEach((sql) => this.addSql(sql));
    down = () => down.forEach((sql) => this.addSql(sql));
  };
}
