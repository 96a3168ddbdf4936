import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  cacheFolder,
  defaultDatabasePath,
  isDebugging,
  isUnattended,
  loadConfig,
  type Config,
  type ConfigFlags,
  type Origin,
} from '../src/config.js';
import { defineConfig } from '../src/user-config.js';
import { ConfigError, DecantError, UsageError } from '../src/errors.js';
import { makeFolder, putFile } from './helpers/files.js';
import { decant, resultOf } from './helpers/processes.js';
import { onTerminal } from './helpers/terminal.js';

let folder: string;
const home = process.cwd();

beforeEach(() => {
  folder = makeFolder();
  process.chdir(folder);
});
afterEach(() => process.chdir(home));

const write = (path: string, text: string): string => putFile(folder, path, text);
const inFolder = (...parts: string[]): string => join(folder, ...parts);
const load = (flags: ConfigFlags = {}, env: NodeJS.ProcessEnv = {}): Promise<Config> =>
  loadConfig(flags, env);

async function refusal(flags: ConfigFlags = {}): Promise<DecantError> {
  const error: unknown = await load(flags).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof DecantError)) throw new Error('It was not refused.', { cause: error });
  return error;
}

describe('with nothing said', () => {
  it('is the default database, the built-in migrations and the strict rules', async () => {
    expect(await load()).toEqual({
      database: join(homedir(), '.decant', 'data', 'decant.db'),
      directory: undefined,
      lockTimeout: 10_000,
      backup: 'always',
      keep: 5,
      backupDirectory: undefined,
      configureConnection: undefined,
      hooks: [],
      outOfOrder: 'error',
      missing: 'error',
      changed: 'error',
      register: undefined,
      file: undefined,
      origins: { database: 'default', directory: 'default' },
    });
  });

  it('cannot be changed afterwards', async () => {
    expect(Object.isFrozen(await load())).toBe(true);
  });
});

describe('flag before environment before config before default', () => {
  it.each<[Origin, { flag?: string; env?: string; config?: string }]>([
    ['flag', { flag: 'flag', env: 'env', config: 'config' }],
    ['flag', { flag: 'flag', config: 'config' }],
    ['flag', { flag: 'flag', env: 'env' }],
    ['flag', { flag: 'flag' }],
    ['environment', { env: 'env', config: 'config' }],
    ['environment', { env: 'env' }],
    ['environment', { env: 'env', config: 'config' }],
    ['config', { config: 'config' }],
    ['config', { env: '', config: 'config' }],
    ['default', {}],
    ['default', { env: '' }],
  ])('%s of %j', async (origin, { flag, env, config }) => {
    if (config) {
      write('decant.config.json', JSON.stringify({ database: `${config}.db`, directory: config }));
    }
    const names = { flag: 'flag', environment: 'env', config: 'config', default: undefined };
    const name = names[origin];
    const settings = await load(
      { database: flag && `${flag}.db`, directory: flag },
      { DATABASE_PATH: env && `${env}.db`, DECANT_MIGRATIONS_DIR: env },
    );
    expect(settings.origins).toEqual({ database: origin, directory: origin });
    expect(settings.directory).toBe(name && inFolder(name));
    expect(settings.database).toBe(name ? inFolder(`${name}.db`) : defaultDatabasePath({}));
  });

  it('decides database and directory each by itself', async () => {
    write('decant.config.json', '{ "database": "c.db", "directory": "c" }');
    const { origins } = await load({ database: 'f.db' }, { DECANT_MIGRATIONS_DIR: 'e' });
    expect(origins).toEqual({ database: 'flag', directory: 'environment' });
  });

  it('holds for the rules and the lock timeout as well', async () => {
    write(
      'decant.config.json',
      JSON.stringify({ outOfOrder: 'warn', missing: 'warn', changed: 'warn', lockTimeout: 5 }),
    );
    expect(await load()).toMatchObject({
      outOfOrder: 'warn',
      missing: 'warn',
      changed: 'warn',
      lockTimeout: 5,
    });
    expect(await load({ outOfOrder: 'allow', lockTimeout: 0, missing: undefined })).toMatchObject({
      outOfOrder: 'allow',
      missing: 'warn',
      changed: 'warn',
      lockTimeout: 0,
    });
  });
});

