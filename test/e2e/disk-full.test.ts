import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jsonOf } from '../helpers/command.js';
import { canMountDisk, mount } from '../helpers/disk.js';
import { makeFolder } from '../helpers/files.js';
import { decant } from '../helpers/processes.js';

const files = (cacheKiB: number): Record<string, string> => ({
  'migrations/001_small.mjs': `export const up = (db) => db.exec('CREATE TABLE small (id)');\n`,
  'migrations/002_large.mjs': `export function up(db) {
  db.pragma('cache_size = -${cacheKiB}');
  db.exec('CREATE TABLE large (data)');
  for (let i = 0; i < 4000; i++) db.prepare('INSERT INTO large VALUES (zeroblob(1000))').run();
}
`,
  'disk/.keep': '',
});

(canMountDisk() ? describe : describe.skip).each([
  ['wal', 'by the body', 100, /\(002_large\.mjs:4\) failed: database or disk is full$/m],
  ['delete', 'by the body', 100, /\(002_large\.mjs:4\) failed: database or disk is full$/m],
  ['wal', 'by COMMIT', 16_000, /\(002_large\.mjs\) failed: .*database or disk is full\.?$/m],
  ['delete', 'by COMMIT', 16_000, /\(002_large\.mjs\) failed: .*database or disk is full\.?$/m],
] as const)('a full disk (%s), found %s', (journal, _by, cache, says) => {
  let folder: string;
  let disk: string;

  beforeAll(() => {
    folder = makeFolder(files(cache));
    disk = join(folder, 'disk');
    mount('-t', 'tmpfs', '-o', 'size=2m', 'decant-test', disk);
    const db = new Database(join(disk, 'app.db'));
    db.pragma(`journal_mode = ${journal}`);
    db.exec('CREATE TABLE own (id); INSERT INTO own VALUES (1)');
    db.close();
  });
  afterAll(() => {
    if (spawnSync('umount', [disk]).status !== 0) spawnSync('umount', ['-l', disk]);
  });

  const tables = (): unknown[] => {
    const db = new Database(join(disk, 'app.db'), { readonly: true });
    try {
      expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
      const names = db
        .prepare("SELECT name FROM sqlite_schema WHERE name IN ('own', 'small', 'large')")
        .pluck()
        .all();
      return [...names, ...db.prepare('SELECT name FROM _migrations ORDER BY id').pluck().all()];
    } finally {
      db.close();
    }
  };

  it('fails with a clear sentence, leaves nothing half done, and goes on when there is space', async () => {
    const args = ['-d', 'disk/app.db', '--dir', 'migrations'];
    const full = await decant(['migrate:up', '--no-backup', ...args], { cwd: folder });
    expect(full.code).toBe(1);
    expect(full.stderr).toMatch(says);
    expect(full.stderr).toMatch(/^ {2}SQLite {7}SQLITE_FULL$/m);
    expect(full.stderr).toMatch(/^ {2}Rolled back {2}002_large, completely$/m);
    expect(full.stderr).toMatch(/^ {2}Next .*disk is full: free some space/m);
    expect(tables()).toEqual(['own', 'small', '001_small']);

    const again = await decant(['migrate:up', '--no-backup', ...args, '--json'], { cwd: folder });
    expect(again.code).toBe(1);
    expect(jsonOf(again)).toMatchObject({
      error: { failure: { sqliteCode: 'SQLITE_FULL', rolledBack: 'all' } },
    });
    expect(await decant(['migrate:status', ...args], { cwd: folder })).toMatchObject({ code: 0 });

    expect(mount('-o', 'remount,size=32m', disk)).toBeUndefined();
    expect(await decant(['migrate:up', '--no-backup', ...args], { cwd: folder })).toMatchObject({ code: 0 });
    expect(tables()).toEqual(['own', 'small', 'large', '001_small', '002_large']);
    expect(existsSync(join(disk, 'app.db-journal'))).toBe(false);
  }, 20_000);
});
