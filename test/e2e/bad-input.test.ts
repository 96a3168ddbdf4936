import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { SqliteMigrationRepository } from '../../src/services/sqlite-migration-repository.js';
import { jsonOf, NOTHING_BUT_THE_TARGET } from '../helpers/command.js';
import { makeFolder, printsOf } from '../helpers/files.js';
import { TWO_MIGRATIONS } from '../helpers/migrations.js';
import { canActAsNobody, decant, NOBODY, skipLoudly, type Spawning } from '../helpers/processes.js';

/** One way to get it wrong. */
interface Case {
  readonly args: readonly string[];
  readonly code: number;
  readonly errorCode: string;
  readonly says: RegExp;
  readonly hint?: RegExp;
  readonly files?: Readonly<Record<string, string>>;
  readonly prepare?: (folder: string) => void;
  readonly env?: Readonly<Record<string, string>>;
}

const UP = ['migrate:up', '-d', 'app.db', '--dir', 'migrations'];
const STATUS = ['migrate:status', '-d', 'app.db', '--dir', 'migrations'];
const DOWN = ['migrate:down', '-d', 'app.db', '--dir', 'migrations'];
const usage = { code: 2, errorCode: 'DECANT_USAGE' };
const config = { code: 2, errorCode: 'DECANT_CONFIG' };
const unknown = {
  code: 2,
  errorCode: 'DECANT_UNKNOWN_MIGRATION',
  says: /There is no migration named "009_nope"/,
};
const database = { code: 1, errorCode: 'DECANT_DATABASE' };
const unconfirmed = { code: 2, errorCode: 'DECANT_CONFIRMATION_REQUIRED', says: /nobody can be asked/ };

const COMMAND_LINE: Record<string, Case> = {
  'an unknown command': { ...usage, args: ['migrat'], says: /There is no command migrat\./ },
  'an unknown subcommand': { ...usage, args: ['migrate:upp'], says: /There is no command migrate:upp\./ },
  'an unknown subcommand with a space': {
    ...usage,
    args: ['migrate', 'upp'],
    says: /There is no command migrate:upp\./,
  },
  'a flag between migrate and its command': {
    ...usage,
    args: ['migrate', '--dir', 'migrations', 'up'],
    says: /The command is to come right after migrate\./,
  },
  'migrate without a command, but with a flag': {
    ...usage,
    args: ['migrate', '-d', 'app.db'],
    says: /The command is to come right after migrate\./,
  },
  'an unknown flag': { ...usage, args: [...UP, '--bogus'], says: /Nonexistent flag: --bogus/ },
  'an argument too many': { ...usage, args: [...UP, 'extra'], says: /Unexpected argument: extra/ },
  'a flag without its value': { ...usage, args: ['migrate:up', '--dir'], says: /--dir expects a value/ },
  'an empty --database': {
    ...usage,
    args: ['migrate:up', '-d', ''],
    says: /--database (?:is|was given an) empty/,
  },
  'an empty --dir': { ...usage, args: ['migrate:up', '--dir', ''], says: /--dir (?:is|was given an) empty/ },
  'an empty --config': {
    ...usage,
    args: ['migrate:up', '--config', ''],
    says: /--config (?:is|was given an) empty/,
  },
  'steps that are no number': { ...usage, args: [...UP, '--steps', 'x'], says: /--steps .*integer.*: x/ },
  'no steps': { ...usage, args: [...UP, '--steps', '0'], says: /--steps .*equal to 1.*: 0/ },
  'steps and a target': {
    ...usage,
    args: [...UP, '--steps=1', '--to=001_users'],
    says: /--steps=1 cannot also/,
  },
  'a name and steps': {
    ...usage,
    args: [...DOWN, '001_users', '--steps=1'],
    says: /More than one of a name/,
  },
  'a policy of its own': { ...usage, args: [...UP, '--missing=maybe'], says: /error, warn, allow/ },
  'a negative timeout': { ...usage, args: [...UP, '--lock-timeout=-1'], says: /--lock-timeout .*: -1/ },
  'a plan of nothing': {
    ...usage,
    args: ['migrate:plan', 'sideways'],
    says: /sideways to be one of: up, down/,
  },
  'a new migration without a name': {
    ...usage,
    args: ['migrate:create', '--dir', 'migrations'],
    says: /needs a name/,
  },
  'a new migration without a folder': { ...usage, args: ['migrate:create', 'x'], says: /no folder to write/ },
  'a second init': {
    ...usage,
    args: ['migrate:init'],
    files: { 'decant.config.ts': 'export default {};' },
    says: /is there already/,
  },
  'a name of nothing but signs': {
    ...usage,
    args: ['migrate:create', '--dir', 'migrations', '!!'],
    says: /leaves nothing to name/,
  },
};

