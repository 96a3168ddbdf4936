import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { cached } from '../../src/services/compile-cache.js';
import { makeFolder } from '../helpers/files.js';

const KEY = ['1.0.0', '001_a.ts', 'the text'];

/** Compiles into `folder` and says whether the compiler was asked. */
function compile(folder: string, key: readonly string[] = KEY): { code: string; asked: boolean } {
  let asked = false;
  const code = cached(folder, key, () => {
    asked = true;
    return `// ${key.join()}\nexport {};`;
  });
  return { code, asked };
}

describe('the cache of what was compiled', () => {
  it('compiles a text once', () => {
    const folder = join(makeFolder(), 'not', 'there', 'yet');
    const first = compile(folder);
    expect(first.asked).toBe(true);
    expect(compile(folder)).toEqual({ code: first.code, asked: false });
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.js$/)]);
  });

  it.each([
    ['compiler', ['1.0.1', '001_a.ts', 'the text']],
    ['file', ['1.0.0', '002_a.ts', 'the text']],
    ['text', ['1.0.0', '001_a.ts', 'the text!']],
    ['text that looks like another file', ['1.0.0', '001_a.tst', 'he text']],
  ])('takes another %s for another', (_what, key) => {
    const folder = makeFolder();
    compile(folder);
    expect(compile(folder, key)).toMatchObject({ asked: true, code: expect.stringContaining(key.join()) });
  });

  it.each([
    ['is empty, as after a power cut', () => ''],
    ['is cut off', (text: string) => text.slice(0, -3)],
    ['was changed', (text: string) => text.replace('export', 'import')],
  ])('compiles anew where the file %s', (_what, spoil) => {
    const folder = makeFolder();
    const { code } = compile(folder);
    const file = join(folder, String(readdirSync(folder)[0]));
    writeFileSync(file, spoil(readFileSync(file, 'utf8')));
    expect(compile(folder)).toEqual({ code, asked: true });
    expect(compile(folder)).toEqual({ code, asked: false });
  });

  it('does without a folder that cannot be, or is deleted meanwhile', () => {
    const folder = makeFolder({ file: 'no folder' });
    expect(compile(join(folder, 'file', 'cache')).asked).toBe(true);
    expect(compile('/proc/decant').asked).toBe(true); // where mkdir's own `recursive` would never return
    const cache = join(folder, 'cache');
    compile(cache);
    rmSync(cache, { recursive: true });
    expect(compile(cache).asked).toBe(true);
  });
});
