import { beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { jsonOf } from '../helpers/command.js';
import { leaveKilled } from '../helpers/database.js';
import { makeFolder, printsOf } from '../helpers/files.js';
import { tableModule, TWO_MIGRATIONS } from '../helpers/migrations.js';
import { cleanEnvironment, CLI, decant, ROOT, skipLoudly, start } from '../helpers/processes.js';

const FLAGS = ['-d', 'app.db', '--dir', 'migrations'];
const STATUS = /\nMigration Status:\n=+\n\n\[[x ]\] 001_users/;

// Enough for the reader to have gone before the last line is written.
const slow = (name: string) =>
  tableModule(name).replace(
    '=> db.exec',
    '=> Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60) && db.exec',
  );

/** The database that the config file names. */
const databaseOf = async (folder: string): Promise<unknown> =>
  jsonOf(await decant(['migrate:status', '--json'], { cwd: folder }))['database'];

let applied: string;
beforeAll(async () => {
  applied = makeFolder(TWO_MIGRATIONS);
  await decant(['migrate:up', ...FLAGS], { cwd: applied });
});

describe.each([
  ['with a colon', (command: string) => [`migrate:${command}`]],
  ['with a space', (command: string) => ['migrate', command]],
])('every command works %s', (_how, words) => {
  it.each([
    ['status', FLAGS, STATUS, ''],
    ['up', FLAGS, /Nothing to do/, 'Database: '],
    ['down', FLAGS, /Rolled back 002_posts/, 'Database: '],
    ['reset', [...FLAGS, '--yes'], /Done: 2 rolled back/, 'Database: '],
    ['redo', FLAGS, /Done: 1 rolled back, 1 applied/, 'Database: '],
    ['plan', ['down', ...FLAGS], /migrate:down would run:\n {2}down {2}002_posts/, ''],
    ['create', ['add', 'tags', '--dir', 'migrations'], /Created .*003_add_tags\.ts/, ''],
    ['init', [], /Created .*decant\.config\.ts/, ''],
  ])('%s', async (command, args, says, announces) => {
    const folder = makeFolder();
    cpSync(applied, folder, { recursive: true });
    const { code, stdout, stderr } = await decant([...words(command), ...args], { cwd: folder });
    expect(stdout).toMatch(says);
    expect(stderr.startsWith(announces)).toBe(true);
    expect(announces === '' ? stderr : '').toBe('');
    expect(code).toBe(0);
  });
});

describe('the scripts of this repository', () => {
  it('work as npm run migrate up, migrate:status and migrate down NAME, on DATABASE_PATH', async () => {
    const folder = makeFolder();
    const npm = async (...args: string[]) => {
      const env = { DATABASE_PATH: `${folder}/it.db`, PATH: process.env['PATH'] ?? '' };
      const { finished } = start('npm', ['run', '--silent', ...args], {
        cwd: ROOT,
        env: { ...env, HOME: folder },
      });
      return finished;
    };
    expect(await npm('migrate', 'up')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/Done: 2 applied/),
    });
    expect((await npm('migrate:status')).stdout).toMatch(/\[x\] 002_add_indexes +\(applied: /);
    expect((await npm('migrate', 'down', '002_add_indexes')).stdout).toMatch(/Rolled back 002_add_indexes/);
    expect((await npm('migrate:plan', '--', '--json')).stdout).toMatch(/"name": "002_add_indexes"/);
  });
});

describe('the default database', () => {
  it('is ~/.decant/data/decant.db, made by the first up and not by status', async () => {
    const home = makeFolder();
    expect(await decant(['migrate:status'], { cwd: home, env: { HOME: home } })).toMatchObject({ code: 0 });
    expect(readdirSync(home)).toEqual([]);
    const up = await decant(['migrate:up'], { cwd: home, env: { HOME: home } });
    expect(up).toMatchObject({ code: 0, stdout: expect.stringContaining('Done: 2 applied.') });
    expect(up.stderr).toContain(
      `Database:   ${home}/.decant/data/decant.db (from default, not there yet)\nMigrations: built in`,
    );
    expect(readdirSync(`${home}/.decant/data`)).toEqual(['decant.db']);
  });

  it('gives way to config, config to environment, environment to flag', async () => {
    const folder = makeFolder({ 'decant.config.json': '{ "database": "config.db" }' });
    const used = async (args: string[], env: Record<string, string>) =>
      jsonOf(await decant(['migrate:status', '--json', ...args], { cwd: folder, env }))['database'];
    expect(await used([], {})).toBe(`${folder}/config.db`);
    expect(await used([], { DATABASE_PATH: 'env.db' })).toBe(`${folder}/env.db`);
    expect(await used(['-d', 'flag.db'], { DATABASE_PATH: 'env.db' })).toBe(`${folder}/flag.db`);
  });
});

