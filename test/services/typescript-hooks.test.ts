import { realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type nodeModule from 'node:module';
import { errorOf, rejectionOf } from '../helpers/errors.js';
import { makeFolder } from '../helpers/files.js';

// jest lets nobody register hooks, so here they are caught and called; typescript.test.ts has Node call them.
const { default: real } = await import('node:module');
type Hooks = { [K in 'resolve' | 'load']-?: NonNullable<nodeModule.RegisterHooksOptions[K]> };
const registerHooks = jest.fn<(hooks: Hooks) => void>();
const compiled: string[] = []; // names of files, as often as the compiler was asked
const module: { createRequire: unknown; registerHooks?: unknown } = {
  createRequire: (url: string) => (id: string) => {
    const found = real.createRequire(url)(id) as typeof import('@swc/core');
    if (id !== '@swc/core') return found;
    const transformSync = (source: string, options: { filename: string }): unknown => {
      compiled.push(basename(options.filename));
      return found.transformSync(source, options);
    };
    return { transformSync };
  },
  registerHooks,
};
jest.unstable_mockModule('node:module', () => ({ default: module }));
const setSourceMaps = jest.spyOn(process, 'setSourceMapsEnabled').mockImplementation(() => undefined);

afterAll(() => {
  jest.restoreAllMocks();
});

async function loaded(): Promise<typeof import('../../src/services/typescript.js')> {
  jest.resetModules();
  return import('../../src/services/typescript.js');
}

async function hooks(cacheFolder?: string): Promise<Hooks> {
  const { registerTypeScript } = await loaded();
  registerTypeScript(cacheFolder);
  return registerHooks.mock.lastCall?.[0] as Hooks;
}

beforeEach(() => {
  module.registerHooks = registerHooks;
  registerHooks.mockClear();
  setSourceMaps.mockClear();
});

describe('registerTypeScript', () => {
  it('registers once, however often it is called, and has errors name lines as they were written', async () => {
    const { registerTypeScript } = await loaded();
    registerTypeScript();
    registerTypeScript();
    expect(registerHooks).toHaveBeenCalledTimes(1);
    expect(setSourceMaps.mock.calls).toEqual([[true]]);
  });

  it('says what to do on a Node that cannot', async () => {
    delete module.registerHooks;
    const { canLoadTypeScript, registerTypeScript } = await loaded();
    expect(canLoadTypeScript()).toBe(false);
    expect(errorOf(registerTypeScript)).toMatchObject({
      code: 'DECANT_USAGE',
      message: `Node.js ${process.versions.node} cannot load TypeScript through Decant.`,
      hint: expect.stringContaining('22.15'),
    });
    expect(setSourceMaps).not.toHaveBeenCalled();
  });
});

describe('where Node finds no file', () => {
  const PARENT = pathToFileURL('/app/migrations/001_a.ts').href;
  const NOT_FOUND = new Error('not found');

  // What Node is asked for, in the end, from where; it finds only what is in `found`.
  async function resolved(specifier: string, parentURL: string, found: readonly string[]): Promise<unknown> {
    const { resolve } = await hooks();
    const nextResolve = (asked: string, context: { parentURL?: string }): unknown => {
      if (!found.includes(asked)) throw NOT_FOUND;
      return { asked, from: context.parentURL };
    };
    return resolve(specifier, { parentURL } as never, nextResolve as never);
  }

  it.each([
    ['./clock.js', 'clock.ts'],
    ['./clock.mjs', 'clock.mts'],
    ['./deep/clock.js', 'deep/clock.ts'],
    ['./a%20b.js', 'a b.ts'],
  ])('%s means %s, which is there', async (specifier, file) => {
    const folder = makeFolder({ [file]: '' });
    const parent = pathToFileURL(join(folder, '001_a.ts')).href;
    const url = pathToFileURL(join(folder, file)).href;
    expect(await resolved(specifier, parent, [url])).toEqual({ asked: url, from: parent });
    expect(await resolved(specifier, parent, [specifier, url])).toMatchObject({ asked: specifier });
    expect(await resolved(join(folder, specifier), parent, [url])).toMatchObject({ asked: url });
  });

  it.each([
    ['a package', 'lodash', PARENT],
    ['a file that has no .ts beside it', './clock.js', PARENT],
    ['a .ts file', './clock.ts', PARENT],
    ['a file without an ending', './clock', PARENT],
    ['a file seen from what is no file', './clock.js', 'data:text/javascript,'],
    ['another package of a like name', 'decanter', PARENT],
  ])("the error for %s is Node's own", async (_what, specifier, parent) => {
    await expect(resolved(specifier, parent, [])).rejects.toBe(NOT_FOUND);
  });

  it.each(['decant', 'decant/testing'])('%s is the Decant that runs', async (specifier) => {
    const { resolve } = await hooks();
    const nextResolve = (asked: string, { parentURL = '' }: { parentURL?: string }): unknown => {
      if (parentURL === PARENT) throw NOT_FOUND;
      return { asked, from: parentURL };
    };
    expect(resolve(specifier, { parentURL: PARENT } as never, nextResolve as never)).toEqual({
      asked: specifier,
      from: expect.stringMatching(/\/src\/services\/typescript\.[jt]s$/),
    });
  });
});

describe('what is loaded', () => {
  const NEXT = { source: "Node's" };

  async function load(url: string): Promise<{ source?: unknown }> {
    const { load: hook } = await hooks();
    return hook(url, {} as never, () => NEXT as never);
  }

  it.each(['file:///app/a.js', 'file:///app/a.mjs', 'file:///app/a.tsx', 'data:a.ts', 'node:fs'])(
    "of %s is Node's affair",
    async (url) => {
      expect(await load(url)).toBe(NEXT);
    },
  );

  it.each(['001_a.ts', '001_a.mts', "it's é %41.ts"])(
    'of %j is JavaScript with metadata, names and a map to the lines of the source',
    async (file) => {
      const text = `declare const dec: ClassDecorator;
        class Clock {}
        @dec export default class Named { constructor(private readonly clock: Clock) {} }`;
      const path = join(makeFolder({ [file]: text }), file);
      const result = await load(pathToFileURL(path).href);
      const source = String(result.source);
      expect(result).toMatchObject({ format: 'module', shortCircuit: true });
      expect(source).toMatch(/"design:paramtypes", \[\s*typeof Clock/);
      expect(source).not.toContain('private readonly');
      const [, map = ''] = source.split('sourceMappingURL=data:application/json;base64,');
      expect(JSON.parse(Buffer.from(map, 'base64').toString())).toMatchObject({ sources: [path] });
    },
  );

  it('keeps the attributes of its imports, without which Node takes no JSON', async () => {
    const text = "import rows from './rows.json' with { type: 'json' };\nexport const all: unknown = rows;";
    const path = join(makeFolder({ '001_a.ts': text }), '001_a.ts');
    const { source } = await load(pathToFileURL(path).href);
    expect(String(source)).toMatch(/'\.\/rows\.json' with \{\s*type: ['"]json['"]\s*\}/);
  });

  it('of a file with a mistake is an error in one line that names the line', async () => {
    const path = join(makeFolder({ '001_a.ts': 'export const a = 1;\nexport const b = (;' }), '001_a.ts');
    const error = await rejectionOf(load(pathToFileURL(path).href));
    expect(error).toBeInstanceOf(SyntaxError);
    expect((error as Error).message).toMatch(/^[A-Z'][^\n]* \(line 2\)$/);
  });
});

describe('what is compiled ahead', () => {
  const FILES = { '001_a.ts': 'export const a = 1;', '002_b.ts': 'export const b = (;', '003_c.mts': '' };

  beforeEach(() => {
    compiled.length = 0;
  });

  async function ready(
    cacheFolder?: string,
  ): Promise<{ load: (file: string) => unknown; ahead: () => void }> {
    const { load } = await hooks(cacheFolder);
    const { compileAhead } = await import('../../src/services/typescript.js');
    const folder = makeFolder(FILES);
    const paths = [...Object.keys(FILES), '004_not_there.ts', '005_d.js'].map((file) => join(folder, file));
    return {
      load: (file) => load(pathToFileURL(join(folder, file)).href, {} as never, (() => undefined) as never),
      ahead: () => {
        compileAhead(paths);
        writeFileSync(join(folder, '003_c.mts'), 'export const edited = true;');
      },
    };
  }

  it('is all that can be, and is not compiled again for its import unless it was edited meanwhile', async () => {
    const { load, ahead } = await ready(makeFolder());
    ahead();
    expect(compiled).toEqual(['001_a.ts', '002_b.ts', '003_c.mts']);
    expect(load('001_a.ts')).toMatchObject({ source: expect.stringContaining('export const a = 1') });
    expect(compiled).toHaveLength(3);
    expect(load('003_c.mts')).toMatchObject({ source: expect.stringContaining('edited') });
    expect(compiled).toHaveLength(4);
    expect(errorOf(() => load('002_b.ts'))).toBeInstanceOf(SyntaxError);
  });

  it('is not compiled again where the folder is a link to another', async () => {
    const { load } = await hooks(makeFolder());
    const { compileAhead } = await import('../../src/services/typescript.js');
    const [folder, link] = [realpathSync(makeFolder(FILES)), join(makeFolder(), 'link')];
    symlinkSync(folder, link);
    compileAhead([join(link, '001_a.ts')]);
    load(pathToFileURL(join(folder, '001_a.ts')).href, {} as never, (() => undefined) as never);
    expect(compiled).toEqual(['001_a.ts']);
  });

  it('is nothing where nothing is kept', async () => {
    const { ahead } = await ready();
    ahead();
    expect(compiled).toEqual([]);
  });
});
