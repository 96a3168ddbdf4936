import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from '@jest/globals';
import { waysOut } from '../../src/backup/explain.js';
import type { Backup } from '../../src/domain/backup.js';
import {
  BackupError,
  DatabaseLockedError,
  NewerDatabaseError,
  UnknownBackupError,
} from '../../src/errors.js';
import {
  backupsBeside,
  backupsOf,
  BY_HAND,
  COUNTS,
  makeDatabase,
  MODES,
  valueIn,
} from '../helpers/backups.js';
import { errorOf, rejectionOf } from '../helpers/errors.js';
import { makeFolder } from '../helpers/files.js';

async function made(file: string): Promise<Backup> {
  const backup = await backupsOf(file).make(BY_HAND);
  if (backup === undefined) throw new Error('no backup was made');
  return backup;
}

/** What another process is answered that wants to write: locks are between processes. */
function writtenByAnother(file: string): string {
  const code = `import Database from 'better-sqlite3';
    try {
      new Database(${JSON.stringify(file)}, { timeout: 0 }).exec('DELETE FROM debit');
      process.stdout.write('done');
    } catch ({ code }) { process.stdout.write(code); }`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' });
  return stdout;
}

async function settled(file: string): Promise<Backup> {
  const backup = await made(file);
  backupsOf(file).prune(backup);
  return backup;
}

/** The number of a process that has ended. */
const DEAD = String(spawnSync(process.execPath, ['-e', '']).pid);

function journalOf(file: string): unknown[] {
  const db = new Database(file, { readonly: true });
  try {
    const sql = 'SELECT run_id, name, direction, outcome, file, error FROM _migrations_journal ORDER BY id';
    return db.prepare(sql).all();
  } finally {
    db.close();
  }
}

