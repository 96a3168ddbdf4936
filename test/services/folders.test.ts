import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { makeFolders, makeTemporaryFolder } from '../../src/services/folders.js';
import { makeFolder } from '../helpers/files.js';
import { ROOT } from '../helpers/processes.js';

describe('makeFolders', () => {
  it('makes a folder and those that it is in, and is content with one that is there', () => {
    const folder = join(makeFolder(), 'a', 'b', 'c');
    makeFolders(folder);
    makeFolders(folder);
    expect(existsSync(folder)).toBe(true);
  });

  it('fails where a file is in the way', () => {
    const file = join(makeFolder(), 'file');
    writeFileSync(file, '');
    expect(() => makeFolders(file)).toThrow(/EEXIST/);
    expect(() => makeFolders(join(file, 'below'))).toThrow(/ENOTDIR/);
  });
});

describe('makeTemporaryFolder', () => {
  it('makes one that nobody else has', () => {
    const place = makeFolder();
    const [one, other] = [makeTemporaryFolder('a-', place), makeTemporaryFolder('a-', place)];
    expect(existsSync(one)).toBe(true);
    expect(other).not.toBe(one);
  });

  it('says what to do where it cannot', () => {
    const place = join(makeFolder(), 'missing');
    expect(() => makeTemporaryFolder('a-', place)).toThrow(
      expect.objectContaining({
        code: 'DECANT_DATABASE',
        message: expect.stringMatching(/^Cannot make a folder for temporary files in .*missing: ENOENT/),
        hint: 'Set TMPDIR to a folder that this user may write to.',
      }),
    );
  });
});

if (!existsSync('/proc/self'))
  console.warn('SKIPPED: folders that cannot be made or found, for want of /proc');

// In processes of their own, which can be ended: what was wrong here was that it never returned.
(existsSync('/proc/self') ? describe : describe.skip)('a folder that can be neither made nor found', () => {
  it.each([
    ['migrate:up', ['--database', '/proc/nowhere/below/app.db'], 1],
    ['migrate:create', ['users', '--dir', '/proc/nowhere/below'], 2],
  ])(
    'is told by %s',
    (command, args, code) => {
      const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'lib/cli.js'), command, ...args], {
        encoding: 'utf8',
        timeout: 10_000,
      });
      expect(stderr).toMatch(/✗ Cannot create the folder \/proc\/nowhere\/below: ENOENT/);
      expect(status).toBe(code);
    },
    20_000,
  );
});
