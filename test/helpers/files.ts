import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from '@jest/globals';

/** Makes a temporary folder with these files in it (text by relative path), which is removed after the tests. */
export function makeFolder(files: Readonly<Record<string, string>> = {}): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'decant-')));
  made.push(folder);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

const made: string[] = [];
afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** What tells whether a file was touched: its size, the time of its last change, and a hash of its bytes. */
export function printOf(file: string): string {
  const { size, mtimeMs } = statSync(file);
  return `${size} ${mtimeMs} ${createHash('sha256').update(readFileSync(file)).digest('hex')}`;
}

/** The files of a folder, each with its print; not the `-shm`, which is shared memory and holds no data. */
export function printsOf(folder: string): Record<string, string> {
  const names = readdirSync(folder).filter((name) => !name.endsWith('-shm'));
  return Object.fromEntries(names.map((name) => [name, printOf(join(folder, name))]));
}
