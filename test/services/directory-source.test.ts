import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { DiscoveredMigration } from '../../src/domain/migration.js';
import { DirectorySource } from '../../src/services/directory-source.js';
import { errorOf } from '../helpers/errors.js';
import { makeFolder } from '../helpers/files.js';

// It throws at import, so that a test that goes through has not imported it.
const BOMB = 'throw new Error("was imported");';

function discover(files: readonly string[]): string[] {
  const folder = makeFolder(Object.fromEntries(files.map((file) => [file, BOMB])));
  const found = new DirectorySource(folder).discover();
  for (const { name, file } of found) expect(file?.startsWith(join(folder, name))).toBe(true);
  return found.map(({ name }) => name).toSorted();
}

function checksumOf(content: string): string {
  const source = new DirectorySource(makeFolder({ '001_a.js': content }));
  return source.discover().map((migration) => source.checksum(migration))[0] ?? '';
}

describe('discover', () => {
  it.each([
    '001_a.ts',
    '001_a.mts',
    '001_a.js',
    '001_a.mjs',
    '001_a.cjs',
    '001-a.js',
    '001.js',
    '20261122093000_a.ts',
  ])('takes %s for a migration, without importing it', (file) => {
    expect(discover([file])).toEqual([file.replace(/\.\w+$/, '')]);
  });

  it.each([
    '001_a.d.ts',
    '001_a.d.mts',
    '001_a.test.ts',
    '001_a.spec.js',
    '001_a.js.map',
    '001_a.sql',
    '001_a.tsx',
    '001_a.json',
    '001_a.ts.bak',
    '001_a',
    'index.ts',
    'helpers.ts',
    'a_001.ts',
    '1a_b.ts',
    '.001_a.ts',
    'README.md',
    '002_sub/001_a.ts',
  ])('leaves %s alone', (file) => {
    expect(discover([file])).toEqual([]);
  });

  it('leaves a folder alone that is named like a migration', () => {
    const folder = makeFolder();
    mkdirSync(join(folder, '001_a.ts'));
    expect(new DirectorySource(folder).discover()).toEqual([]);
  });

  it('follows links to files, leaves alone what is no file, and says which link leads nowhere', () => {
    const folder = makeFolder({ 'elsewhere/a.ts': BOMB });
    symlinkSync(join('elsewhere', 'a.ts'), join(folder, '001_a.ts'));
    symlinkSync('nowhere', join(folder, '002_b.ts'));
    symlinkSync('elsewhere', join(folder, '003_c.ts'));
    execFileSync('mkfifo', [join(folder, '004_d.ts')]);
    const source = new DirectorySource(folder);
    const [a, b, ...others] = source.discover();
    expect([a?.name, b?.name, others]).toEqual(['001_a', '002_b', []]);
    expect(source.checksum(a as DiscoveredMigration)).toMatch(/^[0-9a-f]{64}$/);
    expect(errorOf(() => source.checksum(b as DiscoveredMigration))).toMatchObject({
      code: 'DECANT_INVALID_MIGRATION',
      message: `Cannot read ${join(folder, '002_b.ts')}: it does not exist.`,
      hint: 'Mend the link, or put the file back.',
    });
  });

  it.each([
    "001_it's.ts",
    '001_say "hi".js',
    '001_add users.ts',
    '001_数据 é.mjs',
    '001_a.b.ts',
    '001_%20#?.js',
  ])('takes the name of %j letter by letter', (file) => {
    expect(discover([file])).toEqual([file.slice(0, file.lastIndexOf('.'))]);
  });

  it('knows two files with the same prefix apart', () => {
    expect(discover(['003_a.js', '003_b.js'])).toEqual(['003_a', '003_b']);
  });

  it('finds nothing in an empty folder', () => {
    expect(discover([])).toEqual([]);
  });

  it.each([
    [['001_a.ts', '001_a.js']],
    [['001_a.js', '001_a.mjs']],
    [['001_a.cjs', '001_a.js']],
    [['001_a.ts', '001_a.mts']],
    [['001_a.mjs', '001_a.js', '001_a.js.map']],
    [['001_a.ts', '001_a.js', '002_b.js.map', '002_b.d.ts']],
    [['001_a.ts', '001_a.js', '001_a.cjs', '001_a.js.map']],
  ])('refuses %j, two of which have the same name', (files) => {
    expect(errorOf(() => discover(files))).toMatchObject({
      code: 'DECANT_DUPLICATE_MIGRATION',
      message: expect.stringMatching(/001_a\.\w+ and 001_a\.\w+/),
    });
  });

  it.each([
    ['001_a.ts', ['001_a.ts', '001_a.js', '001_a.js.map']],
    ['001_a.ts', ['001_a.ts', '001_a.js', '001_a.d.ts']],
    ['001_a.mts', ['001_a.mts', '001_a.mjs', '001_a.d.mts']],
    ['001_a.mts', ['001_a.mts', '001_a.mjs', '001_a.mjs.map']],
    ['001_a.ts', ['001_a.ts', '001_a.cjs', '001_a.cjs.map']],
  ])('takes %s of %j, of which the other is plainly its build', (source, files) => {
    const folder = makeFolder(Object.fromEntries(files.map((file) => [file, BOMB])));
    expect(new DirectorySource(folder).discover()).toEqual([{ name: '001_a', file: join(folder, source) }]);
  });

  it('says which folder does not exist', () => {
    const folder = join(makeFolder(), 'nowhere');
    expect(errorOf(() => new DirectorySource(folder).discover())).toMatchObject({
      code: 'DECANT_SOURCE',
      exitCode: 2,
      message: `Cannot read migrations from ${folder}: it does not exist.`,
    });
  });

  it('says so when the folder is a file', () => {
    const file = join(makeFolder({ 'file.txt': '' }), 'file.txt');
    expect(errorOf(() => new DirectorySource(file).discover())).toMatchObject({
      message: `Cannot read migrations from ${file}: it is not a folder.`,
    });
  });

  it("says what else is wrong with the folder in the system's words", () => {
    expect(errorOf(() => new DirectorySource(`/${'x'.repeat(300)}`).discover())).toMatchObject({
      code: 'DECANT_SOURCE',
      message: expect.stringMatching(/: ENAMETOOLONG: name too long/),
    });
  });
});

