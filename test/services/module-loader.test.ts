import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Migration, type MigrationObject } from '../../src/domain/migration.js';
import { importMigration } from '../../src/services/module-loader.js';
import { rejectionOf } from '../helpers/errors.js';
import { makeFolder } from '../helpers/files.js';
import { resultOf, ROOT } from '../helpers/processes.js';

async function load(file: string, text: string): Promise<unknown> {
  const folder = makeFolder({ [file]: text, 'package.json': '{"type": "module"}' });
  return importMigration(file.replace(/\.\w+$/, ''), join(folder, file));
}

const TYPESCRIPT_COMMONJS = `"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
class CreateUsers { up(db) { return 'up of a class'; } down(db) {} }
exports.default = CreateUsers;`;

const TYPESCRIPT_COMMONJS_NAMED = `"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.down = exports.up = void 0;
const up = (db) => 'up'; exports.up = up;
const down = (db) => 'down'; exports.down = down;`;

const CLASS = "export default class A { up() { return 'up of a class'; } }";
const ANOTHER_CLASS = "export class B { up() { return 'up of a class'; } }";

describe('importMigration', () => {
  it.each<[string, string, string]>([
    ['a default object', '001_a.mjs', "export default { up: () => 'up', down: () => 'down' };"],
    ['a default object with a name', '001_a.mjs', "export default { name: '001_a', up: () => 'up' };"],
    ['named functions', '001_a.mjs', "export function up() { return 'up'; } export function down() {}"],
    ['named functions and a name', '001_a.js', "export const name = '001_a'; export const up = () => 'up';"],
    [
      'one named object among other exports',
      '001_a.mjs',
      "export const LIMIT = 3; export const m = { up: () => 'up' };",
    ],
    ['module.exports = {…}', '001_a.cjs', "module.exports = { up: () => 'up', down: () => 'down' };"],
    ['exports.up', '001_a.cjs', "exports.up = () => 'up'; exports.down = () => 'down';"],
    ["TypeScript's CommonJS of named functions", '001_a.cjs', TYPESCRIPT_COMMONJS_NAMED],
    ['one named object in CommonJS', '001_a.cjs', "exports.limit = 1; exports.m = { up: () => 'up' };"],
    ['a default object in TypeScript', '001_a.ts', "export default { up: (_db: unknown): string => 'up' };"],
  ])('finds %s', async (_what, file, text) => {
    const definition = (await load(file, text)) as MigrationObject;
    expect(definition.up(undefined as never)).toBe('up');
  });

  it.each<[string, string, string]>([
    ['a default class', '001_a.mjs', CLASS],
    ['one named class', '001_a.mjs', `export const LIMIT = 3; ${ANOTHER_CLASS}`],
    [
      'a default class before a named one',
      '001_a.mjs',
      `${CLASS} ${ANOTHER_CLASS.replace('up of a class', 'wrong')}`,
    ],
    ["TypeScript's CommonJS of a default class", '001_a.cjs', TYPESCRIPT_COMMONJS],
    ['module.exports = class', '001_a.cjs', "module.exports = class { up() { return 'up of a class'; } };"],
    ['a class in .mts', '001_a.mts', CLASS],
  ])('finds %s', async (_what, file, text) => {
    const Found = (await load(file, text)) as new () => MigrationObject;
    expect(new Found().up(undefined as never)).toBe('up of a class');
  });

  it('finds a decorated class in TypeScript', async () => {
    const found = await load(
      '001_a.ts',
      `import { migration, Migration, type Database } from 'decant';
       @migration({ description: 'users' })
       export default class AddUsers extends Migration { up(db: Database): void { db.exec(''); } }`,
    );
    expect((found as { prototype: unknown }).prototype).toBeInstanceOf(Migration);
  });

  it.each<[string, string, string, RegExp]>([
    ['nothing', '001_a.mjs', 'export {};', /exports no up\(\)/],
    ['no up', '001_a.mjs', 'export const down = () => {};', /exports no up\(\)/],
    ['an up that is no function', '001_a.mjs', "export const up = 'CREATE TABLE';", /exports no up\(\)/],
    ['a plain function as default', '001_a.mjs', 'export default () => {};', /exports no up\(\)/],
    ['null', '001_a.mjs', 'export default null;', /exports no up\(\)/],
    ['nothing in CommonJS', '001_a.cjs', 'console;', /exports no up\(\)/],
    [
      'two classes',
      '001_a.mjs',
      `${ANOTHER_CLASS} ${ANOTHER_CLASS.replace('class B', 'class C')}`,
      /exports 2 of them/,
    ],
  ])('refuses a file that exports %s, naming it', async (_what, file, text, message) => {
    const error = await rejectionOf(load(file, text));
    expect(error).toMatchObject({
      code: 'DECANT_INVALID_MIGRATION',
      message: expect.stringMatching(message),
      hint: expect.stringContaining('does not begin with a number'),
    });
    expect((error as Error).message).toContain(`/${file} looks like a migration but is not one`);
  });

  it.each<[string, string, string]>([
    ['throws at import', "throw new Error('no luck');", 'no luck'],
    ['throws something that is no error', "throw 'a string';", 'a string'],
    ['imports what is not there', "import './nowhere.mjs';", 'nowhere.mjs'],
    ['is no JavaScript', 'export const up = (;', 'Unexpected token'],
  ])('names a file that %s, and why', async (_what, text, why) => {
    const error = await rejectionOf(load('001_a.mjs', text));
    expect(error).toMatchObject({
      code: 'DECANT_INVALID_MIGRATION',
      message: expect.stringMatching(/^Cannot load .*001_a\.mjs: /),
      hint: 'Mend the file; nothing was run.',
    });
    expect((error as Error).message).toContain(why);
  });

  it('refuses a decorated class whose name is not that of its file', async () => {
    const text = `import { migration, Migration } from 'decant';
      @migration({ name: '001_other' })
      export default class A extends Migration { up(): void {} }`;
    expect(await rejectionOf(load('001_a.ts', text))).toMatchObject({
      code: 'DECANT_INVALID_MIGRATION',
      message: '001_a.ts calls itself 001_other: one migration, two names.',
    });
  });

  it.each(["001_it's.mjs", '001_say "hi".mjs', '001_add users.mjs', '001_数据 é.mjs', '001_%41#?.mjs'])(
    'imports %j',
    async (file) => {
      const definition = (await load(file, "export const up = () => 'up';")) as MigrationObject;
      expect(definition.up(undefined as never)).toBe('up');
    },
  );
});

