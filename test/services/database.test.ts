import { existsSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import Database from 'better-sqlite3';
import { describe, expect, it } from '@jest/globals';
import {
  mayNeedRecovery,
  openDatabase,
  openForReading,
  openOwnDatabase,
} from '../../src/services/database.js';
import { leaveKilled, recordedIn, tablesOf } from '../helpers/database.js';
import { errorOf } from '../helpers/errors.js';
import { makeFolder, printsOf } from '../helpers/files.js';
import { start } from '../helpers/processes.js';

type State = readonly [what: string, make: (file: string) => Promise<void> | (() => void) | void];

describe('openDatabase', () => {
  it('creates the folder and the file, in WAL mode, with foreign keys on and the timeout that was asked for', () => {
    const file = join(makeFolder(), 'a', 'b', 'new.db');
    const db = openDatabase(file, 1234);
    const pragmas = ['journal_mode', 'foreign_keys', 'busy_timeout'].map((name) =>
      db.pragma(name, { simple: true }),
    );
    db.close();
    expect(pragmas).toEqual(['wal', 1, 1234]);
    expect(existsSync(file)).toBe(true);
  });

  it('leaves the journal mode of a database that exists as it is', () => {
    const file = join(makeFolder(), 'old.db');
    new Database(file).exec('CREATE TABLE t (a)').close();
    const db = openDatabase(file);
    expect(db.pragma('journal_mode', { simple: true })).toBe('delete');
    db.close();
  });

  it('opens a database in memory', () => {
    const db = openDatabase(':memory:');
    expect(db.memory).toBe(true);
    db.close();
  });

  it('waits for WAL mode while another process holds the lock of a new database', async () => {
    const file = join(makeFolder(), 'new.db');
    const { finished } = await lockedForAWhile(file);
    const db = openDatabase(file);
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
    db.close();
    expect(await finished).toMatchObject({ code: 0, stdout: 'locked\n' });
  });

  it('says that a new database stayed locked for longer than it was to wait', () => {
    const file = join(makeFolder(), 'new.db');
    const other = new Database(file);
    other.exec('BEGIN IMMEDIATE');
    expect(errorOf(() => openDatabase(file, 10))).toMatchObject({
      code: 'DECANT_LOCKED',
      exitCode: 5,
      message: `${file} is locked by another process.`,
    });
    other.exec('CREATE TABLE theirs (x); COMMIT');
    expect(other.pragma('journal_mode', { simple: true })).toBe('delete');
    other.close();
  });

  it('says which folder it cannot create, and why', () => {
    const folder = makeFolder({ occupied: 'a file' });
    const error = errorOf(() => openDatabase(join(folder, 'occupied', 'x.db')));
    expect(error).toMatchObject({
      code: 'DECANT_DATABASE',
      message: expect.stringContaining(`Cannot create the folder ${join(folder, 'occupied')}`),
    });
  });
});

describe.each([
  ['openDatabase', openDatabase],
  ['openForReading', openForReading],
])('%s', (_name, open) => {
  it('says so when the file is no database, and leaves it as it is', () => {
    const folder = makeFolder({ 'letter.db': 'Dear Sir or Madam, '.repeat(100) });
    const before = printsOf(folder);
    const file = join(folder, 'letter.db');
    expect(errorOf(() => open(file))).toMatchObject({
      code: 'DECANT_DATABASE',
      message: expect.stringContaining(file),
      hint: expect.stringContaining('no SQLite database'),
    });
    expect(printsOf(folder)).toEqual(before);
  });

  it('says so when the path is a folder', () => {
    const folder = makeFolder();
    expect(errorOf(() => open(folder))).toMatchObject({
      code: 'DECANT_DATABASE',
      message: expect.stringContaining(folder),
      hint: expect.stringContaining('that it is a file'),
    });
  });

  it('refuses a path that ends in white space, which better-sqlite3 would trim', () => {
    const folder = makeFolder();
    expect(errorOf(() => open(join(folder, 'x.db ')))).toMatchObject({
      message: expect.stringContaining('white space'),
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each(['a b.db', "it's.db", 'say "hi".db', 'données-数据.db', '%41?x=1#y.db', 'file:x.db'])(
    'takes %j as the name of a file, letter by letter',
    (name) => {
      const folder = makeFolder();
      new Database(join(folder, name)).exec('CREATE TABLE here (a)').close();
      const db = open(join(folder, name));
      expect(tablesOf(db)).toEqual(['here']);
      db.close();
    },
  );
});

const states: readonly State[] = [
  ['in DELETE mode', (file) => fill(file, 'delete')],
  ['in WAL mode', (file) => fill(file, 'wal')],
  ['in TRUNCATE mode', (file) => fill(file, 'truncate')],
  ['in PERSIST mode', (file) => fill(file, 'persist')],
  ['in WAL mode that another connection has open', (file) => keepOpen(file, 'wal')],
  ['in DELETE mode that another connection is writing to', (file) => keepOpen(file, 'delete')],
  ['with the WAL of a killed process', (file) => leaveKilled(file, 'wal')],
  ['with the hot journal of a killed process', (file) => leaveKilled(file, 'delete')],
];

describe('openForReading', () => {
  it('takes a file that does not exist for an empty database, and does not create it', () => {
    const folder = makeFolder();
    const db = openForReading(join(folder, 'none', 'x.db'));
    expect(tablesOf(db)).toEqual([]);
    db.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each(states)('follows a link to a database %s, and changes no byte of it', async (_what, make) => {
    const [folder, links] = [makeFolder(), makeFolder()];
    const file = join(folder, 'x.db');
    const close = await make(file);
    symlinkSync(file, join(links, 'x.db'));
    symlinkSync('x.db', join(links, 'again.db'));
    const before = [printsOf(folder), printsOf(links)];
    const names = ['x.db', 'again.db'].map((name) => {
      const db = openForReading(join(links, name));
      const recorded = recordedIn(db);
      db.close();
      return recorded;
    });
    const after = [printsOf(folder), printsOf(links)];
    close?.();
    expect(names).toEqual([['001_a'], ['001_a']]);
    expect(after).toEqual(before);
  });

  it('does not write, even when told to', () => {
    const file = join(makeFolder(), 'x.db');
    new Database(file).exec('CREATE TABLE t (a)').close();
    const db = openForReading(file);
    expect(errorOf(() => db.exec('INSERT INTO t VALUES (1)'))).toMatchObject({ code: 'SQLITE_READONLY' });
    db.close();
  });

  it.each(states)(
    'reads what is committed in a database %s, and changes no byte of it',
    async (_what, make) => {
      const folder = makeFolder();
      const file = join(folder, 'x.db');
      const close = await make(file);
      const before = printsOf(folder);
      const db = openForReading(file);
      const names = recordedIn(db);
      db.close();
      const after = printsOf(folder);
      close?.();
      expect(names).toEqual(['001_a']);
      expect(after).toEqual(before);
    },
  );
});

function fill(file: string, mode: string): void {
  const db = new Database(file);
  db.pragma(`journal_mode = ${mode}`);
  db.exec(
    "CREATE TABLE _migrations (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO _migrations (name) VALUES ('001_a')",
  );
  db.close();
}

function keepOpen(file: string, mode: string): () => void {
  fill(file, mode);
  const db = new Database(file);
  db.exec("BEGIN IMMEDIATE; INSERT INTO _migrations (name) VALUES ('002_b')");
  return () => db.close();
}

it('does not leave an empty file where the WAL was', () => {
  const folder = makeFolder();
  fill(join(folder, 'x.db'), 'wal');
  openForReading(join(folder, 'x.db')).close();
  expect(readdirSync(folder)).toEqual(['x.db']);
});

it('sees what was committed to a WAL that nobody has moved into the file yet', () => {
  const folder = makeFolder();
  const file = join(folder, 'x.db');
  fill(file, 'wal');
  const writer = new Database(file);
  writer.exec("INSERT INTO _migrations (name) VALUES ('002_b')");
  const before = printsOf(folder);
  const db = openForReading(file);
  expect(recordedIn(db)).toEqual(['001_a', '002_b']);
  db.close();
  expect(printsOf(folder)).toEqual(before);
  writer.close();
});

it('reports a damaged journal-less file by its own error', () => {
  const folder = makeFolder();
  const file = join(folder, 'x.db');
  writeFileSync(file, 'SQLite format 3\0' + '\xff'.repeat(2000), 'latin1');
  expect(errorOf(() => openForReading(file))).toMatchObject({ code: 'DECANT_DATABASE' });
});

describe('mayNeedRecovery', () => {
  it.each<[string, boolean, State[1]]>([
    ['a database that nothing happened to', false, (file) => fill(file, 'delete')],
    ['the hot journal of a killed process', true, (file) => leaveKilled(file, 'delete')],
    ['the WAL of a killed process, which anybody can read', false, (file) => leaveKilled(file, 'wal')],
  ])('says of %s, directly and through a link: %j', async (_what, expected, make) => {
    const file = join(makeFolder(), 'x.db');
    const link = join(makeFolder(), 'x.db');
    await make(file);
    symlinkSync(file, link);
    expect([file, link].map((path) => mayNeedRecovery(path))).toEqual([expected, expected]);
  });

  it('says no of what is not there', () => {
    const folder = makeFolder();
    symlinkSync(join(folder, 'gone.db'), join(folder, 'dangling.db'));
    expect(['none.db', 'dangling.db'].map((name) => mayNeedRecovery(join(folder, name)))).toEqual([
      false,
      false,
    ]);
    expect(mayNeedRecovery(':memory:')).toBe(false);
  });
});

describe('openOwnDatabase', () => {
  it('waits for a lock before it puts a database that exists into WAL mode', async () => {
    const file = join(makeFolder(), 'old.db');
    fill(file, 'delete');
    const { finished } = await lockedForAWhile(file);
    const db = openOwnDatabase(file);
    const pragmas = ['journal_mode', 'foreign_keys', 'recursive_triggers'].map((name) =>
      db.pragma(name, { simple: true }),
    );
    db.close();
    expect(pragmas).toEqual(['wal', 1, 1]);
    expect(await finished).toMatchObject({ code: 0, stdout: 'locked\n' });
  });

  it('keeps the search index in step in memory as well', () => {
    const db = openOwnDatabase(':memory:');
    expect(db.pragma('recursive_triggers', { simple: true })).toBe(1);
    db.close();
  });
});

/** Has another process hold the write lock of a database; resolves once it does, with the promise of that process's end. */
async function lockedForAWhile(
  file: string,
): Promise<{ readonly finished: ReturnType<typeof start>['finished'] }> {
  const { child, finished } = start(process.execPath, [
    '--input-type=module',
    '-e',
    `import Database from 'better-sqlite3';
     const db = new Database(${JSON.stringify(file)});
     db.exec('BEGIN IMMEDIATE');
     console.log('locked');
     setTimeout(() => db.close(), 100);`,
  ]);
  await once(child.stdout as Readable, 'data');
  return { finished };
}
