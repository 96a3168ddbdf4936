import { hash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { makeFolders } from './folders.js';

/** What was compiled of a file, and the digest of all that it depended on. */
type Entry = readonly [digest: string, code: string];

/** How long what is new waits for more of its kind before it is written. */
const WAIT = 1000;

/**
 * Keeps what was compiled, of all the files of a folder in one: a file for each would take longer to write than the
 * compiler takes. The cache may be deleted at any time, and several processes may use it at once: the last to write
 * wins, and what it did not know is compiled anew. What is of no use any more is left out or removed. Where it cannot be read or written, all is compiled.
 */
export class CompileCache {
  readonly #packs = new Map<string, Map<string, Entry>>();
  readonly #changed = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  /** @param folder made when there is something to write */
  constructor(readonly folder: string) {}

  /**
   * Returns what `compile` would, if need be by calling it.
   * @param key all that the code depends on besides the file's path
   */
  codeOf(file: string, key: readonly string[], compile: () => string): string {
    const pack = this.#packOf(dirname(file));
    const digest = digestOf([file, ...key].join('\0'));
    const [known, code] = pack.get(file) ?? [];
    if (known === digest && code !== undefined) return code;
    const compiled = compile();
    pack.set(file, [digest, compiled]);
    this.#changed.add(dirname(file));
    this.#timer ??= setTimeout(() => this.write(), WAIT).unref();
    return compiled;
  }

  /** Writes what is new. It happens by itself soon after, except when the process ends before: then it is to be called. */
  write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const folder of this.#changed) {
      const pack = this.#packOf(folder);
      forget(pack, folder);
      keep(this.#fileOf(folder), pack);
    }
    if (this.#changed.size > 0) sweep(this.folder);
    this.#changed.clear();
  }

  #packOf(folder: string): Map<string, Entry> {
    const known = this.#packs.get(folder) ?? read(this.#fileOf(folder));
    this.#packs.set(folder, known);
    return known;
  }

  #fileOf(folder: string): string {
    return join(this.folder, `${digestOf(folder)}.json`);
  }
}

// Half a file, as a power cut leaves it, is none: the first line has the digest of the rest.
function read(file: string): Map<string, Entry> {
  try {
    const text = readFileSync(file, 'utf8');
    const end = text.indexOf('\n');
    const entries = text.slice(end + 1);
    return new Map(
      text.slice(0, end) === digestOf(entries) ? (JSON.parse(entries) as [string, Entry][]) : [],
    );
  } catch {
    return new Map();
  }
}

// Others may read or write the same at this moment: they find the old file or the new one.
function keep(file: string, pack: ReadonlyMap<string, Entry>): void {
  const entries = JSON.stringify([...pack]);
  const half = `${file}.${process.pid}`;
  const write = (): void => writeFileSync(half, `${digestOf(entries)}\n${entries}`, { mode: 0o600 });
  const written = succeeds(write) || (succeeds(() => makeFolders(dirname(file))) && succeeds(write));
  if (written && succeeds(() => renameSync(half, file))) return;
  succeeds(() => rmSync(half, { force: true }));
}

// What was renamed or deleted is not asked for again.
function forget(pack: Map<string, Entry>, folder: string): void {
  succeeds(() => {
    const there = new Set(readdirSync(folder));
    for (const file of pack.keys()) if (!there.has(basename(file))) pack.delete(file);
  });
}

// Of a folder that is gone nothing tells, but that its file has not been written for long. So it is with what a process
// that was killed has left half written.
function sweep(folder: string): void {
  succeeds(() => {
    for (const name of readdirSync(folder)) {
      const file = join(folder, name);
      if (NAME.test(name) && Date.now() - statSync(file).mtimeMs > LONG) rmSync(file);
    }
  });
}

const NAME = /^[0-9a-f]{64}\.json(?:\.\d+)?$/;
const LONG = 90 * 24 * 60 * 60 * 1000;

function succeeds(attempt: () => void): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}

function digestOf(text: string): string {
  return hash('sha256', text);
}