const body = (what: string, sql: string): string =>
  `// ${what}\n${'\n'.repeat(what === 'second' ? 3 : 0)}function up(db) {\n  db.exec('${sql}');\n}\n`;

/** Runs a script that has `decant`, `service`, `db` and `write`, in a process of its own, and returns what it has told. */
function toldBy(script: string): Promise<unknown> {
  const folder = makeFolder({ 'package.json': '{"type": "module"}' });
  const before = `
    import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
    import { dirname, join } from 'node:path';
    import Database from 'better-sqlite3';
    import { container } from 'tsyringe';
    import { MigrationService, registerDecant } from 'decant';
    const told = [];
    const pathOf = (name) => join(${JSON.stringify(folder)}, name);
    const write = (name, text) => {
      mkdirSync(dirname(pathOf(name)), { recursive: true });
      writeFileSync(pathOf(name), text);
    };
    const one = (sql) => \`export default class One { up(db) { db.exec('\${sql}'); } }\`;
    const two = (from, rest = '') => \`
      import { migration } from 'decant';
      import One from '\${from}';
      class Two { up(db) { db.exec('CREATE TABLE two (x)'); } \${rest} }
      migration({ dependsOn: [One] })(Two);
      export default Two;\`;
    const upIn = async (directory) => {
      const own = container.createChildContainer();
      const db = new Database(':memory:');
      registerDecant(own, { database: db, directory: pathOf(directory) });
      const up = () => own.resolve(MigrationService).up().then(
        ({ steps }) => steps.map(({ name, outcome }) => name + ' ' + outcome).join(', '),
        (error) => error.message,
      );
      return async () => void told.push(await up());
    };`;
  const register = ['--import', 'reflect-metadata', '--import', join(ROOT, 'lib', 'register.js')];
  return resultOf(`${before} ${script} console.log(JSON.stringify(told));`, {}, register);
}