const HOMES: Record<string, Case> = {
  'relative for the default database': {
    ...usage,
    args: ['migrate:up'],
    env: { HOME: 'relative' },
    says: /There is no home folder: HOME is "relative"\./,
  },
  'empty for the default database': {
    ...usage,
    args: ['migrate:status'],
    env: { HOME: '' },
    says: /There is no home folder: HOME is ""\./,
  },
  'relative for a ~ in a path': {
    ...usage,
    args: ['migrate:up', '-d', '~/app.db'],
    env: { HOME: 'relative' },
    says: /There is no home folder: HOME is "relative"\./,
  },
};

const NAMES: Record<string, Case> = {
  'up --to': { ...unknown, args: [...UP, '--to', '009_nope'] },
  'down --to': { ...unknown, args: [...DOWN, '--to', '009_nope'] },
  down: { ...unknown, args: [...DOWN, '009_nope'] },
  'plan down': { ...unknown, args: ['migrate:plan', 'down', '009_nope', ...UP.slice(1)] },
  'a pending one': {
    code: 1,
    errorCode: 'DECANT_NOT_APPLIED',
    args: [...DOWN, '002_posts'],
    says: /002_posts is not applied/,
  },
};

const decorated = (decorator: string): string => `import { Migration, migration } from 'decant';
${decorator}
export default class X extends Migration { up(): void {} }
`;
const injected = (
  constructor: string,
): string => `import { inject, injectable, Migration, migration } from 'decant';
@injectable()
class Service { ${constructor} }
@migration()
export default class X extends Migration {
  constructor(private readonly service: Service) { super(); }
  up(): void {}
}
`;
const injection = { code: 1, errorCode: 'DECANT_INJECTION', args: UP };

const SOURCES: Record<string, Case> = {
  'a missing folder': {
    code: 2,
    errorCode: 'DECANT_SOURCE',
    args: ['migrate:up', '-d', 'app.db', '--dir', 'nowhere'],
    says: /nowhere: it does not exist/,
  },
  'a folder from the environment that is missing': {
    code: 2,
    errorCode: 'DECANT_SOURCE',
    args: ['migrate:up', '-d', 'app.db'],
    env: { DECANT_MIGRATIONS_DIR: 'nowhere' },
    says: /nowhere: it does not exist/,
  },
  'a file for a folder': {
    code: 2,
    errorCode: 'DECANT_SOURCE',
    args: ['migrate:up', '-d', 'app.db', '--dir', 'app.db'],
    says: /app\.db: it is not a folder/,
  },
  'a file that is no migration': {
    code: 1,
    errorCode: 'DECANT_INVALID_MIGRATION',
    args: UP,
    files: { 'migrations/003_x.mjs': 'export const nothing = 1;' },
    says: /003_x\.mjs looks like a migration but is not one/,
  },
  'a file that does not parse': {
    code: 1,
    errorCode: 'DECANT_INVALID_MIGRATION',
    args: UP,
    files: { 'migrations/003_x.ts': '\n\nexport const up = (;' },
    says: /Cannot load .*003_x\.ts: Expression expected \(line 3\)/,
  },
  'an option that @migration() does not know': {
    code: 1,
    errorCode: 'DECANT_INVALID_MIGRATION',
    args: UP,
    files: { 'migrations/003_x.ts': decorated("@migration({ irreversable: 'no way back' })") },
    says: /Cannot load .*003_x\.ts: @migration\(\) knows no option irreversable\./,
  },
  'an option of @migration() of a wrong type': {
    code: 1,
    errorCode: 'DECANT_INVALID_MIGRATION',
    args: UP,
    files: { 'migrations/003_x.ts': decorated("@migration({ transaction: 'false' })") },
    says: /003_x\.ts: @migration\(\{ transaction \}\) must be a boolean or 'batches'\./,
  },
  '@migration without its parentheses': {
    code: 1,
    errorCode: 'DECANT_INVALID_MIGRATION',
    args: UP,
    files: { 'migrations/003_x.ts': decorated('@migration') },
    says: /003_x\.ts: @migration is written without its parentheses\./,
  },
  'a token that nothing is registered for, of what is injected': {
    ...injection,
    files: { 'migrations/003_x.ts': injected("constructor(@inject('app url') readonly url: string) {}") },
    says: /the container cannot fill parameter 1, "service"\./,
    hint: /container\.register\("app url", …\)/,
  },
  'a service that cannot be constructed': {
    ...injection,
    files: { 'migrations/003_x.ts': injected("constructor() { throw new Error('no key') }") },
    says: /the container cannot fill parameter 1, "service"\./,
    hint: /Mend what fails there: .*no key/,
  },
  'two files of one name': {
    code: 1,
    errorCode: 'DECANT_DUPLICATE_MIGRATION',
    args: UP,
    files: { 'migrations/002_posts.ts': 'export const up = () => {};' },
    says: /Two files are named 002_posts/,
  },
};

