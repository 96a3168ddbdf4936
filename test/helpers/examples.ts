import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { makeFolder, putFile } from './files.js';
import { CLI, ROOT } from './processes.js';

/** A fenced block of a Markdown file: ```` ```ts file=migrations/001_users.ts ````. */
export interface Block {
  /** `README.md:12` */
  readonly at: string;
  readonly language: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Every fenced block of a text, in order; what `oclif readme` generates is left out, as it has a test of its own. */
export function blocksOf(markdown: string, file: string): readonly Block[] {
  const text = markdown.replace(/<!-- commands -->[^]*<!-- commandsstop -->/, (part) =>
    part.replaceAll(/[^\n]/g, ''),
  );
  const fences = text.match(/^ *```/gm) ?? [];
  const blocks = [...text.matchAll(/^ *```([^\n]*)\n([^]*?)^ *```$/gm)].map((match) => {
    const [language = '', ...words] = (match[1] ?? '').trim().split(/\s+/);
    const attributes = Object.fromEntries(
      words.map((word) => [word.split('=')[0], word.split('=')[1] ?? '']),
    );
    const line = text.slice(0, match.index).split('\n').length;
    return { at: `${file}:${line}`, language, attributes, text: match[2] ?? '' };
  });
  if (fences.length !== 2 * blocks.length) throw new Error(`${file} has a block that nothing closes`);
  return blocks;
}

export interface Ran {
  readonly code: number | null;
  /** Of both streams, in the order in which it was written, or of the one that was asked for. */
  readonly output: string;
}

/** A folder in which `decant` is installed, with a home and as many projects as are asked for. */
export class Workshop {
  readonly root = makeFolder();
  #projects = 0;

  constructor() {
    const bin = join(this.root, 'node_modules', '.bin');
    mkdirSync(bin, { recursive: true });
    mkdirSync(join(this.root, 'home'));
    for (const name of ['better-sqlite3', 'tsyringe', 'reflect-metadata', '@types']) {
      symlinkSync(join(ROOT, 'node_modules', name), join(this.root, 'node_modules', name));
    }
    symlinkSync(ROOT, join(this.root, 'node_modules', 'decant'));
    symlinkSync(CLI, join(bin, 'decant'));
    // The real npx takes half a second to come to the same end.
    writeFileSync(join(bin, 'npx'), '#!/bin/sh\nexec "$@"\n');
    chmodSync(join(bin, 'npx'), 0o755);
  }

  /** A new, empty project. */
  project(): string {
    this.#projects += 1;
    const folder = join(this.root, `project-${this.#projects}`, 'app');
    putFile(folder, 'package.json', '{ "name": "app", "type": "module" }\n');
    return folder;
  }

  /** Runs a line as a shell would in that project; `npx` and `decant` mean this repository's build. */
  run(command: string, folder: string, streams: 'both' | 'stdout' = 'both'): Ran {
    const line = streams === 'both' ? `{ ${command}\n} 2>&1` : command;
    const { status, stdout } = spawnSync('/bin/sh', ['-c', line], {
      cwd: folder,
      env: this.#environment(),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return { code: status, output: stdout };
  }

  /** The same text wherever and whenever it was printed. */
  mask(text: string, folder: string): string {
    return text
      .replaceAll(folder, '/home/you/app')
      .replaceAll(join(this.root, 'home'), '/home/you')
      .replaceAll(ROOT, '/home/you/app/node_modules/decant')
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z-[\da-f]{12}/g, '<backup>')
      .replaceAll(/\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+Z)?/g, '<time>')
      .replaceAll(/\b20\d{12}(?=_)/g, '<timestamp>')
      .replaceAll(/ *(?<![\d.])\d+(?:\.\d+)? (?:ms|s)\b/g, ' <duration>')
      .replaceAll(/"(durationMs|startMs|spanMs)": ?[\d.e-]+/g, '"$1": 0')
      .replaceAll(/"size": \d+/g, '"size": 0')
      .replaceAll(/"runId": "[\da-f]+"/g, '"runId": "<id>"')
      .replaceAll(/^Run [\da-f]{12}, /gm, 'Run <id>, ')
      .replaceAll(/(?<=UTC, by |"who": ")[^\n"]+/g, '<who>')
      .replaceAll(/(?<=(?:Decant|SQLite|Node\.js) |"(?:decant|sqlite|node)": ")\d+\.\d+\.\d+/g, '<version>')
      .replaceAll(/"checksum": "[\da-f]{64}"/g, '"checksum": "<sum>"')
      .replaceAll(/[ \t]+$/gm, '')
      .trim();
  }

  #environment(): NodeJS.ProcessEnv {
    const { PATH = '' } = process.env;
    const first = [join(this.root, 'node_modules', '.bin'), dirname(process.execPath)];
    return { PATH: [...first, PATH].join(delimiter), HOME: join(this.root, 'home'), NO_COLOR: '1' };
  }
}
