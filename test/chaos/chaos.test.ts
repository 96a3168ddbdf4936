import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from '@jest/globals';
import { makeFolder } from '../helpers/files.js';
import { ROOT, runNode, skipLoudly } from '../helpers/processes.js';
import type { Kind } from './kind.js';
import { Workshop } from './project.js';
import { Random } from './random.js';
import { differences, stateOf } from './state.js';
import { makeSubject } from './subject.js';
import { tableOf, tryKind } from './trial.js';

describe('every kind of disaster', () => {
  it('leaves the database wholly old or wholly new, and the next up goes on', async () => {
    const script = join(ROOT, 'test', 'chaos', 'run.ts');
    const loader = join(ROOT, 'lib', 'register.js');
    const { code, stdout, stderr } = await runNode(['--import', loader, script, '--short']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    for (const [, what = '', why = ''] of stdout.matchAll(/^SKIPPED: (.*?): (.*)$/gm)) skipLoudly(what, why);
    expect(stdout).toMatch(/^\| all +\| +\d\d+ \| +0 \|$/m);
  }, 120_000);
});

const trial = () => {
  const folder = makeFolder();
  return { seed: 'a', workshop: new Workshop(folder), folder } as const;
};

describe('the trial of a kind', () => {
  const kind: Kind = {
    name: 'odd cases fail',
    short: 2,
    long: 4,
    prepare: () =>
      Promise.resolve({
        tryCase: (_random, _folder, number) =>
          number % 2 === 1 ? Promise.reject(new Error(`case ${number}`)) : Promise.resolve('between two'),
      }),
  };
  it('counts what failed, keeps its folder, and removes the others', async () => {
    const tally = await tryKind(kind, { ...trial(), choice: { times: 1 } });
    expect(tally).toMatchObject({ cases: 4, places: new Map([['between two', 2]]) });
    expect(tally.failures.map(({ number, error }) => [number, error.message])).toEqual([
      [1, 'case 1'],
      [3, 'case 3'],
    ]);
    expect(tally.failures.map(({ folder }) => existsSync(folder))).toEqual([true, true]);
    expect(existsSync(join(tally.failures[0]?.folder ?? '', '..', 'case-2'))).toBe(false);
    expect(tableOf([tally])).toMatch(/^\| all {12}\| {7}4 \| {6}2 \|$/m);
  });

  it('tries one case by its number, or a handful', async () => {
    expect(await tryKind(kind, { ...trial(), choice: { number: 3 } })).toMatchObject({ cases: 1 });
    expect(await tryKind(kind, { ...trial(), choice: 'short' })).toMatchObject({ cases: 2 });
  });

  it('says what this machine cannot try', async () => {
    const impossible: Kind = {
      ...kind,
      prepare: async (workshop, folder) => ({
        ...(await kind.prepare(workshop, folder)),
        impossible: 'no disk',
      }),
    };
    const tally = await tryKind(impossible, { ...trial(), choice: 'short' });
    expect(tally).toMatchObject({ cases: 0, impossible: 'no disk' });
    expect(tableOf([tally])).toMatch(/^\| odd cases fail \| skipped \| {6}0 \|$/m);
  });
});

describe('the state of a database', () => {
  it.each([
    ['a row', 'rows of tags', "DELETE FROM tags WHERE name = 'tag 07'"],
    ['the type of a value', 'rows of users', "UPDATE users SET age = '1' WHERE id = 1"],
    ['text that is no UTF-8', 'rows of users', "UPDATE users SET age = CAST(x'c329' AS TEXT) WHERE id = 5"],
    ['a hidden rowid', 'rows of log', 'UPDATE log SET rowid = 999999 WHERE rowid = 3'],
    ['a trigger', 'schema', 'DROP TRIGGER users_renamed'],
    ['an index', 'schema', 'DROP INDEX users_name'],
    ["a column's name", 'schema', 'ALTER TABLE users RENAME COLUMN legacy TO old'],
    ['a high-water mark', 'sequences', "UPDATE sqlite_sequence SET seq = 1000 WHERE name = 'users'"],
    ['statistics', 'statistics', "DELETE FROM sqlite_stat1 WHERE idx = 'users_name'"],
    ['an orphan', 'foreign_key_check', 'DELETE FROM posts WHERE id = 9001'],
    ['the version', 'user_version', 'PRAGMA user_version = 43'],
  ])('tells a change of %s', (_what, part, sql) => {
    const [before, after] = ['old.db', 'new.db'].map((name) => join(makeFolder(), name)) as [string, string];
    for (const file of [before, after]) makeSubject(file, 'delete');
    expect(differences(stateOf(before), stateOf(after))).toEqual([]);
    const db = new Database(after);
    db.pragma('foreign_keys = OFF');
    db.exec(sql);
    db.close();
    expect(differences(stateOf(before), stateOf(after))).toContain(part);
  });

  it('is refused when a search index is out of step with its table, which integrity_check does not see', () => {
    const file = join(makeFolder(), 'app.db');
    makeSubject(file, 'delete');
    const db = new Database(file);
    db.exec("DROP TRIGGER posts_au; UPDATE posts SET title = 'unknown to the index' WHERE id = 1");
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    db.close();
    expect(() => stateOf(file)).toThrow(/malformed|corrupt/);
  });
});

const draw = (seed: string): number[] => {
  const random = new Random(seed);
  return Array.from({ length: 10_000 }, () => random.below(10));
};

describe('random numbers', () => {
  it('are the same for the same seed, others for another, and evenly spread', () => {
    expect(draw('a')).toEqual(draw('a'));
    expect(draw('a')).not.toEqual(draw('b'));
    for (let digit = 0; digit < 10; digit += 1) {
      expect(Math.abs(draw('a').filter((each) => each === digit).length - 1000)).toBeLessThan(150);
    }
  });
});
