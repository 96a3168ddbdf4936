import { hostname } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Database as Connection } from '../../src/domain/migration.js';
import type { JournalEntry } from '../../src/services/migration-repository.js';
import { SqliteMigrationRepository } from '../../src/services/sqlite-migration-repository.js';
import { errorOf } from '../helpers/errors.js';
import { makeFolder, printsOf } from '../helpers/files.js';

const TABLE =
  "CREATE TABLE _migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE NOT NULL, applied_at TEXT NOT NULL DEFAULT (datetime('now')))";

let folder: string;
let db: Connection;
let repository: SqliteMigrationRepository;

beforeEach(() => {
  folder = makeFolder();
  db = new Database(join(folder, 'x.db'));
  repository = new SqliteMigrationRepository(db);
});

afterEach(() => {
  db.close();
});

function entry(
  name: string,
  outcome: JournalEntry['outcome'] = 'applied',
  more: Partial<JournalEntry> = {},
): JournalEntry {
  return {
    runId: 'run-1',
    name,
    direction: outcome === 'rolled-back' ? 'down' : 'up',
    outcome,
    startedAt: '2026-11-22T10:15:00.123Z',
    durationMs: 1.5,
    ...more,
  };
}

function sqlOf(table: string): unknown {
  return db.prepare('SELECT sql FROM sqlite_schema WHERE name = ?').pluck().get(table);
}

function journal(): Record<string, unknown>[] {
  return db.prepare('SELECT * FROM _migrations_journal ORDER BY id').all() as Record<string, unknown>[];
}

describe('ensureTables', () => {
  it('creates _migrations by exactly the text that every program knows it by', () => {
    repository.ensureTables();
    expect(sqlOf('_migrations')).toBe(TABLE);
  });

  it('creates the journal by a text that names no schema, so that it can be dumped and restored', () => {
    repository.ensureTables();
    expect(sqlOf('_migrations_journal')).toMatch(/^CREATE TABLE _migrations_journal \(/);
    const triggers = db.prepare("SELECT sql FROM sqlite_schema WHERE type = 'trigger'").pluck().all();
    expect(triggers).toHaveLength(2);
    for (const sql of triggers) expect(sql).toMatch(/^CREATE TRIGGER _migrations_journal_no_/);
  });

  it('can be called again, also by another connection', () => {
    repository.ensureTables();
    repository.record(entry('001_a'));
    const other = new Database(join(folder, 'x.db'));
    new SqliteMigrationRepository(other).ensureTables();
    repository.ensureTables();
    other.close();
    expect(repository.records()).toHaveLength(1);
  });

  it('adds no column, index or trigger to a _migrations table that is there', () => {
    const theirs = 'CREATE TABLE _migrations (id INTEGER PRIMARY KEY, name TEXT, applied_at TEXT)';
    db.exec(theirs);
    repository.ensureTables();
    repository.record(entry('001_a'));
    const objects = db.prepare("SELECT sql FROM sqlite_schema WHERE tbl_name = '_migrations'").pluck().all();
    expect(objects).toEqual([theirs]);
  });
});

describe('a database that another program filled, by names only', () => {
  beforeEach(() => {
    db.exec(`${TABLE}; INSERT INTO _migrations (name) VALUES ('002_b'), ('001_a'); DELETE FROM _migrations WHERE id = 1;
             INSERT INTO _migrations (name, applied_at) VALUES ('003_c', '2024-01-15 10:30:22')`);
  });

  it('is read as it is', () => {
    expect(repository.records()).toEqual([
      { id: 2, name: '001_a', applied_at: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/) },
      { id: 3, name: '003_c', applied_at: '2024-01-15 10:30:22' },
    ]);
    expect(repository.appliedFiles()).toEqual(new Map());
  });

  it('is carried on, and ids are not used twice', () => {
    repository.ensureTables();
    repository.record(entry('003_c', 'rolled-back'));
    repository.record(entry('004_d'));
    expect(repository.records().map(({ id, name }) => `${id} ${name}`)).toEqual(['2 001_a', '4 004_d']);
    expect(sqlOf('_migrations')).toBe(TABLE);
  });
});

