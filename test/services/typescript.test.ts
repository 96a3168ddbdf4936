import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { makeFolder } from '../helpers/files.js';
import { resultOf, ROOT, runNode } from '../helpers/processes.js';

// The hook is Node's, which jest does not let anybody have: each test is a process of its own.
const REGISTER = ['--import', join(ROOT, 'lib', 'register.js')];

const CLOCK = `export class Clock { now(): string { return 'now'; } }`;

// By type and by token, with what type stripping alone cannot do: decorators, their metadata, parameter properties.
const INJECTED = `import { inject, migration, Migration, type Database } from 'decant';
import { Clock } from './clock.js';

@migration({ description: 'injected' })
export default class Injected extends Migration {
  constructor(
    private readonly clock: Clock,
    @inject('color') private readonly color: string,
  ) {
    super();
  }

  up(db: Database): void {
    db.exec('CREATE TABLE seen (what)');
    for (const what of [this.clock.now(), this.color, this.name]) db.prepare('INSERT INTO seen VALUES (?)').run(what);
  }

  override down(db: Database): void {
    db.exec('DROP TABLE seen');
  }
}
`;

const APPLICATION = (directory: string): string => `
  import 'decant';
  const { container } = await import('tsyringe');
  const { default: Database } = await import('better-sqlite3');
  const { MigrationService, registerDecant } = await import('decant');
  const db = new Database(':memory:');
  container.register('color', { useValue: 'green' });
  registerDecant(container, { database: db, directory: ${JSON.stringify(directory)} });
  let result;
  try {
    await container.resolve(MigrationService).up();
    result = db.prepare('SELECT what FROM seen').pluck().all();
  } catch ({ name, code, message, hint, failure, stack }) {
    result = { name, code, message, hint, line: failure?.line };
  }
  console.log(JSON.stringify(result));`;

function run(files: Readonly<Record<string, string>>, flags: readonly string[] = REGISTER): Promise<unknown> {
  return resultOf(APPLICATION(makeFolder(files)), {}, flags);
}

describe('with decant/register, plain node', () => {
  it('keeps what it compiled, and tells the lines of a file all the same', async () => {
    const cache = makeFolder();
    const directory = makeFolder({
      'migrations/001_broken.ts': `import { migration, Migration, type Database } from 'decant';
@migration()
export default class Broken extends Migration {
  up(db: Database): void {
    db.exec('no SQL');
  }
}
`,
    });
    const env = { XDG_CACHE_HOME: cache };
    const text = APPLICATION(join(directory, 'migrations'));
    const first = await resultOf(text, env, REGISTER);
    expect(first).toMatchObject({ code: 'DECANT_MIGRATION_FAILED', line: 5 });
    expect(readdirSync(join(cache, 'decant'))).toHaveLength(1);
    expect(await resultOf(text, env, REGISTER)).toEqual(first);
  });

  it('imports JSON into a .ts migration, by the attribute that Node asks for', async () => {
    const text = `import { migration, Migration, type Database } from 'decant';
      import rows from './rows.json' with { type: 'json' };
      @migration()
      export default class Seed extends Migration {
        up(db: Database): void {
          db.exec('CREATE TABLE seen (what)');
          for (const row of rows as string[]) db.prepare('INSERT INTO seen VALUES (?)').run(row);
        }
      }`;
    expect(await run({ '001_seed.ts': text, 'rows.json': '["one", "two"]' })).toEqual(['one', 'two']);
  });

  it.each(['ts', 'mts'])(
    'runs a decorated .%s migration with no build step, injected by type and by token',
    async (extension) => {
      expect(await run({ [`001_injected.${extension}`]: INJECTED, 'clock.ts': CLOCK })).toEqual([
        'now',
        'green',
        '001_injected',
      ]);
    },
  );

  it('takes ./x.mjs for ./x.mts, and ./x.js for itself where it exists', async () => {
    const text = INJECTED.replace('./clock.js', './clock.mjs');
    expect(await run({ '001_injected.ts': text, 'clock.mts': CLOCK })).toEqual([
      'now',
      'green',
      '001_injected',
    ]);
    const both = {
      'clock.ts': 'throw new Error("the wrong one");',
      'clock.js': 'export class Clock { now() { return "built"; } }',
    };
    expect(await run({ '001_injected.ts': INJECTED, ...both, 'package.json': '{"type":"module"}' })).toEqual([
      'built',
      'green',
      '001_injected',
    ]);
  });

  it('runs enums, namespaces and satisfies', async () => {
    const text = `import type { Database } from 'decant';
      enum Color { Red = 'red' }
      namespace Names { export const table = 'seen'; }
      const config = { color: Color.Red } satisfies Record<string, string>;
      export function up(db: Database): void { db.exec(\`CREATE TABLE \${Names.table} (what); INSERT INTO seen VALUES ('\${config.color}')\`); }`;
    expect(await run({ '001_x.ts': text })).toEqual(['red']);
  });

  it('names the line of the source in which a migration failed', async () => {
    const text = INJECTED.replace("db.exec('CREATE TABLE seen (what)');", "db.exec('BOGUS');");
    const line = text.split('\n').findIndex((each) => each.includes('BOGUS')) + 1;
    expect(await run({ '001_injected.ts': text, 'clock.ts': CLOCK })).toMatchObject({
      code: 'DECANT_MIGRATION_FAILED',
      message: `Migration 001_injected (001_injected.ts:${line}) failed: near "BOGUS": syntax error`,
      line,
    });
  });

  it('names the file of a syntax error', async () => {
    expect(await run({ '001_x.ts': 'export const up = (db: Database => {' })).toMatchObject({
      code: 'DECANT_INVALID_MIGRATION',
      message: expect.stringContaining('001_x.ts'),
    });
  });

  it('names what cannot be imported', async () => {
    expect(await run({ '001_x.ts': "import './nowhere.js'; export const up = () => {};" })).toMatchObject({
      code: 'DECANT_INVALID_MIGRATION',
      message: expect.stringContaining('nowhere'),
    });
  });

  it.each(['decant/nothing', 'decant/lib/index.js'])('says that there is no %s', async (specifier) => {
    expect(await run({ '001_x.ts': `import '${specifier}'; export const up = () => {};` })).toMatchObject({
      code: 'DECANT_INVALID_MIGRATION',
      message: expect.stringContaining('is not defined by "exports"'),
    });
  });

  it('names the parameter whose type came by `import type`', async () => {
    const text = INJECTED.replace('import { Clock }', 'import type { Clock }');
    expect(await run({ '001_injected.ts': text, 'clock.ts': CLOCK })).toMatchObject({
      code: 'DECANT_INJECTION',
      message: expect.stringMatching(/parameter 1, "private clock|parameter 1, "clock"/),
      hint: expect.stringContaining('import type'),
    });
  });

  it('runs an application that is TypeScript itself', async () => {
    const folder = makeFolder({
      'main.ts': `import { Clock } from './clock.js'; const clock: Clock = new Clock(); console.log(clock.now());`,
      'clock.ts': CLOCK,
      'package.json': '{"type":"module"}',
    });
    expect(await runNode([...REGISTER, join(folder, 'main.ts')])).toMatchObject({
      code: 0,
      stdout: 'now\n',
      stderr: '',
    });
  });
});

describe('without decant/register, plain node', () => {
  it('cannot load a decorated .ts migration, and the error says what to do', async () => {
    expect(await run({ '001_injected.ts': INJECTED, 'clock.ts': CLOCK }, [])).toMatchObject({
      code: 'DECANT_INVALID_MIGRATION',
      hint: expect.stringContaining("import 'decant/register' first"),
    });
  });
});
