import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import Database from 'better-sqlite3';
import { makeFolder } from '../helpers/files.js';

let free = 0;
jest.unstable_mockModule('node:fs', () => ({ statfsSync: () => ({ blocks: 1, bavail: free, bsize: 1 }) }));
const { requireRebuildSpace } = await import('../../src/sqlite/rebuild-space.js');

const MEGABYTE = 1_000_000;
let db: Database.Database | undefined;

afterEach(() => {
  db?.close();
  db = undefined;
});

/** A file of about 2.5 MB, of which 0.5 MB is table `t` with its index. */
function makeFile(): Database.Database {
  db = new Database(join(makeFolder(), 'test.db'));
  db.exec(`CREATE TABLE t (a); CREATE INDEX i ON t (a); INSERT INTO t VALUES (zeroblob(500000)); CREATE TABLE u (a);
    INSERT INTO u VALUES (zeroblob(2000000))`);
  return db;
}

describe('requireRebuildSpace (R28)', () => {
  it.each([
    [9 * MEGABYTE, 'has three times the file', true],
    [2.2 * MEGABYTE, 'has twice the table', true],
    [0.9 * MEGABYTE, 'has less', false],
  ])('where %d bytes are free, which %s: lets a rebuild pass: %s', (bytes, _what, passes) => {
    const file = makeFile();
    free = bytes;
    if (passes) expect(() => requireRebuildSpace(file, 't')).not.toThrow();
    else expect(() => requireRebuildSpace(file, 't')).toThrow('A rebuild of t needs ');
  });

  it('looks at no disk for a database in memory', () => {
    db = new Database(':memory:');
    free = 0;
    expect(() => requireRebuildSpace(db as Database.Database, 't')).not.toThrow();
  });
});
