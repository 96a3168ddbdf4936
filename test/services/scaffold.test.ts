import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { CONFIG_FILES, loadConfig } from '../../src/config.js';
import { DecantError, DuplicateMigrationError, UsageError } from '../../src/errors.js';
import { createMigration, initProject, type NewMigration } from '../../src/services/scaffold.js';
import { errorOf } from '../helpers/errors.js';
import { makeFolder, putFile } from '../helpers/files.js';
import { decant, ROOT, runNode, type Finished } from '../helpers/processes.js';

let folder: string;
beforeEach(() => {
  folder = makeFolder();
});

const write = (path: string, text: string): string => putFile(folder, path, text);
const inFolder = (...parts: string[]): string => join(folder, ...parts);

function create(words: string, options: Partial<NewMigration> = {}): { name: string; file: string } {
  return createMigration({
    directory: folder,
    words,
    language: 'ts',
    numbering: 'sequence',
    ...options,
  });
}

/** Makes the folder a project of its own, in which `decant` and better-sqlite3 are installed. */
function install(): void {
  write('package.json', '{ "name": "project", "type": "module" }');
  mkdirSync(inFolder('node_modules'));
  symlinkSync(ROOT, inFolder('node_modules/decant'), 'dir');
  for (const name of ['better-sqlite3', '@types']) {
    symlinkSync(join(ROOT, 'node_modules', name), inFolder('node_modules', name), 'dir');
  }
}

const STRICT_OPTIONS = {
  target: 'es2022',
  module: 'nodenext',
  types: ['node'],
  strict: true,
  noEmit: true,
  noImplicitOverride: true,
  noUnusedLocals: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  allowJs: true,
  checkJs: true,
};