describe('what has the name of a tracking table and is not ours', () => {
  const elsewhere = "(id INTEGER PRIMARY KEY, name TEXT, applied_at TEXT DEFAULT 'then')";

  it.each([
    ['an attached database', 'other', "ATTACH ':memory:' AS other"],
    ['the temporary tables', 'temp', 'SELECT 1'],
  ])('is left alone in %s', (_where, schema, prepare) => {
    db.exec(`${prepare};
      CREATE TABLE ${schema}._migrations ${elsewhere};
      INSERT INTO ${schema}._migrations (name) VALUES ('099_theirs');
      CREATE TABLE ${schema}._migrations_journal (theirs)`);
    expect(repository.records()).toEqual([]);
    expect(repository.appliedFiles()).toEqual(new Map());
    repository.ensureTables();
    repository.record(entry('001_a', 'applied', { file: '001_a.ts', checksum: 'c' }));
    repository.record(entry('002_b'));
    repository.record(entry('002_b', 'rolled-back'));
    expect(repository.records().map(({ name }) => name)).toEqual(['001_a']);
    expect([...repository.recordedNames()]).toEqual(['001_a']);
    expect([...repository.appliedFiles().keys()]).toEqual(['001_a']);
    expect(db.prepare(`SELECT name FROM ${schema}._migrations`).pluck().all()).toEqual(['099_theirs']);
    expect(db.prepare(`SELECT count(*) FROM ${schema}._migrations_journal`).pluck().get()).toBe(0);
    expect(db.prepare('SELECT name FROM main._migrations').pluck().all()).toEqual(['001_a']);
    expect(db.prepare('SELECT count(*) FROM main._migrations_journal').pluck().get()).toBe(3);
  });

  it.each([
    [
      'a view',
      "CREATE VIEW _migrations AS SELECT 1 AS id, '001_a' AS name, 'then' AS applied_at",
      /_migrations of another kind: it is a view\.$/,
    ],
    ['a view in capitals', 'CREATE VIEW _MIGRATIONS AS SELECT 1', /it is a view\.$/],
    [
      'a table of another program',
      'CREATE TABLE _migrations (version TEXT, name TEXT)',
      /_migrations of another kind: it lacks id, applied_at\.$/,
    ],
    [
      'a foreign journal',
      'CREATE TABLE _migrations_journal (x)',
      /_migrations_journal .*it lacks name, outcome/,
    ],
    ['a view of a journal', 'CREATE VIEW _migrations_journal AS SELECT 1', /_migrations_journal .*a view\.$/],
  ])('is refused, whether one looks or begins to write: %s', (_what, sql, message) => {
    db.exec(sql);
    const before = db.serialize();
    for (const work of [() => repository.records(), () => repository.ensureTables()]) {
      expect(errorOf(work)).toMatchObject({
        code: 'DECANT_DATABASE',
        message: expect.stringMatching(message),
        hint: expect.stringContaining('another database, or rename it'),
      });
    }
    expect(db.serialize().equals(before)).toBe(true);
  });

  it.each(['', 'garbage', '{', '[]', '5', '"text"', 'null', '{}', '{"format":"x"}'])(
    'does no harm as the versions of a line of the journal: %j',
    (versions) => {
      repository.ensureTables();
      repository.record(entry('001_a'));
      db.prepare(
        `INSERT INTO _migrations_journal (run_id, name, direction, outcome, started_at, duration_ms, versions)
         VALUES ('r', '001_a', 'up', 'failed', 't', 1, ?)`,
      ).run(versions);
      expect(repository.records().map(({ name }) => name)).toEqual(['001_a']);
    },
  );
});

