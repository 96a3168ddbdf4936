import { describe, expect, it } from '@jest/globals';
import { jsonOf, NOTHING_BUT_THE_TARGET } from '../helpers/command.js';
import { makeFolder } from '../helpers/files.js';
import { tableModule } from '../helpers/migrations.js';
import { decant } from '../helpers/processes.js';

const CONFIG = `import { defineConfig } from 'decant';
import { GREETING } from './services/tokens.js';
export default defineConfig({
  database: 'app.db',
  directory: 'migrations',
  register: (container) => container.register(GREETING, { useValue: 'hello' }),
});
`;
const FILES = {
  'decant.config.ts': CONFIG,
  'services/tokens.ts': `export const GREETING = Symbol.for('greeting');\n`,
  'services/clock.ts': `import { injectable } from 'decant';
@injectable()
export class Clock { now(): string { return 'noon' as string; } }
`,
  'migrations/001_greet.ts': `import { inject, Migration, migration, type Database } from 'decant';
import { Clock } from '../services/clock.js';
import { GREETING } from '../services/tokens.js';

@migration()
export default class Greet extends Migration {
  constructor(private readonly clock: Clock, @inject(GREETING) private readonly greeting: string) {
    super();
  }
  up(db: Database): void {
    db.exec('CREATE TABLE greetings (text TEXT UNIQUE)');
    db.prepare('INSERT INTO greetings VALUES (?)').run(\`\${this.greeting} at \${this.clock.now()}\`);
  }
}
`,
};
const BROKEN = `import { Migration, migration, type Database } from 'decant';

interface Greeting {
  readonly text: string;
}

@migration()
export default class Again extends Migration {
  up(db: Database): void {
    const again: Greeting = { text: 'hello at noon' };
    db.prepare('INSERT INTO greetings VALUES (?)').run(again.text);
  }
}
`;

describe('.ts migrations in a project without node_modules', () => {
  it.each(['project', 'a folder with spaces', `it's "quoted"`, 'Ünïcödé 迁移', 'per%20cent #1?'])(
    'run with injection by type and by token, in "%s"',
    async (name) => {
      const folder = makeFolder(FILES, name);
      const up = await decant(['migrate:up', '--json'], { cwd: folder });
      expect(jsonOf(up)).toMatchObject({ database: `${folder}/app.db`, applied: ['001_greet'] });
      const next = { 'migrations/002_again.ts': BROKEN, ...FILES };
      const other = makeFolder(next, name);
      const failed = await decant(['migrate:up', '--json'], { cwd: other });
      expect(jsonOf(failed)).toMatchObject({
        error: {
          failure: { file: `${other}/migrations/002_again.ts`, line: 11, completed: ['001_greet'] },
        },
      });
      expect(failed.code).toBe(1);
    },
  );

  it('name the parameter that cannot be filled, and the cure', async () => {
    const folder = makeFolder({
      ...FILES,
      'decant.config.ts': 'export default { directory: "migrations" };',
    });
    const { code, stderr } = await decant(['migrate:up', '-d', 'app.db'], { cwd: folder });
    expect(stderr).toMatch(/✗ Cannot build 001_greet: .* parameter 2, "greeting"/);
    expect(stderr).toMatch(/Next Register it before the run: .*Symbol\(greeting\)/);
    expect(stderr).not.toMatch(/TypeInfo/);
    expect(code).toBe(1);
  });
});

describe('on a Node that cannot load TypeScript, as 22.14', () => {
  const without = `data:text/javascript,${encodeURIComponent(
    "import module from 'node:module'; delete module.registerHooks; module.syncBuiltinESMExports();",
  )}`;
  const env = { NODE_OPTIONS: `--import=${without}` };

  it.each([
    ['JavaScript runs all the same', { '001_a.mjs': tableModule('a') }, 0, /Done: 1 applied/],
    [
      'a .ts migration is refused, and the hint is not the CLI that was used',
      { '001_greet.ts': FILES['migrations/001_greet.ts'] },
      1,
      /Cannot load .*001_greet\.ts.*\n {2}Next Node\.js \S+ cannot run it: use 22\.15 or later, or compile/,
    ],
  ])('%s', async (_what, files, code, says) => {
    const ran = await decant(['migrate:up', '-d', 'app.db', '--dir', '.'], { cwd: makeFolder(files), env });
    expect(ran.stdout + ran.stderr).toMatch(says);
    expect(ran.code).toBe(code);
  });
});

describe('a failing migration', () => {
  it('tells all that a user needs, in words', async () => {
    const folder = makeFolder({ ...FILES, 'migrations/002_again.ts': BROKEN });
    const { code, stderr } = await decant(['migrate:up'], { cwd: folder });
    expect(stderr.slice(stderr.indexOf('✗')))
      .toBe(`✗ Migration 002_again (002_again.ts:11) failed: UNIQUE constraint failed: greetings.text
  File         ${folder}/migrations/002_again.ts:11
  Statement    INSERT INTO greetings VALUES (?)
  SQLite       SQLITE_CONSTRAINT_UNIQUE
  Rolled back  002_again, completely
  Before it    001_greet (done, and stays)
  Next         Mend the migration and run decant migrate:up again; the database is as it was before it.
`);
    expect(code).toBe(1);
  });

  it.each([
    ['threw', 'throw new Error("no luck");', { code: 'DECANT_MIGRATION_FAILED', failure: { line: 4 } }],
    ['returned a promise', 'return Promise.resolve();', { code: 'DECANT_ASYNC_MIGRATION', failure: {} }],
    [
      'committed',
      "db.exec('COMMIT');",
      { code: 'DECANT_TRANSACTION_ENDED', failure: { rolledBack: 'unknown' } },
    ],
  ])('that %s is told as JSON', async (_what, body, error) => {
    const folder = makeFolder({
      'migrations/001_a.mjs': tableModule('a'),
      'migrations/002_b.js': `// a comment\nexports.down = () => {};\nexports.up = (db) => {\n  ${body}\n};\n`,
    });
    const ran = await decant(['migrate:up', '-d', 'app.db', '--dir', 'migrations', '--json'], {
      cwd: folder,
    });
    expect(jsonOf(ran)).toMatchObject({
      error: {
        ...error,
        hint: expect.any(String),
        failure: { migration: '002_b', completed: ['001_a'], ...error.failure },
      },
    });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(NOTHING_BUT_THE_TARGET);
  });
});
