import { Sequelize } from 'sequelize';
import { SequelizeStorage, Umzug } from 'umzug';
import { filesOf, PRAGMAS } from '../workload.js';

export const name = 'sequelize + umzug';
export const packages = ['sequelize', 'umzug', 'sqlite3', 'sequelize-cli'];
export const driver = 'sqlite3, which is asynchronous';
export const transaction = 'none';
export const files = filesOf(
  'cjs',
  (_title, up, down) => `exports.up = async ({ context }) => {
  for (const sql of ${up}) await context.sequelize.query(sql);
};
exports.down = async ({ context }) => {
  for (const sql of ${down}) await context.sequelize.query(sql);
};\n`,
);
export const cli = {
  config: ({ file, directory }) => [
    '.sequelizerc',
    `module.exports = ${JSON.stringify({ url: `sqlite:${file}`, 'migrations-path': directory })};\n`,
  ],
  run: ['node_modules/sequelize-cli/lib/sequelize', 'db:migrate:status'],
};

export async function open({ file, migrations, directory }) {
  const sequelize = new Sequelize({ dialect: 'sqlite', storage: file, logging: false });
  for (const pragma of PRAGMAS) await sequelize.query(`PRAGMA ${pragma}`);
  const run = (statements) => async () => {
    for (const sql of statements) await sequelize.query(sql);
  };
  const list = migrations?.map(({ name: title, up, down }) => ({
    name: title,
    up: run(up),
    down: run(down),
  }));
  const umzug = new Umzug({
    migrations: directory === undefined ? list : { glob: ['*.cjs', { cwd: directory }] },
    context: sequelize.getQueryInterface(),
    storage: new SequelizeStorage({ sequelize }),
    logger: undefined,
  });
  return {
    up: () => umzug.up(),
    down: () => umzug.down({ to: 0 }),
    status: async () => [await umzug.executed(), await umzug.pending()],
    close: () => sequelize.close(),
  };
}