describe('looking', () => {
  it('finds nothing in an empty database and writes nothing to it', () => {
    const before = printsOf(folder);
    expect(repository.records()).toEqual([]);
    expect(repository.appliedFiles()).toEqual(new Map());
    expect(printsOf(folder)).toEqual(before);
  });

  it('gives ids that are numbers on a connection whose integers are BigInts', () => {
    db.defaultSafeIntegers(true);
    repository.ensureTables();
    repository.record(entry('001_a', 'applied', { file: '001_a.ts', checksum: 'c' }));
    expect(repository.records()).toEqual([{ id: 1, name: '001_a', applied_at: expect.any(String) }]);
    expect(repository.recordedNames().has('001_a')).toBe(true);
    expect(repository.appliedFiles()).toEqual(new Map([['001_a', { file: '001_a.ts', checksum: 'c' }]]));
  });

  it('refuses a _migrations table of another kind, saying what it lacks', () => {
    db.exec('CREATE TABLE _migrations (version TEXT, name TEXT)');
    expect(errorOf(() => repository.records())).toMatchObject({
      code: 'DECANT_DATABASE',
      message: expect.stringContaining('lacks id, applied_at'),
    });
  });

  it('refuses a journal that a newer Decant has written, naming both versions', () => {
    repository.ensureTables();
    repository.record(entry('001_a'));
    const versions = JSON.stringify({ format: 3, decant: '99.1.0', sqlite: '4', node: '99' });
    db.exec(`INSERT INTO _migrations_journal
      (run_id, name, direction, outcome, started_at, duration_ms, versions)
      VALUES ('r', '002_b', 'up', 'applied', 't', 1, '${versions}')`);
    expect(errorOf(() => repository.records())).toMatchObject({
      code: 'DECANT_NEWER_DATABASE',
      message: expect.stringMatching(/Decant 99\.1\.0, which is newer than this one \(\d+\.\d+\.\d+\)/),
      hint: expect.stringContaining('decant@99.1.0'),
    });
  });

  it('says that the database is locked when it is', () => {
    const other = new Database(join(folder, 'x.db'));
    other.exec('CREATE TABLE t (a); BEGIN EXCLUSIVE');
    db.pragma('busy_timeout = 1');
    expect(errorOf(() => repository.records())).toMatchObject({ code: 'DECANT_LOCKED' });
    other.close();
  });
});