describe.each(MODES)('a backup of a database in %s mode', (mode) => {
  it('is one file that holds what the database held, and leaves nothing else behind', async () => {
    const file = makeDatabase(mode);
    const open = new Database(file);
    open.exec('INSERT INTO debit DEFAULT VALUES; INSERT INTO credit DEFAULT VALUES'); // in the WAL, if there is one
    const backup = await made(file);
    expect(dirname(backup.file)).toBe(`${file}.backups`);
    expect(backup.name).toMatch(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z-a1b2c3d4e5f6$/);
    expect(backup).toMatchObject({
      runId: 'a1b2c3d4e5f6',
      size: statSync(backup.file).size,
      preceded: { command: 'backup', names: [] },
    });
    expect(Math.abs(Date.parse(backup.madeAt) - Date.now())).toBeLessThan(60_000);
    expect(valueIn(backup.file, COUNTS)).toBe('101/101');
    expect(valueIn(backup.file, 'PRAGMA integrity_check')).toBe('ok');
    expect(readFileSync(backup.file)[18]).toBe(1); // no WAL database: looking into it leaves nothing beside it
    expect(readdirSync(`${file}.backups`).toSorted()).toEqual([`${backup.name}.db`, `${backup.name}.json`]);
    open.close();
  });

  it('is restored into the database, where connections that are open see it at their next query', async () => {
    const file = makeDatabase(mode);
    const backup = await made(file);
    const open = new Database(file);
    const counts = open.prepare(COUNTS).pluck();
    const all = open.prepare('SELECT * FROM debit');
    open.exec('ALTER TABLE debit ADD COLUMN late; DELETE FROM debit WHERE id > 10; CREATE TABLE other (x)');
    expect([counts.get(), Object.keys(all.get() as object).length]).toEqual(['10/100', 3]);
    const restored = await backupsOf(file).restore(backup.name);
    expect([counts.get(), Object.keys(all.get() as object)]).toEqual(['100/100', ['id', 'data']]);
    expect(() => open.exec('SELECT * FROM other')).toThrow(/no such table: other/);
    expect(open.pragma('journal_mode', { simple: true })).toBe(mode);
    expect(open.pragma('integrity_check', { simple: true })).toBe('ok');
    open.close();

    expect(restored.backup).toEqual(backup);
    expect(valueIn(restored.replaced?.file ?? '', COUNTS)).toBe('10/100');
    expect(restored.replaced?.preceded).toEqual({ command: 'restore', names: [backup.name] });
    expect(backupsOf(file).list()).toEqual([restored.replaced, backup]);
    expect(journalOf(file)).toEqual([
      {
        run_id: restored.runId,
        name: backup.name,
        direction: null,
        outcome: 'restored',
        file: `${restored.replaced?.name}.db`,
        error: null,
      },
    ]);
  });

  it('is taken back by restoring the latest, which is what the restore replaced', async () => {
    const file = makeDatabase(mode);
    await made(file);
    new Database(file).exec('DELETE FROM debit; DELETE FROM credit').close();
    await backupsOf(file).restore('latest');
    expect(valueIn(file, COUNTS)).toBe('100/100');
    await backupsOf(file).restore('latest');
    expect(valueIn(file, COUNTS)).toBe('0/0');
  });

  it('waits for the lock of a writer, and refuses when it waits in vain', async () => {
    const file = makeDatabase(mode);
    const backup = await made(file);
    const writer = new Database(file);
    writer.exec('BEGIN IMMEDIATE; DELETE FROM credit');
    const late = await rejectionOf(backupsOf(file, { lockTimeout: 60 }).restore(backup.name));
    expect(late).toBeInstanceOf(DatabaseLockedError);
    expect(readdirSync(`${file}.backups`)).toHaveLength(2);
    setTimeout(() => writer.exec('COMMIT'), 100);
    const { replaced } = await backupsOf(file).restore(backup.name);
    expect(valueIn(replaced?.file ?? '', COUNTS)).toBe('100/0'); // what was written while it waited is not lost
    expect(valueIn(file, COUNTS)).toBe('100/100');
    writer.close();
  });

  it.each(['refuses', 'succeeds'])(
    'takes no lock from other connections of this process when its restore %s',
    async (how) => {
      const file = makeDatabase(mode);
      const backup = await made(file);
      const own = new Database(file);
      if (how === 'succeeds') await backupsOf(file).restore(backup.name);
      own.exec('BEGIN IMMEDIATE; DELETE FROM credit');
      await rejectionOf(backupsOf(file, { lockTimeout: 30 }).restore(backup.name));
      expect(writtenByAnother(file)).toBe('SQLITE_BUSY');
      own.exec('COMMIT');
      expect(own.prepare(COUNTS).pluck().get()).toBe('100/0');
      own.close();
    },
  );

  it('can be restored where the database is gone', async () => {
    const file = makeDatabase(mode);
    const backup = await made(file);
    for (const side of ['', '-wal', '-shm']) rmSync(file + side, { force: true });
    expect(await backupsOf(file).restore('latest')).toMatchObject({ backup, replaced: null });
    expect(valueIn(file, COUNTS)).toBe('100/100');
    expect(valueIn(file, 'PRAGMA journal_mode')).toBe('wal');
  });

  it('can be restored into a database that is damaged, and what that held is kept as it is', async () => {
    const file = makeDatabase(mode);
    const backup = await made(file);
    const bytes = readFileSync(file);
    bytes.fill(0xff, 4096, 12_288);
    writeFileSync(file, bytes);
    expect(await rejectionOf(backupsOf(file).make(BY_HAND))).toMatchObject({
      code: 'DECANT_BACKUP',
      message: expect.stringMatching(/app\.db is damaged: /) as unknown,
    });
    const { replaced } = await backupsOf(file).restore(backup.name);
    expect(valueIn(file, COUNTS)).toBe('100/100');
    expect(valueIn(file, 'PRAGMA integrity_check')).toBe('ok');
    expect(await rejectionOf(backupsOf(file).restore(replaced?.name ?? ''))).toMatchObject({
      message: expect.stringMatching(/^The backup .+ is damaged: /) as unknown,
    });
  });
});

