import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import Database from 'better-sqlite3';
import { describe, expect, it } from '@jest/globals';
import { jsonOf, NOTHING_BUT_THE_TARGET } from '../helpers/command.js';
import { makeFolder } from '../helpers/files.js';
import { tableModule } from '../helpers/migrations.js';
import { decant, ROOT, type Finished } from '../helpers/processes.js';

const UP = ['migrate:up', '-d', 'app.db', '--dir', 'migrations'];
const FIRST = { 'migrations/001_first.mjs': tableModule('first') };

/** `up` of a first migration that works and of what else is given, in words and as JSON. */
async function both(files: Readonly<Record<string, string>>, args = UP) {
  const run = async (...extra: string[]) => {
    const folder = makeFolder({ ...FIRST, ...files });
    return { folder, ...(await decant([...args, ...extra], { cwd: folder })) };
  };
  const [text, json] = await Promise.all([run(), run('--json')]);
  return { text, json };
}

const second = (text: string) => ({ 'migrations/002_second.mjs': text });

/** The names in `_migrations`; none where there is no such table. */
function recorded(folder: string): unknown[] {
  return inDatabase(folder, ['_migrations']).length === 0
    ? []
    : select(folder, 'SELECT name FROM _migrations ORDER BY id');
}

const inDatabase = (folder: string, tables: readonly string[]): unknown[] =>
  select(folder, "SELECT name FROM sqlite_schema WHERE type = 'table'").filter((name) =>
    tables.includes(String(name)),
  );

function select(folder: string, sql: string): unknown[] {
  const db = new Database(join(folder, 'app.db'), { readonly: true });
  try {
    return db.prepare(sql).pluck().all();
  } finally {
    db.close();
  }
}

/** Each line that is not about the target. */
function toldBy({ stderr }: Finished): string {
  return stderr.replace(/^(?:Database: |Migrations: ).*\n/gm, '');
}

const outside = (body: string) => ({
  'migrations/002_second.ts': `import { Migration, migration, type Database } from 'decant';
import SQLite from '${pathToFileURL(join(ROOT, 'node_modules/better-sqlite3/lib/index.js')).href}';

@migration({ transaction: false })
export default class Second extends Migration {
  up(db: Database): void {
    ${body}
  }
}
`,
});

const tsTable = (name: string) => `import type { Database } from 'decant';
export const up = (db: Database): void => void db.exec('CREATE TABLE ${name} (id)');
`;

describe('a process that ends before its command is done says so, and ends with 1', () => {
  it.each<[string, Record<string, string>, string[] | undefined]>([
    ['process.exit() in a body', second('export const up = () => process.exit(0);'), ['001_first']],
    [
      'process.exit() after a write in a body',
      second(`export const up = (db) => { db.exec('CREATE TABLE second (id)'); process.exit(0); };`),
      ['001_first'],
    ],
    ['process.exit() in a module', second('process.exit(7);'), undefined],
    [
      'process.exit() in a config',
      { 'decant.config.mjs': 'export default { register() { process.exit(0); } };' },
      undefined,
    ],
    [
      'a prepare() that never settles',
      second('export const prepare = () => new Promise(() => {}); export const up = () => {};'),
      [],
    ],
    [
      'a top-level await that never settles',
      second('await new Promise(() => {}); export const up = () => {};'),
      undefined,
    ],
    ['such an await in a config', { 'decant.config.mjs': 'await new Promise(() => {});' }, undefined],
  ])('%s', async (_what, files, left) => {
    const { text, json } = await both(files);
    expect(toldBy(text)).toMatch(/^✗ The process ended before the command was done\.\n {2}Next .+\n$/);
    expect(jsonOf(json)).toEqual({
      error: {
        code: 'DECANT_UNEXPECTED',
        message: 'The process ended before the command was done.',
        hint: expect.stringMatching(/process\.exit\(\).*prepare\(\).*migrate:status/),
        exitCode: 1,
      },
    });
    expect(json.stderr).toMatch(NOTHING_BUT_THE_TARGET);
    for (const { code, folder } of [text, json]) {
      expect(code).toBe(1);
      if (left === undefined) expect(readdirSync(folder)).not.toContain('app.db');
      else {
        expect(recorded(folder)).toEqual(left);
        expect(inDatabase(folder, ['first', 'second'])).toEqual(left.length === 0 ? [] : ['first']);
      }
    }
  });
});

