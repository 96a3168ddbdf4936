import { once } from 'node:events';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { COUNTS, makeDatabase, MODES, valueIn } from '../helpers/backups.js';
import { jsonOf } from '../helpers/command.js';
import { canMountDisk, mount } from '../helpers/disk.js';
import { makeFolder, putFile } from '../helpers/files.js';
import { tableModule } from '../helpers/migrations.js';
import { decant, runNode, start, startDecant, type Started } from '../helpers/processes.js';

const KILLS = 6;

/**
 * A process that adds a row to both tables, in one transaction, again and again, and prints a dot for each twenty. The
 * pause is for SQLite's sake, whose locks are not fair: with a rollback journal others would wait for seconds.
 */
function startWriter(file: string): Started {
  return start(process.execPath, [
    '--input-type=module',
    '-e',
    `import Database from 'better-sqlite3';
     const db = new Database(${JSON.stringify(file)}, { timeout: 20_000 });
     const debit = db.prepare("INSERT INTO debit (data) VALUES (printf('%0500d', 1))");
     const credit = db.prepare('INSERT INTO credit DEFAULT VALUES');
     const idle = new Int32Array(new SharedArrayBuffer(4));
     for (let i = 1; ; i++) {
       db.transaction(() => { debit.run(); credit.run(); })();
       if (i % 20 === 0) process.stdout.write('.');
       Atomics.wait(idle, 0, 0, 2);
     }`,
  ]);
}

function rowsIn(file: string): readonly [debit: number, credit: number] {
  const [debit = 0, credit = 0] = String(valueIn(file, COUNTS)).split('/').map(Number);
  return [debit, credit];
}

function finished(file: string): readonly string[] {
  const folder = `${file}.backups`;
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((entry) => entry.endsWith('.db'))
    .map((entry) => join(folder, entry));
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe.each(MODES)('a process that never stops writing (%s)', (mode) => {
  it('is not kept from it for long, and every backup is what it had committed at one instant', async () => {
    const file = makeDatabase(mode, 60_000);
    const { child, finished: ended } = startWriter(file);
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    const before = rowsIn(file)[0];
    const made = await Promise.all([
      decant(['migrate:backup', '-d', file, '--json']),
      decant(['migrate:backup', '-d', file, '--json']),
    ]);
    const after = rowsIn(file)[0];
    child.kill('SIGKILL');
    await ended;
    expect(made.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      made.map(() => ({ code: 0, stderr: '' })),
    );
    for (const each of made) {
      const copy = String(jsonOf(each)['file']);
      const [debit, credit] = rowsIn(copy);
      expect(debit).toBe(credit);
      expect(debit).toBeGreaterThanOrEqual(before);
      expect(debit).toBeLessThanOrEqual(after);
      expect(valueIn(copy, 'PRAGMA integrity_check')).toBe('ok');
    }
    expect(after).toBeGreaterThan(before);
  }, 30_000);

  it('loses nothing of what it has committed when a backup is restored under its hands', async () => {
    const file = makeDatabase(mode, 2000);
    expect(await decant(['migrate:backup', '-d', file])).toMatchObject({ code: 0 });
    const { child, finished: ended } = startWriter(file);
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    const result = jsonOf(await decant(['migrate:restore', '-d', file, '--yes', '--json']));
    await once(child.stdout as NodeJS.ReadableStream, 'data'); // it goes on, with the restored content
    child.kill('SIGKILL');
    await ended;
    const { file: replaced } = result['replaced'] as { file: string };
    const [debit, credit] = rowsIn(replaced);
    expect(debit).toBe(credit);
    expect(debit).toBeGreaterThan(2000);
    const now = rowsIn(file);
    expect(now[0]).toBe(now[1]);
    expect(valueIn(file, 'PRAGMA integrity_check')).toBe('ok');
    expect(valueIn(file, "SELECT count(*) FROM _migrations_journal WHERE outcome = 'restored'")).toBe(1);
    // Every row that was ever committed is in what was replaced, or came after the restore.
    const highest = Number(valueIn(file, 'SELECT max(id) FROM debit'));
    expect(now[0]).toBe(highest);
  }, 30_000);
});

/** Runs a command once to its end, to see how long it takes, and then kills it at moments in between. */
async function killing(
  args: (file: string) => readonly string[],
  template: string,
  judge: (file: string, wasKilled: boolean) => void,
): Promise<number> {
  const copy = (): string => {
    const folder = makeFolder();
    const file = join(folder, 'app.db');
    copyFileSync(template, file);
    if (existsSync(`${template}.backups`)) {
      mkdirSync(`${file}.backups`);
      for (const entry of readdirSync(`${template}.backups`))
        copyFileSync(join(`${template}.backups`, entry), join(`${file}.backups`, entry));
    }
    return file;
  };
  let began = performance.now();
  await decant(args(copy()));
  let duration = performance.now() - began;
  let killed = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const file = copy();
    began = performance.now();
    const { child, finished: ended } = startDecant(args(file));
    await pause(duration * (0.3 + (0.75 * kill) / KILLS));
    child.kill('SIGKILL');
    const { signal } = await ended;
    if (signal === 'SIGKILL') killed++;
    // The first may have been slow, and this one over before its time.
    else duration = Math.min(duration, performance.now() - began) / 2;
    judge(file, signal === 'SIGKILL');
  }
  return killed;
}

