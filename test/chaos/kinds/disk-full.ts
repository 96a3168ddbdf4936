import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ACTS, RUNS, start } from '../acts.js';
import type { Kind } from '../kind.js';
import { copyProject, judge, type Template } from '../project.js';
import type { Random } from '../random.js';
import { JOURNALS, type Journal } from '../subject.js';

/** A file system of its own becomes full somewhere in a run. */
export const fullDisks: readonly Kind[] = JOURNALS.map((journal) => ({
  name: `disk full at a random point, ${journal}`,
  short: 1,
  long: 30,
  prepare: async (workshop, folder) => {
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    const refused = mount(disk);
    if (refused !== undefined) return { impossible: `cannot mount a tmpfs here: ${refused}`, tryCase: never };
    return {
      dispose: () => unmount(disk),
      tryCase: async (random, own) => {
        const template = withoutBackup(await workshop.template(random.pick(ACTS), journal));
        try {
          return await fill(random, disk, template, journal);
        } catch (error) {
          cpSync(join(disk, 'project'), join(own, 'project'), { recursive: true });
          throw error;
        } finally {
          for (const each of readdirSync(disk)) rmSync(join(disk, each), { recursive: true });
        }
      },
    };
  },
}));

// A backup that there is no room for would keep the run from beginning.
function withoutBackup(template: Template): Template {
  const { act } = template;
  if (!RUNS.includes(act)) return template;
  return { ...template, act: { ...act, words: [...act.words, '--no-backup'] } };
}

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

async function fill(random: Random, disk: string, template: Template, journal: Journal): Promise<string> {
  const own = join(disk, 'project');
  const ballast = join(disk, 'ballast');
  copyProject(template.folder, own);
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - random.below(ROOM[journal])), 1));
  const end = await start(template.act, own).finished;
  rmSync(ballast);
  if (end.code !== 0 && !/disk is full|disk I\/O error|needs .* are free/.test(end.output)) {
    throw new Error(`it ended with ${end.code} and did not say why:\n${end.output}`);
  }
  const place = await judge(template, own, end);
  return end.code === 0 ? 'enough room' : place;
}
