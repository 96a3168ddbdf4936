import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from '@jest/globals';
import { makeCopyFolder, type CopyFolder } from '../../src/services/copy-folder.js';
import { makeFolder, putFile } from '../helpers/files.js';
import { canActAsNobody, NOBODY, startDecant, type Started } from '../helpers/processes.js';

const ROOM = { where: 'or beside it', bytes: 1, purpose: 'It', hint: 'None.' } as const;

/** Makes it old enough to be taken for left. */
function age(folder: string): void {
  const then = Date.now() / 1000 - 61;
  utimesSync(folder, then, then);
}

/** A folder as a killed process leaves it. */
function leave(place: string, name: string): string {
  const folder = join(place, name);
  mkdirSync(folder);
  for (const file of ['in-use', 'copy.db', 'copy.db-wal']) putFile(folder, file, '');
  age(folder);
  return folder;
}

/** Makes one for a database, which sweeps the folder of that, and returns what is there then. */
function sweptIn(place: string): readonly string[] {
  const made = makeCopyFolder('dry-run', join(place, 'app.db'), ROOM);
  made.remove();
  expect(existsSync(made.path)).toBe(false);
  return namesIn(place);
}

function namesIn(place: string): readonly string[] {
  return readdirSync(place, { recursive: true, encoding: 'utf8' }).toSorted();
}

describe('makeCopyFolder', () => {
  it('removes what processes have left that are no more, of either kind, and what was left half removed', () => {
    const place = makeFolder({ 'app.db': '' });
    leave(place, 'decant-verify-aB3dE6');
    leave(place, 'decant-dry-run-aB3dE6');
    const empty = join(place, 'decant-verify-aB3dE7');
    mkdirSync(empty);
    age(empty);
    expect(sweptIn(place)).toEqual(['app.db']);
  });

  it('lets be what is in use, by this process too, what is young, and what is named otherwise', () => {
    const place = makeFolder({ 'app.db': '' });
    const held = leave(place, 'decant-verify-aaaaaa');
    const lock = new Database(join(held, 'in-use'));
    lock.exec('BEGIN EXCLUSIVE');
    age(held);
    utimesSync(leave(place, 'decant-verify-bbbbbb'), new Date(), new Date());
    leave(place, 'decant-verify-ccccccc');
    leave(place, 'decant-other-dddddd');
    leave(place, 'a-decant-verify-eeeeee');
    const foreign = join(place, 'decant-verify-ffffff'); // never one of Decant's: it has no lock, and is not empty
    mkdirSync(foreign);
    writeFileSync(join(foreign, 'data'), '');
    age(foreign);
    const before = namesIn(place);
    expect(sweptIn(place)).toEqual(before);
    lock.close();
    age(held);
    expect(sweptIn(place)).not.toContain('decant-verify-aaaaaa');
  });

  it('follows no link, and opens nothing that is not a lock', () => {
    const elsewhere = makeFolder();
    const target = leave(elsewhere, 'decant-verify-aaaaaa');
    const place = makeFolder({ 'app.db': '' });
    symlinkSync(target, join(place, 'decant-verify-bbbbbb'));
    lutimesSync(join(place, 'decant-verify-bbbbbb'), 0, 0);
    writeFileSync(join(place, 'decant-verify-cccccc'), '');
    age(join(place, 'decant-verify-cccccc'));
    const odd = leave(place, 'decant-verify-dddddd');
    writeFileSync(
      join(odd, 'in-use'),
      'no database, but a text of some length, as somebody may have put here',
    );
    age(odd);
    const before = namesIn(place);
    expect(sweptIn(place)).toEqual(before);
    expect(readdirSync(target)).toEqual(['copy.db', 'copy.db-wal', 'in-use']);
  });

  (canActAsNobody() ? it : it.skip)('lets be what is another user’s', () => {
    const place = makeFolder({ 'app.db': '' });
    chownSync(leave(place, 'decant-verify-aaaaaa'), NOBODY.uid, NOBODY.gid);
    expect(sweptIn(place)).toContain('decant-verify-aaaaaa');
  });

  it('takes none that another has made meanwhile, in this process', () => {
    const place = makeFolder({ 'app.db': '' });
    const make = (): CopyFolder =>
      makeCopyFolder('verify', join(place, 'app.db'), { ...ROOM, where: 'temporary' });
    const one = make();
    age(one.path);
    const other = make();
    expect(existsSync(one.path)).toBe(true);
    for (const each of [one, other]) each.remove();
  });
});

const MIGRATION = `import { existsSync } from 'node:fs';
const nobody = new Int32Array(new SharedArrayBuffer(4));
export function up(db) {
  db.exec('CREATE TABLE x (a)');
  process.stderr.write('READY');
  while (!existsSync('go')) Atomics.wait(nobody, 0, 0, 10);
}
export const down = (db) => db.exec('DROP TABLE x');
`;
const COMMANDS = {
  verify: ['migrate:verify'],
  'dry-run': ['migrate:up', '--dry-run', '--on-copy'],
} as const;
type Kind = keyof typeof COMMANDS;

async function started(kind: Kind, cwd: string, env: Record<string, string>): Promise<Started> {
  const process = startDecant([...COMMANDS[kind], '-d', 'app.db', '--dir', 'migrations'], { cwd, env });
  for (let seen = ''; !seen.includes('READY');) {
    const [text] = (await once(process.child.stderr as NodeJS.ReadableStream, 'data')) as [string];
    seen += text;
  }
  return process;
}

describe.each<[killed: Kind, next: Kind, signal: NodeJS.Signals]>([
  ['verify', 'dry-run', 'SIGKILL'],
  ['dry-run', 'verify', 'SIGINT'],
])('a %s that is ended by a signal', (killed, next, signal) => {
  it(`leaves copies, which the next ${next} removes, and not those of one that goes on`, async () => {
    const project = makeFolder({ 'migrations/001_x.mjs': MIGRATION, 'tmp/.keep': '' });
    const temporary = join(project, 'tmp');
    const db = new Database(join(project, 'app.db'));
    db.exec('CREATE TABLE there (x)');
    db.close();
    const folders = (): readonly string[] =>
      readdirSync(temporary).filter((name) => /^decant-(verify|dry-run)-/.test(name));
    const env = { TMPDIR: temporary };

    const dying = await started(killed, project, env);
    dying.child.kill(signal);
    expect(await dying.finished).toMatchObject({ signal });
    const left = folders();
    const living = await started(killed, project, env);
    const inUse = folders().filter((name) => !left.includes(name));
    expect([left.length, inUse.length]).toEqual([1, 1]);
    for (const name of folders()) age(join(temporary, name));

    const sweeping = await started(next, project, env);
    expect(folders()).not.toContain(left[0]);
    expect(folders()).toContain(inUse[0]);
    writeFileSync(join(project, 'go'), '');
    expect(await living.finished).toMatchObject({ code: 0 });
    expect(await sweeping.finished).toMatchObject({ code: 0 });
    expect(folders()).toEqual([]);
  }, 30_000);
});