describe.each(MODES)('kill -9 (%s)', (mode) => {
  it('during a backup leaves nothing that looks like a finished one, and the next is made', async () => {
    const template = makeDatabase(mode, 15_000);
    const killed = await killing(
      (file) => ['migrate:backup', '-d', file],
      template,
      (file) => {
        for (const each of finished(file)) {
          expect(valueIn(each, COUNTS)).toBe('15000/15000');
          expect(valueIn(each, 'PRAGMA quick_check')).toBe('ok');
          expect(existsSync(each.replace(/\.db$/, '.json'))).toBe(true);
        }
        expect(valueIn(file, COUNTS)).toBe('15000/15000');
      },
    );
    expect(killed).toBeGreaterThan(0);
  }, 60_000);

  it('during a restore leaves the old content or the new, wholly', async () => {
    const template = makeDatabase(mode, 15_000);
    expect(await decant(['migrate:backup', '-d', template])).toMatchObject({ code: 0 });
    const db = new Database(template);
    db.exec("DELETE FROM credit WHERE id % 2 = 0; UPDATE debit SET data = 'changed'; DROP TABLE credit");
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.close();
    const seen = { old: 0, new: 0 };
    const killed = await killing(
      (file) => ['migrate:restore', '-d', file, '--yes'],
      template,
      (file) => {
        expect(valueIn(file, 'PRAGMA integrity_check')).toBe('ok');
        const tables = String(
          valueIn(file, "SELECT group_concat(name) FROM sqlite_schema WHERE type = 'table'"),
        );
        const changed = Number(valueIn(file, "SELECT count(*) FROM debit WHERE data = 'changed'"));
        if (tables === 'debit') {
          expect(changed).toBe(15_000);
          seen.old++;
        } else {
          expect(tables).toBe('debit,credit,_migrations,sqlite_sequence,_migrations_journal');
          expect([changed, valueIn(file, COUNTS)]).toEqual([0, '15000/15000']);
          expect(valueIn(file, 'SELECT group_concat(outcome) FROM _migrations_journal')).toBe('restored');
          seen.new++;
        }
        for (const each of finished(file)) expect(valueIn(each, 'PRAGMA quick_check')).toBe('ok');
      },
    );
    console.log(`kill -9 during a restore, ${mode}: ${JSON.stringify({ ...seen, killed })}`);
    expect(killed).toBeGreaterThan(0);
    expect(seen.old).toBeGreaterThan(0);
  }, 60_000);
});

describe.each(MODES)('a database that another process has open (%s)', (mode) => {
  it('shows the restored content to statements that were prepared before', async () => {
    const file = makeDatabase(mode, 50);
    expect(await decant(['migrate:backup', '-d', file])).toMatchObject({ code: 0 });
    const { child, finished: ended } = start(process.execPath, [
      '--input-type=module',
      '-e',
      `import Database from 'better-sqlite3';
       const db = new Database(${JSON.stringify(file)}, { timeout: 5000 });
       const counts = db.prepare(${JSON.stringify(COUNTS)}).pluck();
       const all = db.prepare('SELECT * FROM debit LIMIT 1');
       db.exec('ALTER TABLE debit ADD COLUMN late DEFAULT 1; DELETE FROM debit WHERE id > 7');
       const look = () => console.log(counts.get() + ' ' + Object.keys(all.get()));
       look();
       process.stdin.on('data', () => { look(); process.exit(0); });`,
    ]);
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    expect(await decant(['migrate:restore', '-d', file, '--yes'])).toMatchObject({ code: 0 });
    child.stdin?.write('look');
    const { stdout } = await ended;
    expect(stdout).toBe('7/50 id,data,late\n50/50 id,data\n');
  }, 20_000);
});

(canMountDisk() ? describe : describe.skip)('a disk without room for a backup', () => {
  let folder: string;
  let disk: string;
  let file: string;

  beforeAll(() => {
    file = makeDatabase('wal', 4000);
    folder = makeFolder({
      'migrations/001_a.mjs': tableModule('a'),
      'decant.config.json': JSON.stringify({
        database: file,
        directory: 'migrations',
        backupDirectory: 'disk',
      }),
      'disk/.keep': '',
    });
    disk = join(folder, 'disk');
    mount('-t', 'tmpfs', '-o', 'size=1m', 'decant-test', disk);
  });
  afterAll(() => {
    if (spawnSync('umount', [disk]).status !== 0) spawnSync('umount', ['-l', disk]);
  });

  it('is found out first: nothing is migrated, and the error has numbers and ways out', async () => {
    const { code, stderr } = await decant(['migrate:up'], { cwd: folder });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /✗ A backup of .+app\.db needs \d\.\d MB in .+disk, where \d+\.\d [KM]B are free\.$/m,
    );
    expect(stderr).toMatch(/Next .*backupDirectory, or go on with --no-backup\.$/m);
    expect(valueIn(file, "SELECT group_concat(name) FROM sqlite_schema WHERE type = 'table'")).toBe(
      'debit,credit',
    );
    expect(readdirSync(disk)).toEqual([]);
  });

  it('that fills while the backup is made stops the run before it begins', async () => {
    const preload = putFile(
      folder,
      'full.mjs',
      `import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module';
       fs.statfsSync = () => ({ blocks: 0 }); syncBuiltinESMExports();`,
    );
    const { code, stderr } = await runNode(
      ['--import', preload, join(import.meta.dirname, '../../lib/cli.js'), 'migrate:up'],
      { cwd: folder },
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/✗ Cannot back up .+: database or disk is full\.$/m);
    expect(stderr).toMatch(/Next +The disk is full\. Free some space there/);
    expect(valueIn(file, "SELECT group_concat(name) FROM sqlite_schema WHERE type = 'table'")).toBe(
      'debit,credit',
    );
    expect(readdirSync(disk)).toEqual([]);
  });

  it('does not keep a run from going on with --no-backup', async () => {
    expect(await decant(['migrate:up', '--no-backup'], { cwd: folder })).toMatchObject({ code: 0 });
    expect(readdirSync(disk)).toEqual([]);
    expect(readFileSync(file).length).toBeGreaterThan(0);
  });
});