describe('several of them', () => {
  const PACKAGE = '{ "name": "x", "decant": { "database": "package.db" } }';

  it.each([
    ['decant.config.json', '{ "database": "mine.db" }'],
    ['decant.config.mjs', "export default { database: 'mine.db' };"],
  ])('%s comes before package.json', async (file, text) => {
    write('package.json', PACKAGE);
    write(file, text);
    expect(await load()).toMatchObject({ database: inFolder('mine.db'), file: inFolder(file) });
  });

  it('package.json counts where there is no other', async () => {
    write('package.json', PACKAGE);
    expect(await load()).toMatchObject({ database: inFolder('package.db'), file: inFolder('package.json') });
  });

  it('a byte order mark before JSON is none of its text', async () => {
    write('decant.config.json', '\uFEFF{ "database": "mine.db" }');
    expect((await load()).database).toBe(inFolder('mine.db'));
  });
});

// The home folder is that of the process, whatever jest makes of its environment.
describe('HOME', () => {
  const script = `import { getDatabasePath } from 'decant';
    let told;
    try { told = getDatabasePath(); } catch ({ code, message, hint }) { told = { code, message, hint }; }
    console.log(JSON.stringify(told));`;

  it.each(['relative', './home', '.'])(
    'that is %j is refused where it is needed, and only there',
    async (HOME) => {
      for (const env of [{ HOME }, { HOME, DATABASE_PATH: '~/x.db' }]) {
        expect(await resultOf(script, env)).toEqual({
          code: 'DECANT_USAGE',
          message: `There is no home folder: HOME is "${HOME}".`,
          hint: expect.stringContaining('DATABASE_PATH'),
        });
      }
      expect(await resultOf(script, { HOME, DATABASE_PATH: '/x.db' })).toBe('/x.db');
    },
  );
});

describe('paths', () => {
  it('of a config file are relative to that file, also when it is found further up', async () => {
    write('decant.config.json', '{ "database": "data/app.db", "directory": "./migrations" }');
    mkdirSync(inFolder('deep/er'), { recursive: true });
    process.chdir(inFolder('deep/er'));
    expect(await load()).toMatchObject({
      database: inFolder('data/app.db'),
      directory: inFolder('migrations'),
      file: inFolder('decant.config.json'),
    });
  });

  it('of a config file that is named are relative to that file', async () => {
    write('conf/mine.json', '{ "database": "../app.db" }');
    const config = await load({ config: 'conf/mine.json' });
    expect(config).toMatchObject({ database: inFolder('app.db'), file: inFolder('conf/mine.json') });
  });

  it('of flags and variables are relative to where the command runs', async () => {
    write('decant.config.json', '{}');
    mkdirSync(inFolder('sub'));
    process.chdir(inFolder('sub'));
    expect((await load({ database: '../a.db' })).database).toBe(inFolder('a.db'));
    expect((await load({}, { DATABASE_PATH: 'b.db' })).database).toBe(inFolder('sub/b.db'));
    expect((await load({}, { DECANT_MIGRATIONS_DIR: 'm' })).directory).toBe(inFolder('sub/m'));
  });

  it.each([
    ['/abs/app.db', '/abs/app.db'],
    [':memory:', ':memory:'],
    ['~', homedir()],
    ['~/app.db', join(homedir(), 'app.db')],
    ['~other/app.db', undefined], // no user's home: a name like any other
    ['it\'s a ünï "code" name.db', undefined],
  ])('%s', async (path, expected) => {
    const absolute = expected ?? inFolder(path);
    write('decant.config.json', JSON.stringify({ database: path }));
    expect((await load({ database: path })).database).toBe(absolute);
    expect((await load({}, { DATABASE_PATH: path })).database).toBe(absolute);
    expect((await load()).database).toBe(absolute);
    expect(defaultDatabasePath({ DATABASE_PATH: path })).toBe(absolute);
  });

  it('takes ~ for the home folder in --config, too', async () => {
    const error = await refusal({ config: '~/no-such-folder/decant.json' });
    expect(error.message).toContain(join(homedir(), 'no-such-folder', 'decant.json'));
  });

  it.each(['database', 'directory', 'config'] as const)(
    'refuses an empty --%s, which is a variable that was not set',
    async (flag) => {
      const error = await refusal({ [flag]: '' });
      expect(error).toBeInstanceOf(UsageError);
      expect(error.message).toBe(`--${flag === 'directory' ? 'dir' : flag} was given an empty path.`);
    },
  );
});