describe('make()', () => {
  it('makes none where there is nothing to lose', async () => {
    const memory = new Database(':memory:');
    memory.exec('CREATE TABLE t (x)');
    expect(await backupsBeside(memory).make(BY_HAND)).toBeUndefined();
    expect(backupsBeside(memory).list()).toEqual([]);
    const file = `${makeFolder()}/app.db`;
    expect(await backupsOf(file).make(BY_HAND)).toBeUndefined();
    new Database(file)
      .exec('CREATE TABLE _migrations (x); CREATE TABLE _litestream_seq (x); CREATE VIEW v AS SELECT 1')
      .close();
    expect(await backupsOf(file).make(BY_HAND)).toBeUndefined();
    new Database(file).exec('CREATE TABLE x_migrations (x)').close();
    expect(await backupsOf(file).make(BY_HAND)).toBeDefined();
  });

  it('keeps what the settings say of who may read', async () => {
    const file = makeDatabase('wal');
    chmodSync(file, 0o600);
    const { file: copy } = await made(file);
    expect(statSync(copy).mode & 0o777).toBe(0o600);
  });

  it('backs up a database that may only be read, in a folder that may only be read, to another folder', async () => {
    const file = makeDatabase('delete', 3);
    const directory = makeFolder();
    chmodSync(file, 0o444);
    chmodSync(dirname(file), 0o555);
    const backup = await backupsOf(file, { directory }).make(BY_HAND);
    chmodSync(dirname(file), 0o755);
    expect(valueIn(backup?.file ?? '', COUNTS)).toBe('3/3');
    expect(statSync(backup?.file ?? '').mode & 0o777).toBe(0o644);
  });

  it('finds the backups of a database by every link to it, and whatever its name', async () => {
    const file = makeDatabase('delete', 3, 'my data #1?.db');
    const link = `${makeFolder()}/link.db`;
    symlinkSync(file, link);
    const db = new Database(link);
    const backup = await backupsBeside(db).make(BY_HAND);
    expect(backup?.file.startsWith(`${file}.backups/`)).toBe(true);
    expect(backupsOf(file).list()).toEqual([backup]);
    db.close();
  });

  it('takes values that break the rules of their own table for what they are: the user’s', async () => {
    const file = makeDatabase('wal', 3);
    const db = new Database(file);
    db.exec('CREATE TABLE strange (a CHECK (a > 0), b); INSERT INTO strange VALUES (1, NULL)');
    db.pragma('ignore_check_constraints = ON');
    db.exec('UPDATE strange SET a = -1');
    db.unsafeMode().pragma('writable_schema = ON');
    db.exec(
      `UPDATE sqlite_schema SET sql = 'CREATE TABLE strange (a CHECK (a > 0), b NOT NULL)' WHERE name = 'strange'`,
    );
    db.close();
    expect(valueIn(file, 'PRAGMA quick_check')).toMatch(/constraint|NULL value/);
    expect(await backupsOf(file).make(BY_HAND)).toBeDefined();
  });

  it('gives every connection the functions that the schema needs', async () => {
    const file = makeDatabase('wal', 3);
    const names: string[] = [];
    const configureConnection = (db: Database.Database): void => {
      names.push(basename(db.name));
      db.function('double', { deterministic: true }, (x) => Number(x) * 2);
    };
    const db = new Database(file);
    configureConnection(db);
    db.exec('CREATE TABLE t (a, b AS (double(a)) STORED); INSERT INTO t (a) VALUES (4)');
    db.exec('CREATE INDEX t_double ON t (double(a))');
    db.close();
    const backups = backupsOf(file, { configureConnection });
    const backup = await backups.make(BY_HAND);
    await backups.restore('latest');
    expect(names.join(' ')).toMatch(new RegExp(String.raw`${backup?.name}\.\d+-[\da-f]{8}\.db\.partial`));
    expect(valueIn(file, 'SELECT b FROM t')).toBe(8);
  });
});

