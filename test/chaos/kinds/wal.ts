import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Kind } from '../kind.js';
import { databaseIn, migrate, UP } from '../acts.js';
import { copyProject, expectNextUp, placeOf, type Reference } from '../project.js';
import type { Random } from '../random.js';
import { differences, stateOf, type State } from '../state.js';

/** What a power cut may leave of a WAL, which SQLite writes from front to back. */
const CUTS = {
  'at a random byte': (wal: Buffer, random: Random) => wal.subarray(0, random.below(wal.length + 1)),
  'at the edge of a frame': (wal: Buffer, random: Random) => wal.subarray(0, randomEdge(wal, random)),
  'with garbage behind': (wal: Buffer, random: Random) => {
    const cut = random.below(wal.length + 1);
    const garbage = Buffer.from(wal.subarray(cut));
    for (let i = 1; i < garbage.length; i += 1) garbage[i] = random.below(3) === 0 ? 0 : random.below(256);
    if (garbage.length > 0) garbage[0] = (garbage[0] as number) ^ 0xff; // what was there ends here for certain
    return { kept: cut, wal: Buffer.concat([wal.subarray(0, cut), garbage]) };
  },
} as const;

/** A run's WAL loses its end: what was committed before it must be there, and nothing else. */
export const walCuts: readonly Kind[] = Object.entries(CUTS).map(([where, cut]) => ({
  name: `WAL cut ${where}`,
  short: 1,
  long: 40,
  prepare: async (workshop, folder) => {
    const template = await workshop.template(UP, 'wal');
    const { reference } = template;
    const run = join(folder, 'run');
    copyProject(template.folder, run);
    const ends = await runUncheckpointed(run, join(folder, 'stopped'));
    return {
      tryCase: async (random, own) => {
        const left = join(own, 'left');
        copyProject(join(folder, 'stopped'), left);
        const wal = readFileSync(`${databaseIn(left)}-wal`);
        const made = cut(wal, random);
        const { kept, wal: torn } = Buffer.isBuffer(made) ? { kept: made.length, wal: made } : made;
        writeFileSync(`${databaseIn(left)}-wal`, torn);
        const expected = ends.filter((end) => end <= kept).length;
        expectState(left, reference, expected);
        await expectNextUp(left, template, expected);
        return placeOf(expected, reference);
      },
    };
  },
}));

/**
 * Migrates up without ever moving the WAL into the file, and copies both as they are when all is committed.
 * @returns how long the WAL was when each migration had been committed
 */
async function runUncheckpointed(folder: string, copy: string): Promise<readonly number[]> {
  const file = databaseIn(folder);
  const ends: number[] = [];
  mkdirSync(copy);
  await migrate(
    folder,
    async (service, db) => {
      db.pragma('wal_autocheckpoint = 0');
      await service.up({
        onProgress: ({ type }) => {
          if (type === 'done') ends.push(committedLength(readFileSync(`${file}-wal`)));
        },
      });
      for (const end of ['', '-wal']) copyFileSync(file + end, databaseIn(copy) + end);
    },
    UP.directory,
  );
  return ends;
}

const HEADER = 32;

function frameSize(wal: Buffer): number {
  return 24 + wal.readUInt32BE(8);
}

// A frame that ends a transaction says how large the database is then. https://sqlite.org/fileformat2.html#wal_file_format
function committedLength(wal: Buffer): number {
  let length = 0;
  for (let at = HEADER; at + frameSize(wal) <= wal.length; at += frameSize(wal)) {
    const isOfThisWal = wal.subarray(16, 24).equals(wal.subarray(at + 8, at + 16));
    if (isOfThisWal && wal.readUInt32BE(at + 4) > 0) length = at + frameSize(wal);
  }
  return length;
}

function randomEdge(wal: Buffer, random: Random): number {
  const frames = Math.floor((wal.length - HEADER) / frameSize(wal));
  return HEADER + random.below(frames + 1) * frameSize(wal);
}

function expectState(folder: string, { states }: Reference, index: number): void {
  const parts = differences(states[index] as State, stateOf(databaseIn(folder)));
  if (parts.length > 0) throw new Error(`not what was committed last (state ${index}): ${parts.join(', ')}`);
}