describe('defaultDatabasePath', () => {
  it.each([{}, { DATABASE_PATH: '' }, { DATABASE_PATH: undefined }])(
    'is in the home folder, for %j',
    (env) => {
      expect(defaultDatabasePath(env)).toBe(join(homedir(), '.decant', 'data', 'decant.db'));
    },
  );
});

const ESM = `export default { database: 'kind.db', directory: 'm', lockTimeout: 7 };`;
const CJS = `module.exports = { database: 'kind.db', directory: 'm', lockTimeout: 7 };`;
const JSON_TEXT = '{ "database": "kind.db", "directory": "m", "lockTimeout": 7 }';
const TYPED = `import { defineConfig, type UserConfig } from 'decant';
const config: UserConfig = { database: 'kind.db', directory: 'm', lockTimeout: 7 };
export default defineConfig(config);`;

const KINDS: [file: string, text: string][] = [
  ['decant.config.ts', TYPED],
  ['decant.config.mts', TYPED],
  ['decant.config.js', ESM],
  ['decant.config.mjs', ESM],
  ['decant.config.cjs', CJS],
  ['decant.config.json', JSON_TEXT],
  ['package.json', `{ "name": "x", "decant": ${JSON_TEXT} }`],
];

// A package of its own says "type": jest, unlike Node, does not look into a .js to find out.
const packageJson = (file: string): void => {
  if (file !== 'package.json') write('package.json', '{ "type": "module" }');
};

describe('the config file', () => {
  it.each(KINDS)('may be %s', async (file, text) => {
    packageJson(file);
    write(file, text);
    expect(await load()).toMatchObject({
      database: inFolder('kind.db'),
      directory: inFolder('m'),
      lockTimeout: 7,
      file: inFolder(file),
      origins: { database: 'config', directory: 'config' },
    });
  });

  it.each(KINDS)('may be %s, in a process of its own', async (file, text) => {
    packageJson(file);
    write(file, text);
    write('m/001_a.js', 'export const up = () => {};');
    const { stdout, stderr, code } = await decant(['migrate:status', '--json'], { cwd: folder });
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(JSON.parse(stdout)).toMatchObject({
      database: inFolder('kind.db'),
      directory: inFolder('m'),
      pending: 1,
    });
  });

  it('may have any name when it is named', async () => {
    write('decant.config.json', '{ "database": "no.db" }');
    write('other.json', '{ "database": "yes.db" }');
    expect((await load({ config: 'other.json' })).database).toBe(inFolder('yes.db'));
  });

  it('may be a package.json without "decant", which is passed over', async () => {
    write('package.json', '{ "name": "x" }');
    write('decant.config.json', '{ "database": "yes.db" }');
    expect((await load()).database).toBe(inFolder('yes.db'));
  });

  it('may export its settings by name', async () => {
    write('decant.config.mjs', `export const database = 'named.db';`);
    expect((await load()).database).toBe(inFolder('named.db'));
  });

  it('may export a promise', async () => {
    write('decant.config.mjs', `export default Promise.resolve({ database: 'later.db' });`);
    expect((await load()).database).toBe(inFolder('later.db'));
  });

  it('may be empty of settings, and then changes nothing', async () => {
    write('decant.config.json', '{}');
    expect(await load()).toMatchObject({
      database: defaultDatabasePath({}),
      file: inFolder('decant.config.json'),
      origins: { database: 'default' },
    });
  });

  it('may leave a setting undefined', async () => {
    write('decant.config.mjs', 'export default { database: undefined, missing: undefined };');
    expect(await load()).toMatchObject({ missing: 'error', origins: { database: 'default' } });
  });

  it('hands register on as it is', async () => {
    write('decant.config.mjs', `export default { register(container) { container.seen = true; } };`);
    const { register } = await load();
    expect(register).toBeInstanceOf(Function);
  });

  it('is what defineConfig returns', () => {
    const config = { database: 'a.db' };
    expect(defineConfig(config)).toBe(config);
  });
});