describe('what to do', () => {
  it.each([
    ['up', 'Give each connection what the schema needs by configureConnection, or go on with --no-backup.'],
    ['backup', 'Give each connection what the schema needs by configureConnection.'],
  ] as const)('about a function that is missing before %s is said', async (command, hint) => {
    const file = makeDatabase('wal', 3);
    const db = new Database(file);
    db.function('double', { deterministic: true }, (x) => Number(x) * 2);
    db.exec('CREATE TABLE t (a, b AS (double(a)) NOT NULL); INSERT INTO t (a) VALUES (4)');
    db.close();
    expect(await rejectionOf(backupsOf(file).make({ ...BY_HAND, command }))).toMatchObject({
      code: 'DECANT_BACKUP',
      message: expect.stringMatching(/(?:no such|unknown) function: double/) as unknown,
      hint,
    });
  });

  it.each([
    [
      'EACCES',
      'up',
      'See that this user may write there, name another folder by backupDirectory, or go on with --no-backup.',
    ],
    ['EROFS', 'backup', 'See that this user may write there, or name another folder by backupDirectory.'],
    ['ENOSPC', 'backup', 'Free some space there, or name another folder by backupDirectory.'],
    ['EIO', 'up', 'Mend that, or go on with --no-backup.'],
    ['EIO', 'restore', 'Mend that.'],
  ] as const)('about %s before %s is said', (code, command, hint) => {
    expect(waysOut({ command }, { code, message: '' })).toBe(hint);
  });

  it('is said where the folder cannot be read', async () => {
    const file = makeDatabase('wal', 3);
    writeFileSync(`${file}.backups`, '');
    const refusal = {
      code: 'DECANT_BACKUP',
      message: expect.stringMatching(
        /^Cannot read the folder of backups .+app\.db\.backups: ENOTDIR/,
      ) as unknown,
      hint: expect.stringContaining('backupDirectory') as unknown,
    };
    expect(errorOf(() => backupsOf(file).list())).toMatchObject(refusal);
    expect(await rejectionOf(backupsOf(file).restore('latest'))).toMatchObject(refusal);
  });
});

describe('restore()', () => {
  it.each(['latest', '2026-11-24T02-30-00-123Z-a1b2c3d4e5f6', 'app'])(
    'refuses %s where there is none of that name',
    async (name) => {
      const file = makeDatabase('wal', 3);
      const error = await rejectionOf(backupsOf(file).restore(name));
      expect(error).toBeInstanceOf(UnknownBackupError);
      expect(error).toMatchObject({ message: `There is no backup in ${file}.backups.` });
      await made(file);
      if (name === 'latest') return;
      expect(await rejectionOf(backupsOf(file).restore(name))).toMatchObject({
        message: `There is no backup named "${name}" in ${file}.backups.`,
      });
    },
  );

  it('takes a path to a backup’s file, whatever database that is of, and to nothing else', async () => {
    const [file, other] = [makeDatabase('wal', 3), makeDatabase('wal', 7)];
    const theirs = await made(other);
    const { backup } = await backupsOf(file).restore(theirs.file);
    expect(backup).toEqual(theirs);
    expect(valueIn(file, COUNTS)).toBe('7/7');
    for (const path of [other, `${dirname(theirs.file)}/latest`, `${theirs.file}.db`]) {
      expect(await rejectionOf(backupsOf(file).restore(path))).toBeInstanceOf(UnknownBackupError);
    }
  });

  it('takes the name of the file as well', async () => {
    const file = makeDatabase('wal', 3);
    const { name } = await made(file);
    expect((await backupsOf(file).restore(`${name}.db`)).backup.name).toBe(name);
  });

  it('refuses a database in memory', async () => {
    expect(await rejectionOf(backupsBeside(new Database(':memory:')).restore('latest'))).toBeInstanceOf(
      BackupError,
    );
  });

  it('refuses what a newer Decant has written', async () => {
    const file = makeDatabase('wal', 3);
    await made(file);
    await backupsOf(file).restore('latest'); // so that there is a journal
    const db = new Database(file);
    db.exec(
      `INSERT INTO _migrations_journal (name, versions) VALUES ('x', '{"format":99,"decant":"9.0.0"}')`,
    );
    db.close();
    await made(file);
    expect(await rejectionOf(backupsOf(file).restore('latest'))).toBeInstanceOf(NewerDatabaseError);
  });

  it('refuses pages of another size in WAL mode, and copies them in another', async () => {
    const file = makeDatabase('delete', 20);
    const backup = await made(file);
    const db = new Database(file);
    db.exec('PRAGMA page_size = 1024; VACUUM; DELETE FROM debit; PRAGMA journal_mode = WAL');
    expect(await rejectionOf(backupsOf(file).restore(backup.name))).toMatchObject({
      code: 'DECANT_BACKUP',
      message: `${file} is in WAL mode and has pages of 1024 bytes; the backup's have 4096, and SQLite cannot change that in WAL mode.`,
    });
    expect(valueIn(file, COUNTS)).toBe('0/20');
    expect(readdirSync(`${file}.backups`)).toHaveLength(2);
    db.pragma('journal_mode = DELETE');
    await backupsOf(file).restore(backup.name);
    expect(db.prepare(COUNTS).pluck().get()).toBe('20/20');
    expect(valueIn(file, 'PRAGMA integrity_check')).toBe('ok');
    db.close();
  });

  it('says in the database which one it holds, in the same transaction', async () => {
    const file = makeDatabase('wal', 3);
    const backup = await made(file);
    const first = await backupsOf(file).restore(backup.name);
    const { replaced } = first;
    const second = await backupsOf(file).restore(replaced?.name ?? '');
    // The journal is the one of the content: what it does not say is in the backup that it names.
    expect(journalOf(file)).toMatchObject([{ name: replaced?.name, file: `${second.replaced?.name}.db` }]);
    expect(journalOf(second.replaced?.file ?? '')).toMatchObject([
      { name: backup.name, file: `${replaced?.name}.db` },
    ]);
  });
});

