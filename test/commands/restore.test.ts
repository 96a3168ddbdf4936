import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import Backup from '../../src/commands/migrate/backup.js';
import BackupList from '../../src/commands/migrate/backups.js';
import Restore from '../../src/commands/migrate/restore.js';
import Up from '../../src/commands/migrate/up.js';
import { COUNTS, makeDatabase, valueIn } from '../helpers/backups.js';
import { jsonErrorOf, jsonOf, runCommand } from '../helpers/command.js';
import { makeFolder, putFile } from '../helpers/files.js';
import { tableModule } from '../helpers/migrations.js';

const MISSING = join(makeFolder(), 'none.db');

describe('migrate:backup', () => {
  it('says where it is, and how large', async () => {
    const file = makeDatabase('wal', 3);
    const { stdout } = await runCommand(Backup, ['-d', file]);
    expect(stdout).toMatch(/^Backed up to .+\/app\.db\.backups\/[\dTZ-]+-[\da-f]{12}\.db \(\d+\.\d KB\)\n$/);
  });

  it.each([
    ['a database in memory', ':memory:', 'the database is in memory'],
    ['one that is not there', MISSING, `there is no file ${MISSING}`],
  ])('refuses %s, and makes nothing', async (_what, file, why) => {
    const ran = await runCommand(Backup, ['-d', file, '--json']);
    expect(ran.exit).toBe(1);
    expect(jsonErrorOf(ran)).toMatchObject({
      code: 'DECANT_BACKUP',
      message: `There is nothing to back up: ${why}.`,
    });
    expect(existsSync(file) || existsSync(`${file}.backups`)).toBe(false);
  });

  it('keeps as many as the config says, in the folder that it says', async () => {
    const file = makeDatabase('wal', 3);
    const folder = makeFolder();
    const settings = { database: file, keep: 2, backupDirectory: 'kept here' };
    const config = putFile(folder, 'decant.config.json', JSON.stringify(settings));
    for (let count = 0; count < 3; count++) await runCommand(Backup, ['--config', config]);
    const listed = jsonOf(await runCommand(BackupList, ['--config', config, '--json']));
    expect(listed).toMatchObject({ folder: join(folder, 'kept here'), backups: [{}, {}] });
    expect(readdirSync(join(folder, 'kept here'))).toHaveLength(4);
  });
});

describe('migrate:backups', () => {
  it('says when there are none, and makes no folder', async () => {
    const file = makeDatabase('wal', 3);
    const { stdout } = await runCommand(BackupList, ['-d', file]);
    expect(stdout).toBe(`No backups in ${file}.backups.\n`);
    expect(existsSync(`${file}.backups`)).toBe(false);
  });

  it('says of a database in memory that it has none', async () => {
    const { stdout } = await runCommand(BackupList, ['-d', ':memory:']);
    expect(stdout).toBe('A database in memory has no backups.\n');
  });

  it('tells of each its size, its time, and what it preceded', async () => {
    const file = makeDatabase('wal', 3);
    const dir = makeFolder({ '001_a.mjs': tableModule('a'), '002_b.mjs': tableModule('b') });
    await runCommand(Up, ['-d', file, '--dir', dir]);
    await runCommand(Backup, ['-d', file]);
    await runCommand(Restore, ['-d', file, '--yes']);
    const { stdout } = await runCommand(BackupList, ['-d', file]);
    const line = /^(\S+) {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2,}\d+\.\d KB {2}(.+)$/gm;
    const lines = [...stdout.matchAll(line)];
    expect(lines.map(([, , preceded]) => preceded)).toEqual([
      `before restore of ${lines[1]?.[1]}`,
      'by migrate:backup',
      'before up of 001_a to 002_b (2)',
    ]);
  });
});

describe('migrate:restore', () => {
  it('takes a path to a backup of a database that was renamed since', async () => {
    const file = makeDatabase('wal', 3);
    const { file: backup } = jsonOf(await runCommand(Backup, ['-d', file, '--json'])) as { file: string };
    renameSync(file, `${file}.renamed`);
    const ran = await runCommand(Restore, [backup, '-d', `${file}.renamed`, '--yes']);
    expect(ran.stdout).toMatch(/^✓ Restored .+ \(by migrate:backup\)\.$/m);
  });

  it('asks first, and where nobody can answer does nothing', async () => {
    const file = makeDatabase('wal', 3);
    await runCommand(Backup, ['-d', file]);
    const ran = await runCommand(Restore, ['-d', file, '--json']);
    expect(ran.exit).toBe(2);
    expect(jsonErrorOf(ran)).toMatchObject({
      code: 'DECANT_CONFIRMATION_REQUIRED',
      message: expect.stringMatching(
        /^This would replace the content of .+app\.db by .+, and nobody/,
      ) as unknown,
    });
    expect(readdirSync(`${file}.backups`)).toHaveLength(2);
  });

  it('refuses a backup that is not there before it asks', async () => {
    const file = makeDatabase('wal', 3);
    const ran = await runCommand(Restore, ['yesterday', '-d', file, '--json']);
    expect(ran.exit).toBe(2);
    expect(jsonErrorOf(ran)).toMatchObject({ code: 'DECANT_UNKNOWN_BACKUP' });
  });

  it('refuses a file in the place of the database that is none, and leaves it alone', async () => {
    const file = makeDatabase('delete', 3);
    await runCommand(Backup, ['-d', file]);
    writeFileSync(file, 'this is no database, but a text of some length, longer than a header is'.repeat(20));
    const ran = await runCommand(Restore, ['-d', file, '--yes', '--json']);
    expect(jsonErrorOf(ran)).toMatchObject({ code: 'DECANT_DATABASE' });
    expect(readdirSync(`${file}.backups`)).toHaveLength(2);
  });

  it('says what the database holds now, and where what it held is', async () => {
    const file = makeDatabase('wal', 3);
    await runCommand(Backup, ['-d', file]);
    const { stdout } = await runCommand(Restore, ['-d', file, '-y']);
    expect(stdout).toMatch(
      /^✓ Restored \S+ \(by migrate:backup\)\.\nWhat it held before is kept as \S+\.\n$/,
    );
    expect(valueIn(file, COUNTS)).toBe('3/3');
  });
});

describe('--backup and --no-backup', () => {
  it.each([
    ['never', '--backup', 1],
    ['always', '--no-backup', 0],
    ['destructive', '--backup', 1],
  ])('go before a config that says %s: %s', async (backup, flag, count) => {
    const file = makeDatabase('wal', 3);
    const folder = makeFolder({ 'migrations/001_a.mjs': tableModule('a') });
    const settings = { database: file, directory: 'migrations', backup };
    const config = putFile(folder, 'decant.config.json', JSON.stringify(settings));
    const ran = await runCommand(Up, ['--config', config, flag, '--json']);
    expect(jsonOf(ran)).toMatchObject({ backup: count === 0 ? null : expect.stringContaining('.backups/') });
    expect(existsSync(`${file}.backups`)).toBe(count > 0);
  });
});