describe('record', () => {
  beforeEach(() => {
    repository.ensureTables();
  });

  it('adds what was applied and removes what was rolled back', () => {
    for (const name of ['001_a', '002_b']) repository.record(entry(name));
    repository.record(entry('002_b', 'rolled-back'));
    expect(repository.records().map(({ name }) => name)).toEqual(['001_a']);
    expect(repository.recordedNames().has('001_a')).toBe(true);
    expect(repository.recordedNames().has('002_b')).toBe(false);
  });

  it('leaves the records alone when a migration failed', () => {
    repository.record(entry('001_a'));
    repository.record(entry('001_a', 'failed', { direction: 'down', error: 'no such table: t' }));
    repository.record(entry('002_b', 'failed', { error: 'syntax error' }));
    expect(repository.records().map(({ name }) => name)).toEqual(['001_a']);
  });

  it('writes a line of the journal for each, with all that is known', () => {
    repository.record(entry('001_a', 'applied', { file: '001_a.ts', checksum: 'c1' }));
    repository.record(entry('001_a', 'failed', { direction: 'down', error: 'boom' }));
    repository.record(entry('001_a', 'rolled-back'));
    const common = {
      run_id: 'run-1',
      name: '001_a',
      started_at: '2026-11-22T10:15:00.123Z',
      duration_ms: 1.5,
      versions: expect.any(String),
      rows: null,
      who: expect.stringMatching(/./),
    };
    expect(journal()).toEqual([
      {
        ...common,
        id: 1,
        direction: 'up',
        outcome: 'applied',
        file: '001_a.ts',
        checksum: 'c1',
        error: null,
      },
      { ...common, id: 2, direction: 'down', outcome: 'failed', file: null, checksum: null, error: 'boom' },
      {
        ...common,
        id: 3,
        direction: 'down',
        outcome: 'rolled-back',
        file: null,
        checksum: null,
        error: null,
      },
    ]);
  });

  it('says by which versions each line was written', () => {
    repository.record(entry('001_a'));
    expect(JSON.parse(String(journal()[0]?.['versions']))).toEqual({
      format: 2,
      decant: expect.stringMatching(/^\d+\.\d+\.\d+/),
      sqlite: db.prepare('SELECT sqlite_version()').pluck().get(),
      node: process.versions.node,
    });
  });

  it('knows at once what was recorded, by itself and by another connection', () => {
    const other = new SqliteMigrationRepository(new Database(join(folder, 'x.db')));
    const seen: boolean[] = [repository.recordedNames().has('001_a')];
    repository.record(entry('001_a'));
    seen.push(repository.recordedNames().has('001_a'), other.recordedNames().has('001_a'));
    other.record(entry('001_a', 'rolled-back'));
    seen.push(repository.recordedNames().has('001_a'), other.recordedNames().has('001_a'));
    repository.record(entry('001_a'));
    repository.record(entry('001_a', 'rolled-back'));
    seen.push(repository.recordedNames().has('001_a'), other.recordedNames().has('001_a'));
    expect(seen).toEqual([false, true, true, false, false, false, false]);
  });

  it('takes any name for what it is', () => {
    const names = ["001_it's", '002_"quoted"', '003_数据', "004_'); DROP TABLE _migrations; --"];
    for (const name of names) repository.record(entry(name));
    expect(repository.records().map(({ name }) => name)).toEqual(names);
  });

  it.each([
    ['UPDATE', "UPDATE _migrations_journal SET outcome = 'failed'"],
    ['DELETE', 'DELETE FROM _migrations_journal'],
    ['DELETE of one', 'DELETE FROM _migrations_journal WHERE id = 1'],
  ])('lets nobody change the journal by %s', (_how, sql) => {
    repository.record(entry('001_a'));
    const before = journal();
    expect(errorOf(() => db.exec(sql))).toMatchObject({ message: '_migrations_journal is append-only' });
    expect(journal()).toEqual(before);
  });
});

describe('appliedFiles', () => {
  beforeEach(() => {
    repository.ensureTables();
  });

  const a = { file: '001_a.ts', checksum: 'c1' };

  it('gives the file that each recorded migration was last applied from', () => {
    repository.record(entry('001_a', 'applied', a));
    repository.record(entry('001_a', 'rolled-back', a));
    repository.record(entry('001_a', 'applied', { ...a, checksum: 'c2' }));
    repository.record(entry('002_b', 'applied', { file: '002_b.js', checksum: 'c3' }));
    expect(repository.appliedFiles()).toEqual(
      new Map([
        ['001_a', { file: '001_a.ts', checksum: 'c2' }],
        ['002_b', { file: '002_b.js', checksum: 'c3' }],
      ]),
    );
  });

  it('leaves out what is rolled back, what failed, and what came from a list', () => {
    repository.record(entry('001_a', 'applied', a));
    repository.record(entry('001_a', 'rolled-back', a));
    repository.record(entry('002_b', 'failed', { file: '002_b.ts', checksum: 'c2' }));
    repository.record(entry('003_c'));
    expect(repository.appliedFiles()).toEqual(new Map());
  });

  it('knows no file of a migration that was applied again from a list', () => {
    repository.record(entry('001_a', 'applied', a));
    repository.record(entry('001_a', 'rolled-back', a));
    repository.record(entry('001_a'));
    expect(repository.appliedFiles()).toEqual(new Map());
  });
});

