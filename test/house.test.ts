import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ROOT } from './helpers/processes.js';

// The linter says the same while one types; here it is said once more, in one place, of the whole house.

/** What each part, a file or a folder of src/, imports: from the bottom up, each only what stands above it here. */
const SEES: Readonly<Record<string, string>> = {
  errors: '',
  injection: '',
  oclif: '',
  domain: 'errors',
  migrations: 'domain',
  sqlite: 'domain errors',
  batch: 'domain errors sqlite',
  interrupt: '',
  'batch-line': 'domain oclif',
  reversible: 'domain errors sqlite',
  output: 'domain errors',
  'output-dry-run': 'domain output',
  'output-graph': 'domain output',
  'output-history': 'domain output',
  'output-profile': 'domain output',
  'output-verify': 'domain output',
  services: 'domain errors sqlite',
  backup: 'domain errors services sqlite',
  'dry-run': 'backup domain errors services sqlite',
  verify: 'backup domain errors services sqlite',

  'user-config': 'domain errors injection services',
  config: 'domain errors injection services user-config',
  'print-error': 'config errors oclif output',
  prompt: 'config domain errors',
  confirmed: 'domain errors',
  'profile-flag': 'domain errors output output-profile',
  'read-status': 'config domain migrations services',
  'injection-error': 'errors injection services',
  build: 'domain errors injection injection-error services',
  container: 'backup build config domain dry-run errors injection injection-error migrations services',
  'verify-options': 'domain errors injection services',
  'verify-migrations': 'config container domain migrations services verify verify-options',
  'describe-migrations': 'domain errors output-verify services verify-migrations verify-options',
  testing: 'describe-migrations domain services verify-migrations verify-options',
  functions: 'build config domain errors migrations services',
  index: 'batch container domain errors functions injection reversible services sqlite user-config',
  flags: 'domain oclif services',
  'base-command':
    'batch-line config confirmed container domain errors flags interrupt oclif output output-dry-run print-error profile-flag prompt services',
  commands:
    'base-command config domain errors flags oclif output output-graph output-history output-verify prompt read-status services verify-migrations',
  register: 'config services',
  main: 'config errors oclif print-error services',
  cli: 'main',
};
const parts = Object.keys(SEES);

/** Who may import the value of a package; its types are free for all. */
const DOORS: readonly (readonly [name: RegExp, importers: readonly string[]])[] = [
  [/^tsyringe/, ['injection.ts']],
  [/^reflect-metadata/, ['domain/decorator.ts', 'injection.ts']],
  [/^@oclif\//, ['oclif.ts']],
  [/^@clack\//, ['prompt.ts']],
  [/^better-sqlite3/, ['services/database.ts']],
  [/^sqlite3-parser/, ['sqlite/tokens.ts']],
  [/^diff$/, ['sqlite/schema-diff.ts']],
];

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const texts = new Map(
  readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => [file.replaceAll('\\', '/'), readFileSync(join(ROOT, 'src', file), 'utf8')]),
);
const imports = [...texts].flatMap(([from, text]) => importsIn(from, text));
const ours = imports.filter(({ to }) => to.startsWith('.'));

function importsIn(from: string, text: string): readonly Import[] {
  const statement = /^(?:import|export)\s+(type\s)?[^;'"`]*?from\s+'([^']+)'/gm;
  const bare = /^import '([^']+)'|\bawait import\('([^']+)'\)/gm;
  return [
    ...Array.from(text.matchAll(statement), ([, type, to = '']) => ({
      from,
      to,
      typeOnly: type !== undefined,
    })),
    ...Array.from(text.matchAll(bare), ([, first, second]) => ({
      from,
      to: first ?? second ?? '',
      typeOnly: false,
    })),
  ];
}

function partOf(path: string): string {
  return path.split('/')[0]?.replace(/\.[jt]s$/, '') ?? '';
}

/** The part that an import of ours leads to. */
function partSeen({ from, to }: Import): string {
  return partOf(posix.join(posix.dirname(from), to));
}

/** The files whose code matches: not their comments, nor what they write into files of a user's. */
function filesWith(pattern: RegExp): readonly string[] {
  return [...texts].filter(([, text]) => pattern.test(codeOf(text))).map(([file]) => file);
}

function codeOf(text: string): string {
  return text.replaceAll(/\/\*[^]*?\*\/|\/\/.*$|`[^`]*`/gm, '');
}

describe('the house', () => {
  it('has a place for every file of src/', () => {
    expect([...new Set([...texts.keys()].map(partOf))].toSorted()).toEqual(parts.toSorted());
  });

  it.each(parts)('keeps %s to what it may see', (part) => {
    const seen = new Set(ours.filter(({ from }) => partOf(from) === part).map(partSeen));
    seen.delete(part);
    expect([...seen].toSorted().join(' ')).toBe(SEES[part]);
    expect(parts.slice(0, parts.indexOf(part))).toEqual(expect.arrayContaining([...seen]));
  });

  it('loads the container of injection only where things are registered', () => {
    const loading = ours.filter((each) => partSeen(each) === 'injection' && !each.typeOnly);
    expect(loading.map(({ from }) => from).toSorted()).toEqual(['build.ts', 'container.ts', 'index.ts']);
  });

  it.each(DOORS)('lets %s in by %j alone', (name, importers) => {
    const found = imports.filter(({ to, typeOnly }) => name.test(to) && !typeOnly);
    expect([...new Set(found.map(({ from }) => from))].toSorted()).toEqual(importers);
  });

  it('decides and draws without Node: domain, migrations and output import nothing of it', () => {
    const pure = imports.filter(({ from }) => /^(?:domain|migrations|output)\b/.test(from));
    expect(pure.filter(({ to }) => to.startsWith('node:'))).toEqual([]);
    expect(pure.length).toBeGreaterThan(10);
  });

  it.each([
    ['reads the environment', /\bprocess\.env\b/, ['config.ts']],
    ['ends the process', /\bprocess\.exit\(/, ['main.ts']],
    ['prints by console', /\bconsole\b/, []],
    ['writes to a stream', /\bprocess\.(?:stdout|stderr)\.write\b/, ['cli.ts', 'main.ts', 'print-error.ts']],
  ])('%s nowhere but in its place', (_what, pattern, files) => {
    expect(filesWith(pattern)).toEqual(files);
  });
});
