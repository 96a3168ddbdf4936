import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { DiskSpaceError } from '../../src/errors.js';
import { freeSpace, requireSpace } from '../../src/sqlite/free-space.js';
import { errorOf } from '../helpers/errors.js';

describe('freeSpace()', () => {
  it('is what the file system has for this user', () => {
    const { bavail, bsize } = statfsSync(tmpdir());
    expect(Math.abs(freeSpace(tmpdir()) - bavail * bsize)).toBeLessThan(100_000_000); // others write, too
  });

  it('is taken for endless where the file system does not tell', () => {
    expect(freeSpace('/proc')).toBe(Infinity);
  });
});

describe('requireSpace()', () => {
  it('lets pass what there is room for', () => {
    expect(() => requireSpace(tmpdir(), 1, 'x', 'y')).not.toThrow();
  });

  it('refuses what there is no room for, with numbers and a way out', () => {
    const error = errorOf(() => requireSpace(tmpdir(), 1e18, 'A backup', 'Leave it.')) as DiskSpaceError;
    expect(error).toBeInstanceOf(DiskSpaceError);
    expect(error.message).toMatch(/^A backup needs 1050000000\.0 GB in .+, where \d+\.\d GB are free\.$/);
    expect(error).toMatchObject({ needed: 1.05e18, hint: 'Leave it.' });
    expect(error.free).toBeGreaterThan(0);
  });
});