describe('what nobody waits for', () => {
  it.each([
    ['a promise', 'Promise.resolve().then(late)'],
    ['an async function', '(async () => { await undefined; await undefined; late(); })()'],
    ['a callback', 'setImmediate(late)'],
  ])('and writes after the run, in %s, is told on stderr and ends with 1', async (_what, schedule) => {
    const body = `export function up(db) { const late = () => db.exec('CREATE TABLE late (id)'); ${schedule}; }`;
    const { text, json } = await both(second(body));
    const told = /^✗ This database handle belonged to a migration that has ended; .+\n {2}Next .+\n$/;
    expect(text.stdout).toMatch(/Done: 2 applied\.\n$/);
    expect(toldBy(text)).toMatch(told);
    expect(jsonOf(json)).toMatchObject({ applied: ['001_first', '002_second'] });
    expect(toldBy(json)).toMatch(told);
    for (const { code, folder } of [text, json]) {
      expect(code).toBe(1);
      expect(inDatabase(folder, ['first', 'late'])).toEqual(['first']);
    }
  });

  it.each([
    ['rejects', 'void Promise.reject(new Error("stray"));'],
    ['throws', 'setImmediate(() => { throw new Error("stray"); });'],
  ])('and %s before the run is one error, also as JSON', async (_what, stray) => {
    const prepare = `export const prepare = () => { ${stray} return new Promise((end) => setTimeout(end, 60_000)); };`;
    const { text, json } = await both(second(`${prepare} export const up = () => {};`));
    expect(toldBy(text)).toMatch(/^✗ stray\n {2}Next .+\n$/);
    expect(jsonOf(json)).toMatchObject({
      error: { code: 'DECANT_UNEXPECTED', message: 'stray', exitCode: 1 },
    });
    expect(json.stderr).toMatch(NOTHING_BUT_THE_TARGET);
    expect([text.code, json.code]).toEqual([1, 1]);
  });

  it('and exits after the run leaves the one object as it is', async () => {
    const { json } = await both(second('export const up = () => void setImmediate(() => process.exit(0));'));
    expect(jsonOf(json)).toMatchObject({ applied: ['001_first', '002_second'] });
  });
});

describe('what a migration or a config prints', () => {
  const PRINTING = {
    'decant.config.mjs': `console.log('config');
export default { register() { console.log('register'); } };`,
    ...second(`console.log('module');
export const prepare = () => console.log('prepare');
export const up = (db) => { console.info('body'); process.stdout.write('raw\\n'); };`),
  };

  it('goes to stderr under --json, and to stdout otherwise', async () => {
    const { text, json } = await both(PRINTING);
    const printed = ['config', 'register', 'module', 'prepare', 'body', 'raw'];
    expect(jsonOf(json)).toMatchObject({ applied: ['001_first', '002_second'] });
    expect(new Set(toldBy(json).trimEnd().split('\n'))).toEqual(new Set(printed));
    expect(text.stdout.split('\n')).toEqual(expect.arrayContaining(printed));
    expect(toldBy(text)).toBe('');
    expect([text.code, json.code]).toEqual([0, 0]);
  });

  it('does not stand beside the error object either', async () => {
    const { json } = await both(
      second(`export const up = () => { console.log('body'); throw new Error('no luck'); };`),
    );
    expect(jsonOf(json)).toMatchObject({ error: { failure: { migration: '002_second' } } });
    expect(toldBy(json)).toBe('body\n');
    expect(json.code).toBe(1);
  });

  it.each(['migrate:status', 'migrate:plan'])('does not stand beside the object of %s', async (command) => {
    const { json } = await both(PRINTING, [command, ...UP.slice(1)]);
    expect(jsonOf(json)).toMatchObject({ directory: join(json.folder, 'migrations') });
    expect(json.stderr).toMatch(/^config$/m);
  });
});

describe('a migration that runs outside a transaction and cannot be recorded', () => {
  it.each([
    [
      'because another connection has the lock',
      5,
      `const other = new SQLite(db.name);
    other.exec('BEGIN IMMEDIATE');
    (globalThis as { other?: unknown }).other = other;`,
      /is locked by another process/,
    ],
    [
      'for another reason',
      1,
      `db.exec("CREATE TRIGGER no BEFORE INSERT ON _migrations BEGIN SELECT RAISE(ABORT, 'not now'); END");`,
      /not now/,
    ],
  ])('%s ends with %d and says that it ran', async (_why, code, body, reason) => {
    const { text, json } = await both(outside(body), [...UP, '--lock-timeout', '50']);
    expect(toldBy(text)).toMatch(/^✗ Migration 002_second ran, but was not recorded: /);
    expect(toldBy(text)).toMatch(reason);
    expect(toldBy(text)).toMatch(/ {2}Next It will run once more with the next run/);
    expect(jsonOf(json)).toMatchObject({ error: { code: 'DECANT_NOT_RECORDED', exitCode: code } });
    for (const each of [text, json]) {
      expect(each.code).toBe(code);
      expect(recorded(each.folder)).toEqual(['001_first']);
    }
  });
});