describe('a class that another migration depends on, once its file was edited', () => {
  const FAILS = /^Migration 001_one \(001_one\.\w+:1\) failed: near "BOGUS"/;
  const BOTH = '001_one applied, 002_two applied';

  it.each(['mjs', 'ts'])('is still known by that file: .%s', async (extension) => {
    const told = await toldBy(`
      const up = await upIn('m');
      write('m/001_one.${extension}', one('BOGUS'));
      write('m/002_two.${extension}', two('./001_one.${extension}'));
      await up();
      write('m/001_one.${extension}', one('CREATE TABLE one (x)'));
      await up();`);
    expect(told).toEqual([expect.stringMatching(FAILS), BOTH]);
  });

  it('also where the other was edited too, or has come later', async () => {
    const told = await toldBy(`
      for (const [folder, earlier] of [['a', ['002_two.mjs']], ['b', []]]) {
        const up = await upIn(folder);
        write(folder + '/001_one.mjs', one('BOGUS'));
        for (const file of earlier) write(folder + '/' + file, two('./001_one.mjs'));
        await up();
        write(folder + '/001_one.mjs', one('CREATE TABLE one (x)'));
        write(folder + '/002_two.mjs', two('./001_one.mjs', 'down() {}'));
        await up();
      }`);
    expect(told).toEqual([expect.stringMatching(FAILS), BOTH, expect.stringMatching(FAILS), BOTH]);
  });

  it('and not by its name: a file that is gone, or that of another folder, is none of them', async () => {
    const told = await toldBy(`
      const up = await upIn('m');
      write('m/001_one.mjs', one('BOGUS'));
      write('m/002_two.mjs', two('./001_one.mjs'));
      await up();
      write('n/001_one.mjs', one('CREATE TABLE one (x)'));
      write('n/002_two.mjs', two('../m/001_one.mjs'));
      await (await upIn('n'))();
      renameSync(pathOf('m/001_one.mjs'), pathOf('m/001_first.mjs'));
      await up();`);
    const unknown = expect.stringMatching(/002_two → class One leads to no migration/);
    expect(told).toEqual([expect.stringMatching(FAILS), unknown, unknown]);
  });

  it('and by each file that exports it', async () => {
    const told = await toldBy(`
      write('m/001_one.mjs', one('CREATE TABLE one (x)'));
      write('n/001_one.mjs', "export { default } from '../m/001_one.mjs';");
      write('n/002_two.mjs', two('../m/001_one.mjs'));
      await (await upIn('m'))();
      const up = await upIn('n');
      await up();
      write('n/001_one.mjs', one('CREATE TABLE mine (x)'));
      await (await upIn('n'))();`);
    expect(told).toEqual(['001_one applied', BOTH, BOTH]);
  });
});

// Node keeps what it has imported, and jest keeps modules of its own: so this is a process of its own.
describe('a file that was edited while the process runs', () => {
  const EXPORTS: Readonly<Record<string, string>> = {
    mjs: 'export { up };',
    js: 'export { up };',
    ts: 'const typed: number = 1; export { up, typed };',
    cjs: 'module.exports = { up };',
  };

  it.each(Object.entries(EXPORTS))(
    'is imported anew, with its lines as they are now: .%s',
    async (extension, exports) => {
      const directory = makeFolder({ 'package.json': '{"type": "module"}' });
      const script = `
      import { writeFileSync } from 'node:fs';
      import Database from 'better-sqlite3';
      import { container } from 'tsyringe';
      import { MigrationService, registerDecant } from 'decant';
      const db = new Database(':memory:');
      registerDecant(container, { database: db, directory: ${JSON.stringify(directory)} });
      const service = container.resolve(MigrationService);
      const told = [];
      for (const text of ${JSON.stringify([
        body('first', 'BOGUS'),
        body('second', 'WRONG'),
        body('first', 'BOGUS'),
        body('third', 'CREATE TABLE a (x)'),
      ])}) {
        writeFileSync(${JSON.stringify(join(directory, `001_a.${extension}`))}, text + ${JSON.stringify(exports)});
        told.push(await service.up().then(() => 'applied', ({ failure }) => failure.sql + ' in line ' + failure.line));
      }
      const [checksum] = db.prepare("SELECT checksum FROM _migrations_journal WHERE outcome = 'applied'").pluck().all();
      told.push((await service.status()).anomalies.length, checksum.length);
      console.log(JSON.stringify(told));`;
      const register = ['--import', 'reflect-metadata', '--import', join(ROOT, 'lib', 'register.js')];
      expect(await resultOf(script, {}, register)).toEqual([
        'BOGUS in line 3',
        'WRONG in line 6',
        'BOGUS in line 3',
        'applied',
        0,
        64,
      ]);
    },
  );
});
