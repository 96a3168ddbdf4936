import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Kind } from '../kind.js';
import {
  copyProject,
  decant,
  DIRECTIONS,
  expectNextUp,
  placeOf,
  refuseFalseReport,
  whichState,
  type Direction,
  type Template,
} from '../project.js';
import type { Random } from '../random.js';
import { JOURNALS, type Journal } from '../subject.js';

/** A file system of its own becomes full somewhere in a run. */
export const fullDisks: readonly Kind[] = JOURNALS.map((journal) => ({
  name: `disk full at a random point, ${journal}`,
  short: 1,
  long: 60,
  prepare: async (workshop, folder) => {
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    const refused = mount(disk);
    if (refused !== undefined) return { impossible: `cannot mount a tmpfs here: ${refused}`, tryCase: never };
    return {
      dispose: () => unmount(disk),
      tryCase: async (random, own) => {
        const direction = random.pick(DIRECTIONS);
        const template = await workshop.template(journal, direction);
        try {
          return await fill(random, disk, { template, direction });
        } catch (error) {
          cpSync(join(disk, 'project'), join(own, 'project'), { recursive: true });
          throw error;
        } finally {
          rmSync(join(disk, 'project'), { recursive: true, force: true });
        }
      },
    };
  },
}));

const never = (): Promise<string> => Promise.reject(new Error('there is no disk'));

function mount(disk: string): string | undefined {
  const args = ['-t', 'tmpfs', '-o', 'size=64m', 'decant-chaos', disk];
  const { status, stderr, error } = spawnSync('mount', args, { encoding: 'utf8' });
  return status === 0 ? undefined : (error?.message ?? stderr.trim());
}

function unmount(disk: string): void {
  if (spawnSync('umount', [disk]).status !== 0) spawnSync('umount', ['-l', disk]);
}

// What a run adds to the disk at most: in WAL the log, which is larger than the database in the end.
const ROOM: Readonly<Record<Journal, number>> = { wal: 5_000_000, delete: 2_500_000 };

interface Filling {
  readonly template: Template;
  readonly direction: Direction;
}

async function fill(random: Random, disk: string, { template, direction }: Filling): Promise<string> {
  const { folder, reference } = template;
  const own = join(disk, 'project');
  const ballast = join(disk, 'ballast');
  copyProject(folder, own);
  const { bavail, bsize } = statfsSync(disk);
  const journal = folder.endsWith('wal') ? 'wal' : 'delete';
  writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - random.below(ROOM[journal])), 1));
  const end = await decant(direction, own).finished;
  rmSync(ballast);
  const index = whichState(own, reference);
  refuseFalseReport(end, index, reference);
  if (end.code !== 0 && !/disk is full|disk I\/O error/.test(end.output)) {
    throw new Error(`it ended with ${end.code} and did not say why:\n${end.output}`);
  }
  await expectNextUp(own, reference, index);
  return end.code === 0 ? 'enough room' : placeOf(index, reference);
}