const CONFIGS: Record<string, Case> = {
  'a missing file': {
    ...config,
    args: [...UP, '--config', 'no.ts'],
    says: /Cannot load the config file .*no\.ts/,
  },
  'a broken .ts file': {
    ...config,
    args: [...UP, '--config', 'c.ts'],
    files: { 'c.ts': 'export default {' },
    says: /Cannot load the config file .*c\.ts: .+ \(line 1\)/,
  },
  'a broken .json file': {
    ...config,
    args: UP,
    files: { 'decant.config.json': '{ nope' },
    says: /Cannot load the config file/,
  },
  'a value of a wrong type': {
    ...config,
    args: UP,
    files: { 'decant.config.mjs': 'export default { database: 3 };' },
    says: /database must be a path, not 3/,
  },
  'a setting that does not exist': {
    ...config,
    args: UP,
    files: { 'package.json': '{ "decant": { "databse": "x.db" } }' },
    says: /unknown setting: databse/,
  },
  'a register() that throws': {
    ...config,
    args: UP,
    files: { 'decant.config.mjs': "export default { register() { throw new Error('no key') } };" },
    says: /register\(\) of .*decant\.config\.mjs failed: no key/,
  },
  'a register() that is asynchronous': {
    ...config,
    args: UP,
    files: { 'decant.config.mjs': 'export default { async register() {} };' },
    says: /register\(\) of .*decant\.config\.mjs returned a promise: it must be synchronous\./,
  },
  'an export that is no object': {
    ...config,
    args: UP,
    files: { 'decant.config.mjs': 'export default 3;' },
    says: /does not export an object/,
  },
};

const alter =
  (sql: string) =>
  (folder: string): void => {
    const db = new Database(join(folder, 'app.db'));
    db.exec(sql);
    db.close();
  };

// The journal as it is today, with a last row in the format of tomorrow.
function makeNewer(folder: string): void {
  const db = new Database(join(folder, 'app.db'));
  const repository = new SqliteMigrationRepository(db);
  repository.ensureTables();
  const now = new Date().toISOString();
  repository.record({
    runId: 'r',
    name: 'x',
    direction: 'up',
    outcome: 'failed',
    startedAt: now,
    durationMs: 1,
  });
  db.exec(`CREATE TEMP TABLE newer AS SELECT * FROM _migrations_journal;
    UPDATE newer SET id = id + 1, versions = json_set(versions, '$.format', 99);
    INSERT INTO _migrations_journal SELECT * FROM newer;`);
  db.close();
}

const DATABASES: Record<string, Omit<Case, 'args'>> = {
  'is no database': {
    ...database,
    prepare: (folder) => writeFileSync(join(folder, 'app.db'), 'plain text, '.repeat(100)),
    says: /app\.db: file is not a database/,
  },
  'is a folder': {
    ...database,
    prepare: (folder) => mkdirSync(join(folder, 'dir.db')),
    env: { DATABASE_PATH: 'dir.db' },
    says: /dir\.db: unable to open database file/,
  },
  'has a name that ends in a space': {
    ...database,
    env: { DATABASE_PATH: 'app.db ' },
    says: /ends in white space/,
  },
  'was written by a newer Decant': {
    code: 1,
    errorCode: 'DECANT_NEWER_DATABASE',
    prepare: makeNewer,
    says: /by Decant .+, which is newer than this one/,
  },
  "has another program's _migrations": {
    ...database,
    prepare: alter('DROP TABLE _migrations; CREATE TABLE _migrations (version TEXT)'),
    says: /app\.db has a _migrations of another kind: it lacks id, name, applied_at\./,
  },
  'has a view for a _migrations': {
    ...database,
    prepare: alter('ALTER TABLE _migrations RENAME TO old; CREATE VIEW _migrations AS SELECT * FROM old'),
    says: /app\.db has a _migrations of another kind: it is a view\./,
  },
  'is damaged': {
    ...database,
    prepare: (folder) => {
      const bytes = readFileSync(join(folder, 'app.db'));
      writeFileSync(join(folder, 'app.db'), bytes.fill(0xff, 100, 4096));
    },
    says: /app\.db: database disk image is malformed/,
  },
};

