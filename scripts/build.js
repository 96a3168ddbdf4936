// Compiles src/ to a clean lib/, so that no file of an earlier build survives its source: types file by file, and code
// in a few files, since Node.js takes longer to find and link a hundred files than to run them.
import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { writeLicenses } from './licenses.js';

rmSync('lib', { recursive: true, force: true });
const { status } = spawnSync('tsc', ['-p', 'tsconfig.build.json'], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
if (status !== 0) throw new Error('tsc has found errors');

// An `import` of a built-in module reads all that it exports, and so loads streams, worker threads and WebCrypto, which
// nobody has asked for. Of the modules below, no more is left than the exports that are used.
const builtins = {
  name: 'builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'builtin' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => {
      const names = Object.keys(process.getBuiltinModule(path)).filter((name) => /^[\w$]+$/.test(name));
      const exported = names.map((name) => `export const ${name} = /* @__PURE__ */ get('${name}');`);
      return {
        contents: `const all = process.getBuiltinModule('${path}'), get = (name) => all[name];
          export default all;
          ${exported.join('\n')}`,
      };
    });
  },
};

const COMMON = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  legalComments: 'inline',
  metafile: true,
};

const OCLIF = /[\\/]@oclif[\\/]core[\\/]lib[\\/].*\.js$/;

// Whoever does not debug oclif needs nothing that colours its messages.
const DEBUG = `module.exports = process.env.DEBUG ? require('./node.js') : () => Object.assign(() => {}, { enabled: false });`;

const lazyOclif = {
  name: 'lazy-oclif',
  setup({ onLoad }) {
    onLoad({ filter: OCLIF }, loadLazily);
    onLoad({ filter: /[\\/]debug[\\/]src[\\/]index\.js$/ }, () => ({ contents: DEBUG }));
  },
};

// oclif first, and what it needs: it is CommonJS, looks for these, and finds its own package.json by the last.
const oclif = await build({
  ...COMMON,
  entryPoints: ['lib/oclif.js'],
  outfile: 'lib/oclif.js',
  allowOverwrite: true,
  plugins: [builtins, lazyOclif],
  banner: {
    js: `import { createRequire as decantRequire } from 'node:module';
const require = decantRequire(import.meta.url);
const __filename = require.resolve('@oclif/core');
const __dirname = require('node:path').dirname(__filename);`,
  },
});

if (/localeCompare|"node_modules\/typescript\//.test(readFileSync('lib/oclif.js', 'utf8')))
  throw new Error('oclif compares by locale, or asks TypeScript, elsewhere now: see loadLazily');

// What is imported by name from outside, and by oclif. All share one copy of what they have in common: a migration that
// imports decant means the very classes of the CLI that runs it.
const commands = filesIn('lib/commands');
// What must be the application's own copy, or is CommonJS and loaded only where it is needed.
const SHARED = [
  '@clack/prompts',
  '@swc/core',
  'better-sqlite3',
  'decant',
  'lilconfig',
  'reflect-metadata',
  'semver',
  'tsyringe',
];
const { metafile } = await build({
  ...COMMON,
  entryPoints: ['lib/cli.js', 'lib/index.js', 'lib/register.js', 'lib/testing.js', ...commands],
  outdir: 'lib',
  outbase: 'lib',
  allowOverwrite: true,
  splitting: true,
  external: SHARED,
  plugins: [builtins],
  chunkNames: 'chunks/[name]-[hash]',
});
writeLicenses('lib/licenses.txt', [oclif.metafile, metafile]);
const written = new Set(Object.keys(metafile.outputs).map((file) => join(file)));
for (const file of filesIn('lib')) if (!written.has(file)) rmSync(file);
chmodSync('lib/cli.js', 0o755);

// oclif requires at its start all that it may ever need: help, templates, globs, spinners. Here each file is required where
// it is first used, as TypeScript's output allows: what it requires it calls `files_1`, and uses no otherwise than `files_1.list`.
// It sorts the commands by locale, for which Node.js needs 7 ms the first time. And it asks TypeScript for the settings of an
// application that runs as source, which Decant never does: it would get ours, bundled.
function loadLazily({ path }) {
  const text = readFileSync(path, 'utf8');
  const required = /^(?:const|var) (\w+_\d+) = ((?:__import\w+\()?require\("[^"]+"\)\)?);$/gm;
  const names = Array.from(text.matchAll(required), ([, name]) => name);
  if (names.length === 0) return undefined;
  const uses = new RegExp(`(?<![\\w.])(?:${names.join('|')})(?=[.;)\\]])`, 'g');
  const contents = text
    .replace('a.id.localeCompare(b.id)', '(a.id < b.id ? -1 : 1)')
    .replace("require('typescript')", '{}')
    .replaceAll(uses, '($&())')
    .replaceAll(
      required,
      (_all, name, value) => `let ${name}$; const ${name} = () => (${name}$ ??= ${value});`,
    );
  return { contents, loader: 'js' };
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true })
    .map((file) => join(folder, file))
    .filter((file) => file.endsWith('.js'));
}
