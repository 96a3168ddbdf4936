import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { describeMigrations, type DescribeOptions } from '../src/testing.js';
import { errorOf } from './helpers/errors.js';
import { makeFolder } from './helpers/files.js';
import { tableModule } from './helpers/migrations.js';
import { ROOT } from './helpers/processes.js';

const MIGRATIONS = {
  'migrations/001_users.mjs': `export const up = (db) => db.exec("CREATE TABLE users (id INTEGER PRIMARY KEY, name); INSERT INTO users (name) VALUES ('a')");
    export const down = (db) => db.exec('DROP TABLE users');`,
  'migrations/002_forgets.mjs': `export const up = (db) => db.exec('ALTER TABLE users ADD COLUMN age INT');
    export const down = () => {};`,
  'migrations/003_loses.mjs': `export const up = (db) => db.exec('UPDATE users SET name = NULL');
    export const down = () => {};`,
  'migrations/004_only_up.mjs': `export const up = (db) => db.exec('CREATE TABLE only_up (a)');`,
  'migrations/005_fails.mjs': `export const up = (db) => db.exec('CREATE TABLE users (a)');`,
  'migrations/006_posts.mjs': tableModule('posts'),
};

/** What a test runner would be told: the groups, and what each test throws. */
async function described(
  options: Omit<DescribeOptions, 'describe' | 'it'>,
): Promise<Record<string, string | undefined>> {
  const tests: [string, () => Promise<void>][] = [];
  let title = '';
  describeMigrations({
    ...options,
    describe: (name, body) => {
      title = name;
      body();
    },
    it: (name, body) => void tests.push([name, body]),
  });
  const results: Record<string, string | undefined> = { title };
  for (const [name, body] of tests) {
    results[name] = await body().then(
      () => undefined,
      (error: Error) => error.message,
    );
  }
  return results;
}

describe('describeMigrations', () => {
  it('makes a test for each migration that fails where it is broken or lossy, or was not reached', async () => {
    const folder = makeFolder(MIGRATIONS);
    expect(await described({ directory: `${folder}/migrations` })).toEqual({
      title: 'migrations, from nothing: up, down and up again',
      '001_users': undefined,
      '002_forgets': expect.stringMatching(
        /^002_forgets is broken\.\n {2}after the down, .*\n(?: {4}.*\n)+ {4}\+ {2}age INT\n/,
      ),
      '003_loses': '003_loses is lossy.\n  users.name: 1 row with another value',
      '004_only_up': undefined,
      '005_fails': expect.stringMatching(
        /^005_fails is broken\.\n {2}up failed: .*table users already exists/,
      ),
      '006_posts': '006_posts was not reached: 005_fails ended it.',
    });
  });

  it.each<[what: string, allowLossy: true | readonly string[], passes: boolean]>([
    ['all may lose', true, true],
    ['it may', ['003_loses'], true],
    ['another may', ['001_users'], false],
  ])('lets what loses content pass where %s', async (_what, allowLossy, passes) => {
    const folder = makeFolder(MIGRATIONS);
    const results = await described({ directory: `${folder}/migrations`, allowLossy });
    expect(results['003_loses'] === undefined).toBe(passes);
    expect(results['002_forgets']).toBeDefined();
  });

  it('has a test that says so where there is none', async () => {
    expect(await described({ migrations: [] })).toEqual({ title: expect.any(String), 'are none': undefined });
  });

  it('says what to hand over where there is no describe', () => {
    const { describe: global } = globalThis as { describe?: unknown };
    Object.assign(globalThis, { describe: undefined });
    try {
      expect(errorOf(() => describeMigrations({ migrations: [] }))).toMatchObject({
        code: 'DECANT_USAGE',
        hint: expect.stringContaining('describe, it }'),
      });
    } finally {
      Object.assign(globalThis, { describe: global });
    }
  });

  it('works in Jest by its globals', () => {
    const folder = makeFolder({
      ...MIGRATIONS,
      'package.json': '{"type": "module"}',
      'jest.config.js': 'export default { transform: {} };',
      'migrations.test.js': `import { describeMigrations } from 'decant/testing';
        describeMigrations({ directory: 'migrations', allowLossy: ['003_loses'] });`,
    });
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(ROOT, join(folder, 'node_modules/decant'));
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [
        '--experimental-vm-modules',
        join(ROOT, 'node_modules/jest/bin/jest.js'),
        '--json',
        '--rootDir',
        folder,
      ],
      { cwd: folder, encoding: 'utf8' },
    );
    if (!stdout.includes('assertionResults')) throw new Error(stderr + stdout);
    const { testResults } = JSON.parse(stdout) as {
      testResults: { message: string; assertionResults: { title: string; status: string }[] }[];
    };
    expect(testResults[0]?.assertionResults.map(({ title, status }) => `${title} ${status}`)).toEqual([
      '001_users passed',
      '002_forgets failed',
      '003_loses passed',
      '004_only_up passed',
      '005_fails failed',
      '006_posts failed',
    ]);
    expect(testResults[0]?.message).toContain('+  age INT');
  });
});