/** As Decant 0.1 made it, before it counted rows and asked who. */
const OLD_JOURNAL = `CREATE TABLE _migrations_journal (id INTEGER PRIMARY KEY, run_id TEXT, name TEXT, direction TEXT,
  outcome TEXT, started_at TEXT, duration_ms REAL, file TEXT, checksum TEXT, error TEXT, versions TEXT);
  INSERT INTO _migrations_journal VALUES (1, 'old', '001_a', 'up', 'applied', '2026-11-22T10:15:00.123Z', 1.5,
    '001_a.ts', 'c1', NULL, '{"format":1,"decant":"0.1.0","sqlite":"3.54.0","node":"24.0.0"}'),
    (2, 'hand', 'made', NULL, 'failed', '', 0, NULL, NULL, 'boom', 'no JSON');`;

describe('history', () => {
  it('gives the lines newest first, as many and of whom as was asked', () => {
    repository.ensureTables();
    repository.record(entry('001_a', 'applied', { rows: 7, file: '001_a.ts', checksum: 'c1' }));
    repository.record(entry('002_b', 'failed', { error: 'boom' }));
    repository.record(entry('001_a', 'rolled-back', { rows: 0 }));
    const shown = (options?: { limit?: number; name?: string }): unknown =>
      repository.history(options).map(({ name, outcome, rows }) => [name, outcome, rows]);
    expect(shown()).toEqual([
      ['001_a', 'rolled-back', 0],
      ['002_b', 'failed', null],
      ['001_a', 'applied', 7],
    ]);
    expect(shown({ limit: 2, name: '001_a' })).toEqual([
      ['001_a', 'rolled-back', 0],
      ['001_a', 'applied', 7],
    ]);
    expect(shown({ limit: 1 })).toEqual([['001_a', 'rolled-back', 0]]);
    expect(repository.history({ name: '001_a' })[1]).toEqual({
      runId: 'run-1',
      name: '001_a',
      direction: 'up',
      outcome: 'applied',
      startedAt: '2026-11-22T10:15:00.123Z',
      durationMs: 1.5,
      rows: 7,
      who: expect.stringContaining(hostname()),
      file: '001_a.ts',
      checksum: 'c1',
      error: null,
      versions: {
        decant: expect.stringMatching(/^\d/),
        sqlite: expect.stringMatching(/^3\./),
        node: process.versions.node,
      },
    });
  });

  it('is empty where there is no journal, and makes none', () => {
    expect(repository.history()).toEqual([]);
    expect(sqlOf('_migrations_journal')).toBeUndefined();
  });

  it('reads a journal that an older Decant has made, without a write', () => {
    db.exec(OLD_JOURNAL);
    const look = new Database(join(folder, 'x.db'), { readonly: true });
    const [hand, old] = new SqliteMigrationRepository(look).history();
    look.close();
    expect(old).toMatchObject({ name: '001_a', rows: null, who: null, versions: { decant: '0.1.0' } });
    expect(hand).toMatchObject({ error: 'boom', direction: null, versions: null });
  });

  it('gives such a journal its new columns before it writes, once, and keeps its lines', () => {
    db.exec(OLD_JOURNAL);
    const before = journal();
    repository.ensureTables();
    repository.ensureTables();
    new SqliteMigrationRepository(db).ensureTables();
    repository.record(entry('002_b', 'applied', { rows: 3 }));
    expect(journal().slice(0, 2)).toEqual(
      before.map((line) => Object.assign(line, { rows: null, who: null })),
    );
    expect(repository.history({ limit: 1 })[0]).toMatchObject({
      name: '002_b',
      rows: 3,
      who: expect.stringContaining(hostname()),
    });
    // What makes an older Decant refuse: see 'refuses a journal that a newer Decant has written'.
    expect(journal()[2]?.['versions']).toContain('"format":2');
  });

  it('refuses to tell of a journal that a newer Decant has written', () => {
    db.exec(OLD_JOURNAL);
    db.exec(`UPDATE _migrations_journal SET versions = '{"format":99,"decant":"9.0.0"}'`);
    expect(errorOf(() => repository.history())).toMatchObject({ code: 'DECANT_NEWER_DATABASE' });
  });
});