const HISTORIES: Record<string, Case> = {
  'a pending migration before an applied one': {
    code: 4,
    errorCode: 'DECANT_OUT_OF_ORDER',
    args: UP,
    files: { 'migrations/000_first.mjs': 'export const up = () => {};' },
    says: /Out of order: 000_first is pending but sorts before 001_users/,
  },
  'a recorded migration that is gone': {
    code: 4,
    errorCode: 'DECANT_MISSING',
    args: UP,
    prepare: alter("INSERT INTO _migrations (name) VALUES ('000_gone')"),
    says: /Missing: 000_gone/,
  },
  'a rollback of two that nobody can confirm': {
    ...unconfirmed,
    args: [...DOWN, '--steps', '2'],
    prepare: alter("INSERT INTO _migrations (name) VALUES ('002_posts')"),
  },
  'a reset that nobody can confirm': { ...unconfirmed, args: ['migrate:reset', ...UP.slice(1)] },
};

/** A folder with two migrations and a database in which another program has applied the first. */
function project(files: Readonly<Record<string, string>> = {}): string {
  const folder = makeFolder({ ...TWO_MIGRATIONS, ...files });
  const db = new Database(join(folder, 'app.db'));
  db.exec(`CREATE TABLE users (id INTEGER PRIMARY KEY);
    CREATE TABLE _migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE NOT NULL,
      applied_at TEXT NOT NULL DEFAULT (datetime('now')));
    INSERT INTO _migrations (name) VALUES ('001_users');`);
  db.close();
  return folder;
}

async function expectRefusal(each: Case, folder: string, options: Spawning = {}): Promise<void> {
  const before = printsOf(folder);
  const spawning = { cwd: folder, ...options, env: { ...options.env, ...each.env } };
  const [text, json] = await Promise.all([
    decant(each.args, spawning),
    decant([...each.args, '--json'], spawning),
  ]);

  expect(text.stderr).toMatch(each.says);
  expect(text.stderr.match(/^✗ .+\n {2}Next .+\n$/gm)).toHaveLength(1);
  expect(text.stderr).not.toMatch(/^\s+at |node:internal|tsyringe|Cannot inject/m);
  expect(text.code).toBe(each.code);
  expect(jsonOf(json)).toEqual({
    error: {
      code: each.errorCode,
      message: expect.stringMatching(each.says),
      hint: expect.stringMatching(each.hint ?? /\w{3}/),
      exitCode: each.code,
    },
  });
  expect(json.stderr).toMatch(NOTHING_BUT_THE_TARGET);
  expect(json.code).toBe(each.code);
  expect(printsOf(folder)).toEqual(before);
}

describe('bad input ends in one sentence, a hint, the right code and an untouched folder', () => {
  describe.each([
    ['a command line with', COMMAND_LINE],
    ['a home that is', HOMES],
    ['an unknown name for', NAMES],
    ['migrations in', SOURCES],
    ['a config with', CONFIGS],
    ['a history with', HISTORIES],
  ])('%s', (_group, cases) => {
    it.each(Object.entries(cases))('%s', async (_what, each) => {
      const folder = project(each.files);
      each.prepare?.(folder);
      await expectRefusal(each, folder);
    });
  });

  describe.each(Object.entries(DATABASES))('a database that %s', (_what, each) => {
    it.each([
      ['up', 'migrate:up'],
      ['status', 'migrate:status'],
    ])('for %s', async (_name, command) => {
      const folder = project();
      each.prepare?.(folder);
      const env = { DATABASE_PATH: 'app.db', ...each.env };
      await expectRefusal({ ...each, env, args: [command, '--dir', 'migrations'] }, folder);
    });
  });
});

