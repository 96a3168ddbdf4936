import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolders } from './folders.js';

/**
 * Returns what `compile` would, from a file of the folder where it was kept before. The folder may be deleted at any
 * time, and several processes may use it at once. Where it cannot be read or written, all is compiled.
 * @param key all that the code depends on
 */
export function cached(folder: string, key: readonly string[], compile: () => string): string {
  const file = join(folder, `${digestOf(key.join('\0'))}.js`);
  const known = read(file);
  if (known !== undefined) return known;
  const code = compile();
  keep(file, code);
  return code;
}

// Half a file, as a power cut or another process leaves it, is none: the first line has the digest of the rest.
function read(file: string): string | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    const end = text.indexOf('\n');
    const code = text.slice(end + 1);
    return text.slice(0, end) === digestOf(code) ? code : undefined;
  } catch {
    return undefined;
  }
}

// Others may read it at this moment, or write the same: what they find half done they do without.
function keep(file: string, code: string): void {
  const write = (): void => writeFileSync(file, `${digestOf(code)}\n${code}`, { mode: 0o600 });
  if (succeeds(write)) return;
  succeeds(() => {
    makeFolders(dirname(file));
    write();
  });
}

function succeeds(attempt: () => void): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
