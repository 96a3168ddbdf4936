import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import * as api from '../../src/index.js';
import { EXIT } from '../../src/errors.js';
import { blocksOf } from '../helpers/examples.js';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

describe('docs/json.md', () => {
  const sections = read('docs/json.md').split(/^## /m).slice(1);

  it.each(sections.map((section) => [section.slice(0, section.indexOf('\n')), section]))(
    'names in a table every field that %s shows, and no other',
    (name, section) => {
      const examples = blocksOf(section, name).filter(({ language }) => language === 'json');
      const shown = new Set(examples.flatMap(({ text }) => fieldsOf(JSON.parse(text))));
      expect(shown.size).toBeGreaterThan(0);
      expect(firstColumn(section, /^[a-z]/).toSorted()).toEqual([...shown].toSorted());
    },
  );

  it('lists every error code that the sources know, with its exit code', () => {
    const sources = read('src/errors.ts') + read('src/base-command.ts') + read('src/flags.ts');
    const codes = new Set(sources.match(/(?<=')DECANT_\w+(?=')/g));
    expect(firstColumn(read('docs/json.md'), /^DECANT_/).toSorted()).toEqual([...codes].toSorted());
  });

  it.each(
    [...read('src/errors.ts').matchAll(/ code\b.*'(DECANT_\w+)';\n(?:.*EXIT\.(\w+);)?/g)].map((match) => ({
      code: match[1],
      exit: EXIT[(match[2] ?? 'failed') as keyof typeof EXIT],
    })),
  )('says that $code ends with $exit', ({ code, exit }) => {
    const row = read('docs/json.md')
      .split('\n')
      .find((line) => line.includes(`| \`${code}\``));
    expect(row?.split('|')[2]?.trim()).toBe(String(exit));
  });
});

describe('README.md', () => {
  const readme = read('README.md');

  it('lists every exit code', () => {
    const rows = [...sectionOf(readme, 'Exit codes').matchAll(/^\| (\d+) +\|/gm)].map((row) =>
      Number(row[1]),
    );
    expect(rows).toEqual(Object.values(EXIT));
  });

  it('lists every function of the functional API, and none that is not there', () => {
    const listed = firstColumn(sectionOf(readme, 'API'), /\(/).map((call) => call.replace(/\(.*/, ''));
    const exported = [...read('src/functions.ts').matchAll(/^export function (\w+)/gm)].map(
      (match) => match[1],
    );
    expect(new Set(listed)).toEqual(new Set(exported));
    expect(Object.keys(api)).toEqual(expect.arrayContaining(listed));
  });

  it('names a test for each thing that Decant protects from', () => {
    const rows = sectionOf(readme, 'What Decant protects you from')
      .split('\n')
      .slice(4)
      .filter((line) => line.startsWith('|'));
    const tests = rows.flatMap((row) =>
      [...row.matchAll(/\]\((test\/[^)]+)\)/g)].map(([, file = '']) => file),
    );
    expect(rows.filter((row) => !/\]\(test\/[^)]+\) +\|$/.test(row))).toEqual([]);
    expect(tests.length).toBeGreaterThan(8);
    expect(tests.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  it('lists every setting of the config file', () => {
    const type = /interface UserConfig [^]*?\n}/.exec(read('src/user-config.ts'))?.[0] ?? '';
    const settings = [...type.matchAll(/readonly (\w+)\?/g)].map((match) => String(match[1]));
    const policies = ['outOfOrder', 'missing', 'changed'];
    expect(firstColumn(sectionOf(readme, 'Configuration'), /./).toSorted()).toEqual(
      [...settings, ...policies].toSorted(),
    );
  });

  it('lists every command', () => {
    const { commands } = JSON.parse(read('oclif.manifest.json')) as { commands: Record<string, unknown> };
    const listed = firstColumn(sectionOf(readme, 'Commands'), /^decant /).map((call) => call.slice(7));
    expect(listed.toSorted()).toEqual(Object.keys(commands).toSorted());
  });
});

/** `steps[].name` and its like, for every field at every depth. */
function fieldsOf(value: unknown, path = ''): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item) => fieldsOf(item, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const field = path === '' ? key : `${path}.${key}`;
    return [field].concat(fieldsOf(inner, field));
  });
}

/** The code in the first column of the tables of a text. */
function firstColumn(text: string, which: RegExp): readonly string[] {
  return [...text.matchAll(/^\| `([^`]+)` *\|/gm)]
    .map((row) => row[1] ?? '')
    .filter((cell) => which.test(cell));
}

function sectionOf(text: string, heading: string): string {
  return text.split(/^## /m).find((section) => section.startsWith(`${heading}\n`)) ?? '';
}
