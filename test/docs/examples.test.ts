import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { type Block, blocksOf, type Ran, Workshop } from '../helpers/examples.js';
import { putFile } from '../helpers/files.js';
import { ROOT } from '../helpers/processes.js';

// What the words after a block's language mean is told in CONTRIBUTING.md.

const DOCUMENTS = [
  ...readdirSync(ROOT).filter((file) => file.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs')).map((file) => `docs/${file}`),
];

/** The only reasons for not running a block, and what such a block may then hold. */
const NOT_RUN: Readonly<Record<string, { readonly why: string; readonly lines: RegExp }>> = {
  install: { why: 'needs the registry', lines: /^npm install [\w@ ./-]+$/ },
  clone: {
    why: 'installs and tests this repository; .ci/run does both',
    lines: /^(?:git |cd |npm |npx decant )/,
  },
  ci: { why: "is another program's configuration", lines: /^\s*(?:#|- |run:|\w+:)/ },
};

/** Where a document has got to. */
interface Walk {
  folder: string;
  last: Ran;
  next: Block | undefined;
}

interface Kind {
  readonly name: string;
  matches(block: Block): boolean;
  perform(block: Block, walk: Walk): void;
}

const workshop = new Workshop();
const typescript: string[] = [];

const KINDS: readonly Kind[] = [
  { name: 'a picture', matches: ({ language }) => language === 'mermaid', perform: () => undefined },
  {
    name: 'not run',
    matches: ({ attributes: { skip } }) => skip !== undefined,
    perform({ at, attributes: { skip }, text }) {
      const reason = NOT_RUN[skip ?? ''];
      const lines = text.split('\n').filter((line) => line.trim() !== '');
      expect({ at, skip, wrong: lines.filter((line) => !reason?.lines.test(line)) }).toEqual({
        at,
        skip,
        wrong: [],
      });
    },
  },
  {
    name: 'commands',
    matches: ({ language, attributes: { skip } }) => language === 'sh' && skip === undefined,
    perform: runCommands,
  },
  {
    name: 'a file',
    matches: ({ language, attributes: { file } }) => /^(?:ts|js|json)$/.test(language) && file !== undefined,
    perform({ language, attributes: { file = '', run }, text }, walk) {
      const path = putFile(walk.folder, file, text);
      if (language === 'ts') typescript.push(path);
      if (run !== undefined) runCommand(`node --import decant/register ${file}`, 0, walk);
    },
  },
  {
    name: 'the text of a file that is there',
    matches: ({ attributes: { same } }) => same !== undefined,
    perform({ at, attributes: { same = '' }, text }, { folder }) {
      expect({ at, text: readFileSync(join(folder, same), 'utf8') }).toEqual({ at, text });
    },
  },
  {
    name: 'the output of what ran before it',
    matches: ({ language, attributes: { output } }) => language === 'text' && output !== undefined,
    perform: ({ at, text }, { last, folder }) => sameText(at, last.output, text, folder),
  },
  {
    name: 'the --json of what ran before it',
    matches: ({ language, attributes: { output } }) => language === 'json' && output !== undefined,
    perform({ at, text }, { last, folder }) {
      const json = (value: string): unknown => JSON.parse(workshop.mask(value, folder));
      expect({ at, json: json(last.output) }).toEqual({ at, json: json(text) });
    },
  },
  {
    name: "a statement of the database's schema",
    matches: ({ language, attributes: { schema } }) => language === 'sql' && schema !== undefined,
    perform({ at, attributes: { schema = '' }, text }, { folder }) {
      using db = disposable(new Database(join(folder, schema), { readonly: true }));
      const stored = db.value.prepare('SELECT sql FROM sqlite_schema').pluck().all();
      expect({ at, stored: stored.map(oneLine) }).toEqual({
        at,
        stored: expect.arrayContaining([oneLine(text.trim().replace(/;$/, ''))]),
      });
    },
  },
  {
    name: 'a tree of this repository',
    matches: ({ language, attributes: { tree } }) => language === 'text' && tree !== undefined,
    perform({ at, text }) {
      const paths = text.split('\n').flatMap((line) => /^[\w./-]+/.exec(line)?.[0] ?? []);
      expect({ at, gone: paths.filter((path) => !existsSync(join(ROOT, path))) }).toEqual({ at, gone: [] });
    },
  },
];

describe.each(DOCUMENTS)('%s', (file) => {
  const blocks = blocksOf(readFileSync(join(ROOT, file), 'utf8'), file);

  it('says of every block what it is', () => {
    const wrong = blocks.filter((block) => KINDS.filter((kind) => kind.matches(block)).length !== 1);
    expect(wrong.map(({ at, language, attributes }) => ({ at, language, attributes }))).toEqual([]);
  });

  it('shows what really happens', () => {
    const walk: Walk = { folder: workshop.project(), last: { code: 0, output: '' }, next: undefined };
    for (const [index, block] of blocks.entries()) {
      if (block.attributes['fresh'] !== undefined) walk.folder = workshop.project();
      walk.next = blocks[index + 1];
      KINDS.find((kind) => kind.matches(block))?.perform(block, walk);
    }
  }, 60_000);
});

describe('The TypeScript of all documents', () => {
  it('compiles under the strictest settings', () => {
    const options = {
      extends: join(ROOT, 'tsconfig.json'),
      include: [],
      files: typescript.filter((file) => existsSync(file)),
    };
    putFile(workshop.root, 'tsconfig.json', JSON.stringify(options));
    const { output } = workshop.run(join(ROOT, 'node_modules', '.bin', 'tsc'), workshop.root);
    expect(typescript.length).toBeGreaterThan(10);
    expect(output).toBe('');
  }, 30_000);
});

function runCommands({ at, attributes, text }: Block, walk: Walk): void {
  const sessions = sessionsOf(text);
  const last = sessions.at(-1);
  for (const session of sessions) {
    runCommand(session.command, session === last ? Number(attributes['exit'] ?? 0) : 0, walk, at);
    const isShownNext = session === last && walk.next?.attributes['output'] !== undefined;
    if (session.shown !== undefined && !isShownNext)
      sameText(at, walk.last.output, session.shown, walk.folder);
  }
}

// `$ command` and the output below it, or nothing but commands, which then need only succeed.
function sessionsOf(text: string): readonly { readonly command: string; readonly shown?: string }[] {
  if (!text.startsWith('$ '))
    return text
      .trimEnd()
      .split('\n')
      .map((command) => ({ command }));
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((session) => {
      const end = session.indexOf('\n');
      return { command: session.slice(0, end), shown: session.slice(end) };
    });
}

function runCommand(command: string, exit: number, walk: Walk, at = command): void {
  walk.last = workshop.run(command, walk.folder, isJsonOutput(walk.next) ? 'stdout' : 'both');
  const { code, output } = walk.last;
  expect({ at, command, code, ...(code === exit ? {} : { output }) }).toEqual({ at, command, code: exit });
}

function isJsonOutput(block: Block | undefined): boolean {
  return block?.language === 'json' && block.attributes['output'] !== undefined;
}

function sameText(at: string, actual: string, shown: string, folder: string): void {
  expect({ at, output: workshop.mask(actual, folder) }).toEqual({ at, output: workshop.mask(shown, folder) });
}

function oneLine(sql: unknown): string {
  return String(sql).replaceAll(/\s+/g, ' ').trim();
}

function disposable<T extends { close(): unknown }>(
  value: T,
): { readonly value: T; [Symbol.dispose](): void } {
  return { value, [Symbol.dispose]: () => void value.close() };
}