describe('a config file', () => {
  it('is read before package.json, which is read where there is none', async () => {
    const files = { 'package.json': '{ "decant": { "database": "package.db" } }' };
    const both = makeFolder({ ...files, 'decant.config.mjs': 'export default { database: "config.db" };' });
    const alone = makeFolder(files);
    expect(await databaseOf(both)).toBe(join(both, 'config.db'));
    expect(await databaseOf(alone)).toBe(join(alone, 'package.db'));
  });

  it('may begin with a byte order mark', async () => {
    const folder = makeFolder({ 'decant.config.json': '\uFEFF{ "database": "bom.db" }' });
    expect(await databaseOf(folder)).toBe(join(folder, 'bom.db'));
  });

  it('is all that init writes where the folder has migrations already', async () => {
    const folder = makeFolder(TWO_MIGRATIONS);
    const init = await decant(['migrate:init', '--json'], { cwd: folder });
    expect(jsonOf(init)).toEqual({ files: [join(folder, 'decant.config.ts')] });
    expect(readdirSync(join(folder, 'migrations'))).toEqual(['001_users.mjs', '002_posts.mjs']);
    const up = await decant(['migrate:up'], { cwd: folder });
    expect(up).toMatchObject({ code: 0, stdout: expect.stringContaining('Done: 2 applied.') });
  });
});

describe('-h', () => {
  it.each([
    ['-h', [], 'decant'],
    ['migrate -h', ['migrate'], 'migrate:up'],
    ['migrate:up -h', ['migrate:up'], '--lock-timeout'],
    ['migrate up -h', ['migrate', 'up'], '--lock-timeout'],
  ])('%s is --help, and does nothing else', async (_what, words, says) => {
    const folder = makeFolder(TWO_MIGRATIONS);
    const env = { DATABASE_PATH: 'app.db', DECANT_MIGRATIONS_DIR: 'migrations' };
    const run = (flag: string) => decant([...words, flag], { cwd: folder, env });
    const [short, long] = await Promise.all([run('-h'), run('--help')]);
    expect(short.stdout).toContain(says);
    expect(short).toEqual({ ...long, code: 0, stderr: '' });
    expect(readdirSync(folder)).toEqual(['migrations']);
  });
});

describe('a reader that closes its end early', () => {
  const SLOW = { 'migrations/001_a.mjs': slow('a'), 'migrations/002_b.mjs': slow('b') };

  it.each([
    ['the output of up', 'up', '| head -1', 0, 2],
    ['both outputs of up', 'up', '2>&1 | head -1', 0, 2],
    ['the output of status --exit-code', 'status --exit-code', '| true', 3, 0],
    ['the object of status --exit-code', 'status --exit-code --json', '| true', 3, 0],
    ['both outputs of an up that is refused', 'up --to 009_nope', '2>&1 | true', 2, 0],
  ])('of %s does not change its end', async (_what, command, reader, code, count) => {
    const folder = makeFolder(SLOW);
    const flags = FLAGS.join(' ');
    const line = `{ '${process.execPath}' '${CLI}' migrate:${command} ${flags}; echo $? >code; } ${reader}`;
    await start('/bin/sh', ['-c', line], { cwd: folder }).finished;
    expect(readFileSync(join(folder, 'code'), 'utf8')).toBe(`${code}\n`);
    const status = jsonOf(await decant(['migrate:status', '--json', ...FLAGS], { cwd: folder }));
    expect(status['applied']).toBe(count);
  });
});

describe('status through a symbolic link', () => {
  const MIGRATIONS = { '001_a.mjs': tableModule('a'), '002_b.mjs': tableModule('b') };
  it.each([
    ['wal', 'app.db-wal'],
    ['delete', 'app.db-journal'],
  ] as const)(
    'sees what a killed process had committed (%s), and changes no byte of what it left',
    async (mode, left) => {
      const data = makeFolder();
      await leaveKilled(join(data, 'app.db'), mode);
      const before = printsOf(data);
      expect(Object.keys(before)).toContain(left);
      const folder = makeFolder(MIGRATIONS);
      symlinkSync(join(data, 'app.db'), join(folder, 'link.db'));
      const ran = await decant(['migrate:status', '--json', '-d', 'link.db', '--dir', '.'], { cwd: folder });
      expect(jsonOf(ran)).toMatchObject({ applied: 1, pending: 1 });
      expect(readdirSync(folder)).toEqual(['001_a.mjs', '002_b.mjs', 'link.db']);
      expect(printsOf(data)).toEqual(before);
      expect(realpathSync(join(folder, 'link.db'))).toBe(join(data, 'app.db'));
    },
  );
});

describe('--exit-code', () => {
  it('ends with 3 while something is pending, and with 0 after up', async () => {
    const folder = makeFolder(TWO_MIGRATIONS);
    const status = () => decant(['migrate:status', '--exit-code', ...FLAGS], { cwd: folder });
    expect(await status()).toMatchObject({ code: 3, stdout: expect.stringMatching(STATUS), stderr: '' });
    await decant(['migrate:up', ...FLAGS], { cwd: folder });
    expect(await status()).toMatchObject({ code: 0 });
  });
});

const old = ['/usr/bin/node', '/usr/local/bin/node', 'node'].find((node) => {
  const { stdout } = spawnSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' });
  const [major = 99, minor = 0] = (stdout ?? '').split('.').map(Number);
  return stdout && (major < 22 || (major === 22 && minor < 14));
});
if (old === undefined) skipLoudly('an old Node', 'there is none below 22.14 on this machine');

(old === undefined ? describe.skip : describe)('an old Node', () => {
  it('is told in one line what is needed, and does not crash', () => {
    const { status, signal, stdout, stderr } = spawnSync(old as string, [CLI, 'migrate:status'], {
      env: cleanEnvironment(),
      encoding: 'utf8',
    });
    expect(stderr).toMatch(/^decant needs Node\.js 22\.14 or later; this is \d+\.\d+\.\d+\.\n$/);
    expect({ status, signal, stdout }).toEqual({ status: 1, signal: null, stdout: '' });
  });
});