describe('a config that cannot be used', () => {
  const policies = 'one of error, warn, allow';
  const timeout = 'a whole number of milliseconds, at most 2147483647';

  it.each<[setting: string, value: string, sentence: string]>([
    ['database', '7', 'database must be a path, not 7.'],
    ['database', "''", "database must be a path, not ''."],
    ['database', 'null', 'database must be a path, not null.'],
    ['database', '{}', 'database must be a path, not {}.'],
    ['directory', 'true', 'directory must be a path, not true.'],
    ['directory', "['a']", "directory must be a path, not [ 'a' ]."],
    ['directory', "''", "directory must be a path, not ''."],
    ['lockTimeout', "'10'", `lockTimeout must be ${timeout}, not '10'.`],
    ['lockTimeout', '-1', `lockTimeout must be ${timeout}, not -1.`],
    ['lockTimeout', '1.5', `lockTimeout must be ${timeout}, not 1.5.`],
    ['lockTimeout', 'NaN', `lockTimeout must be ${timeout}, not NaN.`],
    ['lockTimeout', 'Infinity', `lockTimeout must be ${timeout}, not Infinity.`],
    ['lockTimeout', '10n', `lockTimeout must be ${timeout}, not 10n.`],
    ['lockTimeout', '2 ** 31', `lockTimeout must be ${timeout}, not 2147483648.`],
    ['outOfOrder', "'sometimes'", `outOfOrder must be ${policies}, not 'sometimes'.`],
    ['outOfOrder', 'true', `outOfOrder must be ${policies}, not true.`],
    ['missing', "'ERROR'", `missing must be ${policies}, not 'ERROR'.`],
    ['changed', 'null', `changed must be ${policies}, not null.`],
    ['register', "'x'", "register must be a function, not 'x'."],
    ['databse', "'x'", 'has an unknown setting: databse.'],
    ['toString', "'x'", 'has an unknown setting: toString.'],
  ])('%s: %s', async (setting, value, sentence) => {
    const file = write('decant.config.mjs', `export default { ${setting}: ${value} };`);
    const error = await refusal();
    expect(error).toBeInstanceOf(ConfigError);
    const [start] = sentence.startsWith('has') ? [`${file} `] : [`${file}: `];
    expect(error.message).toBe(start + sentence);
  });

  it('names the settings that there are', async () => {
    write('decant.config.json', '{ "databse": "x" }');
    expect((await refusal()).hint).toBe(
      'The settings are database, directory, lockTimeout, outOfOrder, missing, changed, backup, keep, backupDirectory, configureConnection, hooks, register.',
    );
  });

  it('takes the longest lock timeout that SQLite knows', async () => {
    write('decant.config.json', '{ "lockTimeout": 2147483647 }');
    expect((await load()).lockTimeout).toBe(2_147_483_647);
  });

  // To take any of these for "no settings" would be to migrate the default database instead of the one meant.
  it.each<[what: string, file: string, text: string]>([
    ['an empty file', 'decant.config.json', ''],
    ['an empty module', 'decant.config.mjs', ''],
    ['null', 'decant.config.json', 'null'],
    ['a number', 'decant.config.json', '7'],
    ['a list', 'decant.config.json', '[]'],
    ['text in package.json', 'package.json', '{ "decant": "x" }'],
    ['no export', 'decant.config.mjs', `const config = { database: 'a.db' };`],
    ['an export of null', 'decant.config.mjs', 'export default null;'],
    ['an export of nothing', 'decant.config.mjs', 'export default undefined;'],
    ['an export of a list', 'decant.config.mjs', 'export default [];'],
    ['an export of a function', 'decant.config.mjs', 'export default () => ({});'],
  ])('%s is no config', async (_, name, text) => {
    const file = write(name, text);
    const error = await refusal();
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toBe(`${file} does not export an object.`);
  });

  it.each<[what: string, file: string, text: string, reason: RegExp]>([
    ['broken JSON', 'decant.config.json', '{\n  "database": \n}', /JSON/],
    ['a broken package.json', 'package.json', '{', /JSON/],
    ['a broken module', 'decant.config.mjs', 'export default {', /./],
    ['broken TypeScript', 'decant.config.ts', 'export default {', /./],
    ['a module that throws', 'decant.config.mjs', 'throw new Error("boom");', /: boom\.$/],
    ['a module that throws no error', 'decant.config.mjs', 'throw "boom";', /: boom\.$/],
    ['a module without what it imports', 'decant.config.mjs', 'import "./gone.js";', /gone\.js/],
  ])('%s is named, whether it was found or asked for', async (_, name, text, reason) => {
    const file = write(name, text);
    for (const flags of [{}, { config: name }]) {
      const error = await refusal(flags);
      expect(error).toBeInstanceOf(ConfigError);
      expect(error.message).toMatch(/^Cannot load the config file /);
      expect(error.message).toContain(file);
      expect(error.message).toMatch(reason);
      expect(error.message).not.toContain('\n');
      expect(error.hint).toBe('Mend the file, or name another with --config.');
    }
  });

  it.each([
    ['gone.json', /no such file/],
    ['gone.ts', /no such file/],
    ['settings.yaml', /No loader specified for extension "\.yaml"/],
    ['folder', /directory/],
  ])('--config %s', async (path, reason) => {
    write('settings.yaml', 'database: a.db');
    mkdirSync(inFolder('folder'));
    const error = await refusal({ config: path });
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toContain(`Cannot load the config file ${path}: `);
    expect(error.message).toMatch(reason);
  });

  it('--config package.json without "decant" is refused, not taken for the defaults', async () => {
    write('package.json', '{ "name": "x" }');
    expect((await refusal({ config: 'package.json' })).message).toContain('does not export an object');
  });

  it('is one sentence in the process as well: exit code 2, no drawing of the code, no stack', async () => {
    const file = write('decant.config.ts', 'export default {\n  database: \n};');
    const { stdout, stderr, code } = await decant(['migrate:status'], { cwd: folder });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr.trimEnd().split('\n')).toHaveLength(2);
    expect(stderr).toContain(`Cannot load the config file ${file}: `);
    expect(stderr).toContain('(line 3)');
  });
});