describe.each(MODES)('undo() in %s mode', (mode) => {
  const FAILED = {
    runId: 'a1b2c3d4e5f6',
    name: '001_a',
    direction: 'up',
    outcome: 'failed',
    startedAt: '2026-11-24T02:30:00.000Z',
    durationMs: 1,
    file: '001_a.ts',
    error: 'it failed',
  } as const;

  it('puts back what this connection has done since, and tells the journal', async () => {
    const file = makeDatabase(mode);
    const db = new Database(file);
    const backups = backupsBeside(db);
    const backup = await backups.make(BY_HAND);
    db.exec('DROP TABLE debit; DELETE FROM credit WHERE id > 5');
    db.exec('VACUUM');
    expect(await backups.undo(backup as Backup, FAILED)).toBe(true);
    expect(db.prepare(COUNTS).pluck().get()).toBe('100/100');
    expect(db.pragma('journal_mode', { simple: true })).toBe(mode);
    expect(journalOf(file)).toMatchObject([
      { name: '001_a', outcome: 'failed', direction: 'up', error: 'it failed' },
      { name: backup?.name, outcome: 'restored', direction: null, error: null, file: null },
    ]);
    expect(readdirSync(`${file}.backups`)).toHaveLength(2);
    db.close();
  });

  it('does nothing when somebody else has committed since', async () => {
    const file = makeDatabase(mode);
    const db = new Database(file);
    const other = new Database(file);
    const backups = backupsBeside(db);
    const backup = await backups.make(BY_HAND);
    db.exec('DELETE FROM credit');
    other.exec("INSERT INTO debit (data) VALUES ('of somebody else')");
    expect(await backups.undo(backup as Backup, FAILED)).toBe(false);
    expect(db.prepare(COUNTS).pluck().get()).toBe('101/0');
    expect(readdirSync(`${file}.backups`)).toHaveLength(2);
    for (const each of [db, other]) each.close();
  });

  it('does nothing when somebody else commits while it waits for the lock', async () => {
    const file = makeDatabase(mode);
    const db = new Database(file);
    const other = new Database(file);
    const backups = backupsBeside(db);
    const backup = await backups.make(BY_HAND);
    db.exec('DELETE FROM credit');
    other.exec("BEGIN IMMEDIATE; INSERT INTO debit (data) VALUES ('of somebody else')");
    setTimeout(() => other.exec('COMMIT'), 80);
    expect(await backups.undo(backup as Backup, FAILED)).toBe(false);
    expect(db.prepare(COUNTS).pluck().get()).toBe('101/0');
    for (const each of [db, other]) each.close();
  });
});