describe('an edited file', () => {
  it('is refused with 4 and named', async () => {
    const folder = makeFolder(TWO_MIGRATIONS);
    await decant([...UP, '--steps', '1'], { cwd: folder });
    // Of two readers of a WAL database at once, the last may leave an empty WAL behind.
    alter('PRAGMA journal_mode = DELETE')(folder);
    writeFileSync(join(folder, 'migrations/001_users.mjs'), '// edited\nexport const up = () => {};\n');
    const says = /Changed: 001_users was edited after having been applied/;
    await expectRefusal({ code: 4, errorCode: 'DECANT_CHANGED', args: UP, says }, folder);
  });
});

describe('DEBUG', () => {
  it('adds the stack trace, and only it does', async () => {
    const args = ['migrate:status', '--dir', 'nowhere'];
    const [plain, debugging] = await Promise.all([
      decant(args, { cwd: project() }),
      decant(args, { cwd: project(), env: { DEBUG: 'decant' } }),
    ]);
    expect(plain.stderr).not.toMatch(/^\s+at /m);
    expect(debugging.stderr).toMatch(/^\s+at .*DirectorySource/m);
    expect(debugging.code).toBe(plain.code);
  });
});

describe('a missing folder', () => {
  it('is made by up, and neither made nor minded by status', async () => {
    const folder = makeFolder(TWO_MIGRATIONS);
    const args = ['-d', 'new/deep/app.db', '--dir', 'migrations'];
    const status = await decant(['migrate:status', ...args], { cwd: folder });
    expect(status).toMatchObject({ code: 0, stderr: '' });
    expect(status.stdout).toContain('Total: 2 | Applied: 0 | Pending: 2');
    expect(readdirSync(folder)).toEqual(['migrations']);
    expect(await decant(['migrate:up', ...args], { cwd: folder })).toMatchObject({ code: 0 });
    expect(readdirSync(join(folder, 'new/deep'))).toEqual(['app.db']);
  });
});

const asNobody = canActAsNobody();
if (!asNobody) skipLoudly('file permissions', 'the tests are not root, or others cannot read the repository');

(asNobody ? describe : describe.skip)('what this user may not touch', () => {
  let folder: string;
  beforeAll(() => {
    folder = project();
    chmodSync(folder, 0o777);
  });

  it.each<[string, string, number, Case]>([
    ['an unreadable database', 'app.db', 0o000, { ...database, args: UP, says: /app\.db: unable to open/ }],
    [
      'an unreadable database, looking',
      'app.db',
      0o000,
      { ...database, args: STATUS, says: /unable to open/ },
    ],
    ['a read-only database', 'app.db', 0o444, { ...database, args: UP, says: /attempt to write a readonly/ }],
    [
      'an unreadable folder of migrations',
      'migrations',
      0o000,
      { code: 2, errorCode: 'DECANT_SOURCE', args: UP, says: /migrations: permission denied/ },
    ],
    [
      'an unreadable migration',
      'migrations/002_posts.mjs',
      0o000,
      {
        code: 1,
        errorCode: 'DECANT_INVALID_MIGRATION',
        args: UP,
        says: /Cannot read .*002_posts\.mjs: permission denied/,
      },
    ],
    [
      'a folder that no database can be made in',
      '.',
      0o555,
      {
        ...database,
        args: ['migrate:up', '--dir', 'migrations', '-d', 'new.db'],
        says: /new\.db: unable to open/,
      },
    ],
    [
      'a folder that no config can be made in, although migrations are there',
      '.',
      0o555,
      { ...usage, args: ['migrate:init'], says: /Cannot write .*decant\.config\.ts: / },
    ],
    [
      'a folder that no folder can be made in',
      '.',
      0o555,
      {
        ...database,
        args: ['migrate:up', '--dir', 'migrations', '-d', 'new/x.db'],
        says: /Cannot create the folder .*new: /,
      },
    ],
    [
      'a folder that no journal can be made in',
      '.',
      0o555,
      { ...database, args: UP, says: /unable to open|readonly/ },
    ],
  ])('%s', async (_what, path, mode, each) => {
    chmodSync(join(folder, 'app.db'), 0o666);
    const target = join(folder, path);
    const { mode: before } = statSync(target);
    chmodSync(target, mode);
    try {
      await expectRefusal(each, folder, { ...NOBODY, env: { HOME: folder } });
    } finally {
      chmodSync(target, before);
    }
  });
});