function compile(options: Record<string, unknown> = {}): Promise<Finished> {
  write(
    'tsconfig.json',
    JSON.stringify({
      compilerOptions: { ...STRICT_OPTIONS, ...options },
      include: ['*.ts', 'migrations'],
    }),
  );
  return runNode([join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.'], { cwd: folder });
}

const digits = (): string => new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14);

const init = ({ database = 'app.db', dir = 'migrations' } = {}): string[] =>
  initProject({
    root: folder,
    database,
    directory: dir,
    migrations: resolve(folder, dir),
    configFiles: CONFIG_FILES,
  });

describe('the number of a new migration', () => {
  it.each<[string[], string]>([
    [[], '001_add_users'],
    [['001_a.ts'], '002_add_users'],
    [['001_a.ts', '003_c.js'], '004_add_users'],
    [['9_a.ts', '10_b.ts'], '011_add_users'],
    [['999_a.ts'], '1000_add_users'],
    [['00007_a.mts'], '00008_add_users'],
    [['001_a.ts', '001_b.ts'], '002_add_users'],
    [['20261122093000_a.ts'], '20261122093001_add_users'],
    [['001_a.ts', '005_b.test.ts', '006_c.d.ts', 'index.ts', 'readme.md', '9_d.sql'], '002_add_users'],
  ])('after %j gives %s', (files, expected) => {
    for (const file of files) write(file, '');
    expect(create('add users')).toEqual({ name: expected, file: inFolder(`${expected}.ts`) });
    expect(readdirSync(folder).toSorted()).toEqual([...files, `${expected}.ts`].toSorted());
  });

  it('is not that of a subfolder', () => {
    write('007_folder/index.ts', '');
    expect(create('a').name).toBe('001_a');
  });

  it('goes up with each', () => {
    expect(['a', 'b', 'a'].map((words) => create(words).name)).toEqual(['001_a', '002_b', '003_a']);
  });

  it('may be the time, in UTC, whatever numbers there are', () => {
    write('001_a.ts', '');
    const before = digits();
    const { name } = create('add users', { numbering: 'timestamp' });
    expect(name).toMatch(/^\d{14}_add_users$/);
    const at = name.slice(0, 14);
    expect(before <= at && at <= digits()).toBe(true);
  });
});

describe('the file of a new migration', () => {
  it.each([
    ['Add user prefs!', '001_add_user_prefs', 'AddUserPrefs'],
    ['2fa for users', '001_2fa_for_users', 'Migrate2faForUsers'],
    ['x', '001_x', 'X'],
    ['Größe ändern', '001_größe_ändern', 'GrößeÄndern'],
    ['добавить поле', '001_добавить_поле', 'ДобавитьПоле'],
    ['ユーザー 追加', '001_ユーザー_追加', 'ユーザー追加'],
    ['हिन्दी', '001_हिन्दी', 'हिन्दी'],
    ['m²', '001_m²', 'M'],
    ['½', '001_½', 'Migrate'],
    ['class', '001_class', 'Class'],
    ['migration', '001_migration', 'MigrateMigration'],
    ['database', '001_database', 'MigrateDatabase'],
    ['object', '001_object', 'MigrateObject'],
    ['reflect', '001_reflect', 'MigrateReflect'],
    ['../../outside', '001_outside', 'Outside'],
  ])('for "%s" is named %s, with a class %s', (words, name, className) => {
    const created = create(words);
    expect(created.name).toBe(name);
    expect(readdirSync(folder)).toEqual([`${name}.ts`]);
    expect(readFileSync(created.file, 'utf8')).toContain(
      `export default class ${className} extends Migration {`,
    );
  });

  it('is JavaScript where that is asked for', () => {
    expect(create('add users', { language: 'js' }).file).toBe(inFolder('001_add_users.js'));
  });

  it('is in a folder that is made for it', () => {
    const { file } = create('a', { directory: inFolder('deep/er') });
    expect(file).toBe(inFolder('deep/er/001_a.ts'));
    expect(existsSync(file)).toBe(true);
  });
});

describe('what cannot be created', () => {
  it.each<[string, () => unknown, new (...args: never[]) => DecantError, RegExp]>([
    ['no folder', () => create('a', { directory: undefined }), UsageError, /^There is no folder/],
    ['no words', () => create('!!!'), UsageError, /leaves nothing to name a migration by/],
    ['a name that is too long', () => create('a'.repeat(300)), UsageError, /^Cannot write .*ENAMETOOLONG/],
  ])('%s', (_, make, type, message) => {
    const error = errorOf(make) as DecantError;
    expect(error).toBeInstanceOf(type);
    expect(error.message).toMatch(message);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is one in a folder that is a file, or in a file', () => {
    const file = write('file', 'kept');
    for (const directory of [file, join(file, 'below')]) {
      const error = errorOf(() => create('a', { directory })) as UsageError;
      expect(error).toBeInstanceOf(UsageError);
      expect(error.message).toContain(`Cannot create the folder ${directory}`);
    }
    expect(readFileSync(file, 'utf8')).toBe('kept');
  });

  it('is one in a folder where two files have the same name', () => {
    write('001_a.ts', '');
    write('001_a.js', '');
    expect(() => create('b')).toThrow(DuplicateMigrationError);
    expect(readdirSync(folder)).toHaveLength(2);
  });

  it('does not make the folder when the words are no good', () => {
    expect(() => create('!', { directory: inFolder('new') })).toThrow(UsageError);
    expect(existsSync(inFolder('new'))).toBe(false);
  });

  it('is one whose file is there already: it stays as it is', () => {
    // A folder is no migration, and so its number is free; its name is not.
    mkdirSync(inFolder('001_a.ts'));
    write('001_a.ts/kept', 'kept');
    const error = errorOf(() => create('a')) as UsageError;
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toBe(`${inFolder('001_a.ts')} is there already, and was left as it is.`);
    expect(readFileSync(inFolder('001_a.ts/kept'), 'utf8')).toBe('kept');
  });
});

describe('initProject', () => {
  it('writes a config and a first migration, and names them', () => {
    expect(init()).toEqual([inFolder('decant.config.ts'), inFolder('migrations/001_create_users.ts')]);
    expect(readdirSync(folder).toSorted()).toEqual(['decant.config.ts', 'migrations']);
  });

  it.each([
    ["it's", 'a "b"\\c'],
    ['ünï ${code}`', 'dätä.db'],
    ['a b/c', 'd e.db'],
  ])('writes a config that says %s and %s as they are', async (dir, database) => {
    install();
    init({ dir, database });
    const config = await loadConfig({ config: inFolder('decant.config.ts') }, {});
    expect(config).toMatchObject({ directory: inFolder(dir), database: inFolder(database) });
    expect(existsSync(inFolder(dir, '001_create_users.ts'))).toBe(true);
  });

  it.each(['decant.config.ts', 'decant.config.json'])(
    'writes nothing at all when %s is there already',
    (file) => {
      write(file, 'kept');
      const error = errorOf(() => init()) as UsageError;
      expect(error).toBeInstanceOf(UsageError);
      expect(error.message).toBe(`${inFolder(file)} is there already, and was left as it is.`);
      expect(readFileSync(inFolder(file), 'utf8')).toBe('kept');
      expect(readdirSync(folder)).toEqual([file]);
    },
  );
});

describe('initProject, where there are migrations already', () => {
  it('writes the config only', () => {
    write('migrations/007_theirs.js', 'kept');
    expect(init()).toEqual([inFolder('decant.config.ts')]);
    expect(readdirSync(folder).toSorted()).toEqual(['decant.config.ts', 'migrations']);
    expect(readdirSync(inFolder('migrations'))).toEqual(['007_theirs.js']);
    expect(readFileSync(inFolder('migrations/007_theirs.js'), 'utf8')).toBe('kept');
  });

  it('takes no other file for one', () => {
    write('migrations/README.md', 'kept');
    expect(init()).toEqual([inFolder('decant.config.ts'), inFolder('migrations/001_create_users.ts')]);
  });

  it('leaves no config behind whose migrations could not be written', () => {
    write('migrations', 'a file');
    expect(() => init()).toThrow(UsageError);
    expect(readdirSync(folder)).toEqual(['migrations']);
  });

  it('can be run again when it could not write the config', () => {
    symlinkSync(inFolder('gone', 'away.ts'), inFolder('decant.config.ts'));
    expect(() => init()).toThrow(UsageError);
    rmSync(inFolder('decant.config.ts'));
    expect(init()).toEqual([inFolder('decant.config.ts')]);
  });
});

describe('what was written', () => {
  const WORDS = [
    'add users',
    '2fa',
    'migration',
    'database',
    '½',
    'ユーザー 追加',
    'हिन्दी',
    'object',
    'reflect',
  ];

  function writeAll(): void {
    install();
    init();
    const directory = inFolder('migrations');
    for (const words of WORDS) create(words, { directory });
    create('in javascript', { directory, language: 'js' });
    create('at a time', { directory, numbering: 'timestamp' });
  }

  it.each([
    ['the decorators of old', { experimentalDecorators: true, emitDecoratorMetadata: true }],
    ['the decorators of the standard', {}],
  ])('compiles in strict mode with %s', async (_, options) => {
    writeAll();
    expect(await compile(options)).toMatchObject({ stdout: '', stderr: '', code: 0 });
  });

  it('is really compiled by that test', async () => {
    writeAll();
    write('migrations/099_wrong.ts', `export const wrong: number = 'text';`);
    const { stdout, code } = await compile();
    expect(code).not.toBe(0);
    expect(stdout).toContain('099_wrong.ts');
  });

  it('runs as it is, all the way up and down again', async () => {
    writeAll();
    expect(await decant(['migrate:up', '--json'], { cwd: folder })).toMatchObject({ code: 0 });
    const db = new Database(inFolder('app.db'), { readonly: true });
    try {
      expect(db.prepare('SELECT count(*) FROM _migrations').pluck().get()).toBe(WORDS.length + 3);
      expect(db.prepare('SELECT count(*) FROM users').pluck().get()).toBe(0);
    } finally {
      db.close();
    }
    expect(await decant(['migrate:reset', '--yes', '--json'], { cwd: folder })).toMatchObject({ code: 0 });
    expect((await decant(['migrate:status'], { cwd: folder })).stdout).toContain(
      `Pending: ${WORDS.length + 3}`,
    );
  });
});
