import { readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { CompileCache } from '../../src/services/compile-cache.js';
import { makeFolder } from '../helpers/files.js';

const FILE = '/app/001_a.ts';
const KEY = ['1.0.0', 'the text'];

interface Compiled {
  readonly code: string;
  readonly asked: boolean;
}

/** Compiles and says whether the compiler was asked. */
function compileIn(cache: CompileCache, file = FILE, key: readonly string[] = KEY): Compiled {
  let asked = false;
  const code = cache.codeOf(file, key, () => {
    asked = true;
    return `// ${file} ${key.join()}\nexport {};`;
  });
  return { code, asked };
}

/** The same in a process of its own, as it were. */
function compile(folder: string, file = FILE, key: readonly string[] = KEY): Compiled {
  const cache = new CompileCache(folder);
  const compiled = compileIn(cache, file, key);
  cache.write();
  return compiled;
}

describe('the cache of what was compiled', () => {
  it('compiles a text once, and keeps a folder in one file', () => {
    const folder = join(makeFolder(), 'not', 'there', 'yet');
    const first = compile(folder);
    const second = compile(folder, '/app/002_b.ts');
    expect([first.asked, second.asked]).toEqual([true, true]);
    expect(compile(folder)).toEqual({ code: first.code, asked: false });
    expect(compile(folder, '/app/002_b.ts')).toEqual({ code: second.code, asked: false });
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.json$/)]);
  });

  it.each([
    ['compiler', FILE, ['1.0.1', 'the text']],
    ['file', '/app/002_a.ts', KEY],
    ['folder', '/other/001_a.ts', KEY],
    ['text', FILE, ['1.0.0', 'the text!']],
    ['text that begins otherwise', FILE, ['1.0.0 the', ' text']],
  ])('takes another %s for another', (_what, file, key) => {
    const folder = makeFolder();
    compile(folder);
    expect(compile(folder, file, key)).toMatchObject({
      asked: true,
      code: expect.stringContaining(`${file} ${key.join()}`),
    });
  });

  it('keeps of a file that changes only what it is', () => {
    const folder = makeFolder();
    for (const text of ['one', 'two', 'three']) compile(folder, FILE, [text]);
    const kept = readFileSync(join(folder, String(readdirSync(folder)[0])), 'utf8');
    expect(kept).toContain('three');
    expect(kept).not.toMatch(/one|two/);
  });

  it('forgets files that are gone, and removes what has been of no use for long', () => {
    const [folder, sources] = [makeFolder(), makeFolder({ '001_a.ts': '', '002_b.ts': '' })];
    compile(folder, join(sources, '001_a.ts'));
    rmSync(join(sources, '001_a.ts'));
    const [pack = ''] = readdirSync(folder);
    const [old, young] = [`${'0'.repeat(64)}.json`, `${'1'.repeat(64)}.json`];
    for (const name of [old, `${young}.123`, young, 'of-others.json']) writeFileSync(join(folder, name), '');
    const long = new Date(Date.now() - 91 * 24 * 60 * 60 * 1000);
    for (const name of [old, `${young}.123`, 'of-others.json']) utimesSync(join(folder, name), long, long);
    compile(folder, join(sources, '002_b.ts'));
    expect(readdirSync(folder).toSorted()).toEqual([young, pack, 'of-others.json'].toSorted());
    expect(readFileSync(join(folder, pack), 'utf8')).not.toContain('001_a');
    expect(compile(folder, join(sources, '002_b.ts')).asked).toBe(false);
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

  it('lets several write at once: the last wins, and what it did not know is compiled anew', () => {
    const folder = makeFolder();
    const [one, other] = [new CompileCache(folder), new CompileCache(folder)];
    compileIn(one);
    compileIn(other, '/app/002_b.ts');
    one.write();
    other.write();
    expect(readdirSync(folder)).toHaveLength(1);
    expect(compile(folder, '/app/002_b.ts').asked).toBe(false);
    expect(compile(folder).asked).toBe(true);
  });

  it('is written soon by itself, for a process that is killed', () => {
    jest.useFakeTimers();
    const folder = makeFolder();
    compileIn(new CompileCache(folder));
    expect(readdirSync(folder)).toEqual([]);
    jest.runAllTimers();
    jest.useRealTimers();
    expect(compile(folder).asked).toBe(false);
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