describe('checksum', () => {
  const text = 'export const up = (db) => {\n  db.exec("SELECT 1");\n};\n';
  it('is the SHA-256 of the text', () => {
    expect(checksumOf(text)).toBe(createHash('sha256').update(text).digest('hex'));
  });

  it.each([
    ['line ends of Windows', text.replaceAll('\n', '\r\n')],
    ['line ends of old', text.replaceAll('\n', '\r')],
    ['a byte order mark', `\uFEFF${text}`],
    ['a byte order mark and line ends of Windows', `\uFEFF${text.replaceAll('\n', '\r\n')}`],
  ])('does not change with %s', (_what, variant) => {
    expect(checksumOf(variant)).toBe(checksumOf(text));
  });

  it.each([
    ['a letter', text.replace('1', '2')],
    ['a space', text.replace('SELECT 1', 'SELECT  1')],
    ['a line', `${text}\n`],
    ['a byte order mark within', text.replace('SELECT', '\uFEFFSELECT')],
  ])('changes with %s', (_what, variant) => {
    expect(checksumOf(variant)).not.toBe(checksumOf(text));
  });

  it('names the file that was there a moment ago', () => {
    const folder = makeFolder({ '001_a.js': text });
    const source = new DirectorySource(folder);
    const [found] = source.discover();
    rmSync(join(folder, '001_a.js'));
    expect(errorOf(() => found && source.checksum(found))).toMatchObject({
      code: 'DECANT_INVALID_MIGRATION',
      message: `Cannot read ${join(folder, '001_a.js')}: it does not exist.`,
    });
  });

  it('reads the file anew each time', () => {
    const folder = makeFolder({ '001_a.js': text });
    const source = new DirectorySource(folder);
    const [found] = source.discover();
    const before = found && source.checksum(found);
    writeFileSync(join(folder, '001_a.js'), 'other');
    expect(before).toBeDefined();
    expect(found && source.checksum(found)).not.toBe(before);
  });
});