describe('--lock-timeout', () => {
  it.each(['2147483648', '-1', '1.5', 'soon', ''])(
    '%j is refused with 2, and opens no database',
    async (value) => {
      const args = ['migrate:up', '-d', 'app.db', '--lock-timeout', value];
      const { stderr, code } = await decant(args, { cwd: folder });
      expect(code).toBe(2);
      expect(stderr).toContain('--lock-timeout');
      expect(stderr).not.toMatch(/^\s+at /m);
      expect(existsSync(inFolder('app.db'))).toBe(false);
    },
  );
});

describe('the surroundings', () => {
  it.each<[boolean, NodeJS.ProcessEnv]>([
    [false, {}],
    [false, { DEBUG: '' }],
    [false, { DEBUG: '0' }],
    [false, { DEBUG: 'false' }],
    [false, { DEBUG: 'express:*' }],
    [false, { DEBUG: 'better-decant' }],
    [true, { DEBUG: '1' }],
    [true, { DEBUG: 'true' }],
    [true, { DEBUG: '*' }],
    [true, { DEBUG: 'decant' }],
    [true, { DEBUG: 'decant:*' }],
    [true, { DEBUG: 'express:*,decant' }],
  ])('debugging is %p for %j', (expected, env) => {
    expect(isDebugging(env)).toBe(expected);
  });

  describe.each(['stdin', 'stderr'] as const)('with a terminal or without one at %s', (stream) => {
    onTerminal();

    it.each<[boolean, boolean | undefined, NodeJS.ProcessEnv]>([
      [false, true, {}],
      [false, true, { CI: '' }],
      [true, true, { CI: 'true' }],
      [true, false, {}],
      [true, undefined, {}],
      [true, undefined, { CI: '1' }],
    ])('nobody can be asked: %p, with a terminal: %p, for %j', (expected, isTTY, env) => {
      Object.defineProperty(process[stream], 'isTTY', { value: isTTY, configurable: true });
      expect(isUnattended(env)).toBe(expected);
    });
  });
});

describe('the folder for what was compiled', () => {
  it.each([
    ['/somewhere/cache', '/somewhere/cache/decant'],
    ['relative', join(homedir(), '.cache', 'decant')],
    ['', join(homedir(), '.cache', 'decant')],
    [undefined, join(homedir(), '.cache', 'decant')],
  ])('with XDG_CACHE_HOME %p is %s', (named, expected) => {
    expect(cacheFolder({ XDG_CACHE_HOME: named })).toBe(expected);
  });
});