describe('what is kept', () => {
  it('is the newest, and what is not named as Decant names it is let be', async () => {
    const file = makeDatabase('wal', 3);
    const backups = backupsOf(file, { keep: 2 });
    const strangers = [
      'notes.db',
      '2026-11-24T02-30-00-123Z-mine.db',
      'x2026-11-24T02-30-00-123Z-a1b2c3d4e5f6.db',
    ];
    mkdirSync(`${file}.backups/2026-01-01T02-30-00-123Z-a1b2c3d4e5f6.db`, { recursive: true });
    for (const name of strangers) writeFileSync(`${file}.backups/${name}`, '');
    const all = [await settled(file), await settled(file), await settled(file)];
    backups.prune();
    expect(backups.list()).toEqual([all[2], all[1]]);
    expect(readdirSync(`${file}.backups`)).toEqual(expect.arrayContaining(strangers));
    expect(readdirSync(`${file}.backups`)).toHaveLength(4 + strangers.length + 1);
    await backups.restore(all[1]?.name ?? '');
    expect(backups.list().map(({ name }) => name)).toContain(all[1]?.name); // what was restored is not pruned by it
  });

  it('is listed without what it preceded when the file that says so is gone', async () => {
    const file = makeDatabase('wal', 3);
    const backup = await made(file);
    rmSync(`${file}.backups/${backup.name}.json`);
    expect(backupsOf(file).list()).toEqual([{ ...backup, preceded: null }]);
  });

  it('is told apart from that of another database in the same folder', async () => {
    const directory = `${makeFolder()}/all of them`;
    const [one, other] = [makeDatabase('wal', 3), makeDatabase('wal', 3)];
    const first = await backupsOf(one, { directory }).make(BY_HAND);
    const second = await backupsOf(other, { directory, keep: 1 }).make(BY_HAND);
    expect(dirname(first?.file ?? '')).toBe(directory);
    backupsOf(other, { directory, keep: 1 }).prune();
    expect(backupsOf(one, { directory }).list()).toEqual([first]);
    expect(backupsOf(other, { directory }).list()).toEqual([second]);
    expect(await rejectionOf(backupsOf(one, { directory }).restore(second?.name ?? ''))).toBeInstanceOf(
      UnknownBackupError,
    );
  });

  it.each(['before', 'after'])(
    'is not counted by a run that ends first, when it is of one that goes on and was begun %s it',
    async (when) => {
      const file = makeDatabase('wal', 3);
      const old = [await settled(file), await settled(file)];
      const [winner, loser] = [backupsOf(file, { keep: 2 }), backupsOf(file, { keep: 2 })];
      const slow = when === 'before' ? await loser.make(BY_HAND) : undefined;
      const mine = (await winner.make(BY_HAND)) as Backup;
      const late = slow ?? (await loser.make(BY_HAND));
      winner.prune(mine);
      loser.discard(late as Backup);
      expect(loser.list()).toEqual([mine, old[1]]);
    },
  );

  it('is counted when its process was killed, or has not ended for an hour', async () => {
    const file = makeDatabase('wal', 3);
    const backups = backupsOf(file, { keep: 1 });
    for (const kind of ['dead', 'slow', 'elsewhere']) {
      const left = await made(file);
      const note = `${file}.backups/${left.name}.json`;
      const told = readFileSync(note, 'utf8');
      if (kind === 'dead') writeFileSync(note, told.replace(/(?<="maker":")\d+/, DEAD));
      if (kind === 'elsewhere') writeFileSync(note, told.replace(/(?<="maker":")[^"]+/, `${DEAD}-00000000`));
      if (kind === 'slow') utimesSync(note, 0, (Date.now() - 3_700_000) / 1000);
      const next = await made(file);
      backups.prune(next);
      expect(backups.list()).toEqual(kind === 'elsewhere' ? [next, left] : [next]);
    }
  });

  it('always includes what was just made, also when the clock was wrong once', async () => {
    const file = makeDatabase('wal', 3);
    const backups = backupsOf(file, { keep: 2 });
    for (const year of ['2098', '2099']) {
      const { name } = await settled(file);
      for (const end of ['db', 'json']) {
        const from = `${file}.backups/${name}.${end}`;
        renameSync(from, from.replace(/\d{4}(?=-[^/]+$)/, year));
      }
    }
    const earlier = await settled(file);
    const backup = await settled(file);
    backups.prune(backup);
    expect(backups.list().slice(2)).toEqual([backup, earlier]); // those of the future take nobody's place
    const { replaced } = await backups.restore(backup.name);
    const names = backups.list().map(({ name }) => name);
    expect(names.slice(2)).toEqual([replaced?.name, backup.name]);
    expect(names.slice(0, 2)).toEqual([expect.stringMatching(/^2099/), expect.stringMatching(/^2098/)]);
  });

  it('is judged by its note, also in a folder that is named after the database', async () => {
    const one = makeDatabase('wal', 3);
    const other = makeDatabase('wal', 3, 'other.db');
    const directory = `${one}.backups`;
    const theirs = await backupsOf(other, { directory }).make(BY_HAND);
    const mine = await backupsOf(one, { directory }).make(BY_HAND);
    for (const settings of [{}, { directory }]) expect(backupsOf(one, settings).list()).toEqual([mine]);
    expect(backupsOf(other, { directory }).list()).toEqual([theirs]);
  });

  it('is not taken from a note that is not of Decant’s making, nor from one that could spoil a terminal', async () => {
    const file = makeDatabase('wal', 3);
    const backup = await made(file);
    const good = { runId: 'a1b2c3d4e5f6', command: 'up', names: ['001_a'] };
    const told = (note: unknown): unknown => {
      writeFileSync(`${file}.backups/${backup.name}.json`, JSON.stringify(note));
      return backupsOf(file).list()[0]?.preceded;
    };
    expect(told(good)).toEqual({ command: 'up', names: ['001_a'] });
    for (const bad of [
      null,
      'up',
      { ...good, names: ['\u001b[2J'] },
      { ...good, names: [1] },
      { ...good, names: 'x' },
      { ...good, command: 'rm' },
      { ...good, database: 7 },
    ]) {
      expect(told(bad)).toBeNull();
    }
  });

  it('leaves out what a killed process has left, which the next backup removes at once', async () => {
    const file = makeDatabase('wal', 3);
    const backup = await made(file);
    const maker = /(?<="maker":")[^"]+/.exec(
      readFileSync(`${file}.backups/${backup.name}.json`, 'utf8'),
    )?.[0];
    const place = maker?.split('-')[1] ?? '';
    const name = `${file}.backups/2026-11-24T02-30-00-123Z`;
    const left = ['.db.partial', '.db.partial-wal', '.restore.partial', '.json.partial'];
    for (const end of left) {
      writeFileSync(`${name}-0b0b0b0b0b0b.${DEAD}-${place}${end}`, '');
      writeFileSync(`${name}-a0a0a0a0a0a0.${process.ppid}-${place}${end}`, '');
      writeFileSync(`${name}-a0a0a0a0a0a0.${DEAD}-00000000${end}`, '');
    }
    await made(file);
    const entries = readdirSync(`${file}.backups`);
    expect(entries.filter((entry) => entry.includes('0b0b0b0b0b0b'))).toEqual([]);
    expect(entries.filter((entry) => entry.includes('a0a0a0a0a0a0'))).toHaveLength(2 * left.length);
  });

  it('leaves out what a process elsewhere has left, which the next backup removes after an hour', async () => {
    const file = makeDatabase('wal', 3);
    const backup = await made(file);
    const left = ['.db.partial', '.db.partial-wal', '.restore.partial', '.restore.partial-journal', '.json'];
    const old = '2026-11-24T02-30-00-123Z-0b0b0b0b0b0b';
    const young = '2026-11-24T02-30-00-123Z-a0a0a0a0a0a0';
    for (const end of left) {
      for (const name of [old, young]) writeFileSync(`${file}.backups/${name}${end}`, '{}');
      utimesSync(`${file}.backups/${old}${end}`, 0, (Date.now() - 3_700_000) / 1000);
    }
    utimesSync(`${file}.backups/${backup.name}.json`, 0, 0);
    expect(backupsOf(file).list()).toEqual([backup]);
    const next = await made(file);
    const entries = readdirSync(`${file}.backups`);
    expect(entries.filter((entry) => entry.startsWith(old))).toEqual([]);
    expect(entries.filter((entry) => entry.startsWith(young))).toHaveLength(left.length);
    expect(backupsOf(file).list()).toEqual([next, backup]);
  });

  it('survives that the whole is moved, also with a folder of another name', async () => {
    const file = makeDatabase('wal', 3);
    const backup = await made(file);
    const shared = await backupsOf(file, { directory: `${dirname(file)}/all` }).make(BY_HAND);
    const moved = `${dirname(file)}-moved`;
    renameSync(dirname(file), moved);
    expect(backupsOf(`${moved}/app.db`, { directory: `${moved}/all` }).list()).toMatchObject([
      { name: shared?.name },
    ]);
    expect(backupsOf(`${moved}/app.db`).list()).toMatchObject([
      { name: backup.name, preceded: { command: 'backup' } },
    ]);
    expect(existsSync(file)).toBe(false);
  });
});