describe('the error of a migration', () => {
  it('says that prepare() failed, and of no rollback, as nothing was begun', async () => {
    const { text, json } = await both(
      second('export const prepare = () => {\n  throw new Error("no net");\n};\nexport const up = () => {};'),
    );
    expect(toldBy(text)).toBe(`✗ prepare() of Migration 002_second (002_second.mjs:2) failed: no net
  File         ${text.folder}/migrations/002_second.mjs:2
  Next         Mend it and run again; nothing was begun.
`);
    expect(jsonOf(json)).toMatchObject({
      error: { failure: { migration: '002_second', rolledBack: 'not begun', completed: [] } },
    });
    expect(select(text.folder, 'SELECT name FROM sqlite_schema')).toEqual([]);
    expect([text.code, json.code]).toEqual([1, 1]);
  });

  it('cuts a long line of SQL at 200 characters on the screen, and not in JSON', async () => {
    const sql = `INSERT INTO first VALUES ('${'x'.repeat(1000)}', 1)`;
    const { text, json } = await both(second(`export const up = (db) => db.exec(${JSON.stringify(sql)});`));
    expect(text.stderr).toContain(`Statement    ${sql.slice(0, 200)} …\n`);
    expect(jsonOf(json)).toMatchObject({ error: { failure: { sql } } });
  });

  it('shows, under DEBUG, the stack of the migration as well', async () => {
    const folder = makeFolder(second('export const up = () => {\n  throw new TypeError("no luck");\n};'));
    const stderr = async (DEBUG: string) => (await decant(UP, { cwd: folder, env: { DEBUG } })).stderr;
    const [decants, zero, others] = await Promise.all([stderr('decant'), stderr('0'), stderr('express:*')]);
    expect(decants).toMatch(/\[cause\]: TypeError: no luck\n +at .*002_second\.mjs:2:\d+/);
    expect(zero).not.toMatch(/^\s+at /m);
    expect(others).not.toMatch(/^\s+at /m);
  });
});

describe('the checksum in the journal', () => {
  it('is of the text that was there before the import', async () => {
    const folder = makeFolder(
      second(`import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
appendFileSync(fileURLToPath(import.meta.url), '// edited\\n');
export const up = () => {};
`),
    );
    expect(await decant(UP, { cwd: folder })).toMatchObject({ code: 0 });
    const status = await decant(['migrate:status', ...UP.slice(1)], { cwd: folder });
    expect(status.stdout).toMatch(/^! changed: 002_second /m);
  });
});

describe('a .ts migration', () => {
  it('imports JSON', async () => {
    const { json } = await both({
      'migrations/rows.json': '["a", "b"]',
      'migrations/002_second.ts': `import rows from './rows.json' with { type: 'json' };
import type { Database } from 'decant';
export const up = (db: Database): void => {
  for (const row of rows) db.exec(\`CREATE TABLE \${row} (id)\`);
};
`,
    });
    expect(jsonOf(json)).toMatchObject({ applied: ['001_first', '002_second'] });
  });

  it('runs as it is now in the process that imported it before it was edited', async () => {
    // The config's register() is a user's code that runs after the plan's import, and before that of the run.
    const folder = makeFolder({ 'migrations/001_edited.ts': tsTable('before') });
    writeFileSync(
      join(folder, 'decant.config.mjs'),
      `import { writeFileSync } from 'node:fs';
let calls = 0;
export default {
  register() {
    calls += 1;
    if (calls === 2) writeFileSync('migrations/001_edited.ts', ${JSON.stringify(tsTable('after'))});
  },
};
`,
    );
    expect(await decant(UP, { cwd: folder })).toMatchObject({ code: 0 });
    expect(readFileSync(join(folder, 'migrations/001_edited.ts'), 'utf8')).toContain('after');
    expect(inDatabase(folder, ['before', 'after'])).toEqual(['after']);
  });
});
