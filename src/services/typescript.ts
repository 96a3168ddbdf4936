import { existsSync, readFileSync, realpathSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Options as SwcOptions } from '@swc/core';
import { UsageError } from '../errors.js';
import { CompileCache } from './compile-cache.js';

const require = module.createRequire(import.meta.url);
const isDecant = /^decant(?:\/|$)/;
let registered = false;
let cache: CompileCache | undefined;

/**
 * Lets this process import `.ts` and `.mts` files, decorators and their metadata included, without a build.
 * @swc/core is loaded with the first such file that is not in the cache. Doing it twice does nothing.
 * @param cacheFolder where the compiled code is kept; without it, nowhere
 * @throws UsageError on a Node that lacks `module.registerHooks` (before 22.15)
 */
export function registerTypeScript(cacheFolder?: string): void {
  if (registered) return;
  if (!canLoadTypeScript()) {
    throw new UsageError(
      `Node.js ${process.versions.node} cannot load TypeScript through Decant.`,
      'Use Node.js 22.15 or later, or compile the migrations to JavaScript.',
    );
  }
  if (cacheFolder !== undefined) keepIn(new CompileCache(cacheFolder));
  module.registerHooks({ resolve, load });
  process.setSourceMapsEnabled(true); // so that an error names the line as it was written
  registered = true;
}

function keepIn(kept: CompileCache): void {
  cache = kept;
  process.once('exit', () => kept.write());
}

/** By the ending of a path. */
export function isTypeScript(path: string): boolean {
  return /\.m?ts$/.test(path);
}

/** Whether this Node has what it takes. */
export function canLoadTypeScript(): boolean {
  return typeof module.registerHooks === 'function';
}

const resolve: module.ResolveHookSync = (specifier, context, nextResolve) => {
  try {
    return nextResolve(specifier, context);
  } catch (error) {
    // A migration of a folder without its own node_modules means the Decant that runs it.
    if (isDecant.test(specifier)) return nextResolve(specifier, { ...context, parentURL: import.meta.url });
    const twin = twinOf(specifier, context.parentURL);
    if (twin === undefined) throw error;
    return nextResolve(twin, context);
  }
};

// TypeScript names the file that will be built: './clock.js' means ./clock.ts while only that is there.
function twinOf(specifier: string, parent: string | undefined): string | undefined {
  if (!/^(?:\.|\/|file:)/.test(specifier) || parent?.startsWith('file:') !== true) return undefined;
  const url = new URL(specifier.replace(/\.(m?)js$/, '.$1ts'), parent);
  return isTypeScript(url.pathname) && existsSync(url) ? url.href : undefined;
}

const load: module.LoadHookSync = (url, context, nextLoad) => {
  if (!url.startsWith('file:') || !isTypeScript(new URL(url).pathname)) return nextLoad(url, context);
  const file = fileURLToPath(url);
  return { format: 'module', shortCircuit: true, source: compiled(readFileSync(file, 'utf8'), file) };
};

/**
 * Compiles files that are to be imported soon. In one go they take a quarter of the time: between two imports the
 * compiler's code goes cold. What cannot be read or compiled is left for its import, which says why.
 */
export function compileAhead(files: readonly string[]): void {
  if (cache === undefined) return;
  for (const file of files.filter(isTypeScript)) {
    try {
      const path = realpathSync(file); // by which it will be imported
      compiled(readFileSync(path, 'utf8'), path);
    } catch {
      continue;
    }
  }
}

function compiled(source: string, filename: string): string {
  if (cache === undefined) return compile(source, filename);
  const { version } = require('@swc/core/package.json') as { version: string };
  return cache.codeOf(filename, [version, OPTIONS_TEXT, source], () => compile(source, filename));
}

function compile(source: string, filename: string): string {
  const swc = require('@swc/core') as typeof import('@swc/core');
  try {
    return transform(swc, source, filename);
  } catch (cause) {
    throw new SyntaxError(reasonIn((cause as Error).message, filename), { cause });
  }
}

// swc's message holds a drawing of the code and a backtrace of its own; its first line and the place will do.
function reasonIn(message: string, filename: string): string {
  const reason = message
    .trim()
    .split('\n', 1)[0]
    ?.replace(/^(?:x|×)\s+|\.$/g, '');
  const line = message.split(`[${filename}:`)[1]?.split(':', 1)[0];
  return line === undefined ? `${reason}` : `${reason} (line ${line})`;
}

function transform(swc: typeof import('@swc/core'), source: string, filename: string): string {
  return swc.transformSync(source, { ...OPTIONS, filename }).code;
}

const OPTIONS: SwcOptions = {
  swcrc: false,
  configFile: false,
  sourceMaps: 'inline',
  inlineSourcesContent: false, // Node reads the file where it has to show a line of it
  module: { type: 'es6' },
  jsc: {
    target: 'es2022',
    keepClassNames: true,
    experimental: { keepImportAttributes: true },
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
  },
};
const OPTIONS_TEXT = JSON.stringify(OPTIONS);
