import { createHash } from 'node:crypto';
import {
  chmodSync,
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

/**
 * Makes a temporary folder with these files in it, which every user may look into; it is removed after the tests.
 * @param files text by relative path
 */
export function makeFolder(files: Readonly<Record<string, string>> = {}, name = 'project'): string {
  const outer = realpathSync(mkdtempSync(join(tmpdir(), 'decant-')));
  made.push(outer);
  chmodSync(outer, 0o755); // no more: swc refuses a HOME that others may write to
  const folder = join(outer, name);
  mkdirSync(folder);
  for (const [path, text] of Object.entries(files)) putFile(folder, path, text);
  return folder;
}

/** Writes a file, its folders too, and returns its path. */
export function putFile(folder: string, path: string, text: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const made: string[] = [];
afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** The files below a folder, each with its print; not a `-shm`, which is shared memory and holds no data. */
export function printsOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => !name.endsWith('-shm') && statSync(join(folder, name)).isFile());
  return Object.fromEntries(files.map((name) => [name, printOf(join(folder, name))]));
}

// What tells whether a file was touched: its size, the time of its last change, and a hash of its bytes.
function printOf(file: string): string {
  const { size, mtimeMs } = statSync(file);
  return `${size} ${mtimeMs} ${createHash('sha256').update(readFileSync(file)).digest('hex')}`;
}
