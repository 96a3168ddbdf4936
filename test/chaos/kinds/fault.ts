import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Kind } from '../kind.js';
import { ACTS, finish, start, type Act } from '../acts.js';
import { copyProject, judge, type Template } from '../project.js';
import type { Random } from '../random.js';
import { JOURNALS } from '../subject.js';

const SOURCE = fileURLToPath(new URL('../fault.c', import.meta.url));

/** A process stumbles at the n-th change that it makes to files; n is random. */
export const faults: readonly Kind[] = [
  ...ACTS.map((act) => stumbling(`kill -9 at the n-th write of ${act.name}`, act, ['kill', 'torn'])),
  ...ACTS.map((act) =>
    stumbling(`I/O error at the n-th write of ${act.name}`, act, ['EIO', 'EIO+', 'ENOSPC', 'ENOSPC+']),
  ),
];

function stumbling(name: string, act: Act, ways: readonly string[]): Kind {
  return {
    name,
    short: 1,
    long: 25,
    prepare: async (workshop, folder) => {
      const library = join(folder, 'fault.so');
      const impossible = compile(library);
      const courses = new Map<Template, Course>();
      return {
        impossible,
        tryCase: async (random, own) => {
          const template = await workshop.template(act, random.pick(JOURNALS));
          const course =
            courses.get(template) ?? (await courseOf(template, join(folder, String(courses.size)), library));
          courses.set(template, course);
          const left = join(own, 'left');
          copyProject(template.folder, left);
          const fault = { FAULT: random.pick(ways), FAULT_AT: String(momentIn(course, random)) };
          return judge(
            template,
            left,
            await start(act, left, { ...fault, LD_PRELOAD: library }).finished,
          ).catch((error: unknown) => {
            throw new Error(`${fault.FAULT} at change ${fault.FAULT_AT} of ${course.count}`, {
              cause: error,
            });
          });
        },
      };
    },
  };
}

function compile(library: string): string | undefined {
  if (process.platform !== 'linux') return 'LD_PRELOAD is known to work on Linux only';
  const args = ['-shared', '-fPIC', '-O1', '-o', library, SOURCE];
  const { status, stderr, error } = spawnSync('cc', args, { encoding: 'utf8' });
  return status === 0 ? undefined : `cannot compile ${SOURCE}: ${error?.message ?? stderr.trim()}`;
}

/** How many changes an act makes to files, and at which of them something is decided. */
interface Course {
  readonly count: number;
  readonly decisions: readonly number[];
}

async function courseOf({ act, folder }: Template, own: string, library: string): Promise<Course> {
  const log = `${own}.log`;
  copyProject(folder, own);
  await finish(act, own, { LD_PRELOAD: library, FAULT_LOG: log });
  const numbers = readFileSync(log, 'utf8').trim().split('\n').map(Number);
  return { count: numbers.at(-1) ?? 0, decisions: numbers.slice(0, -1) };
}

// Anywhere, or around a commit: between two of them there are thousands of writes of which each is like the other.
function momentIn({ count, decisions }: Course, random: Random): number {
  if (decisions.length === 0 || random.below(3) === 0) return 1 + random.below(count);
  const near = random.pick(decisions) - 3 + random.below(16);
  return Math.min(Math.max(near, 1), count);
}
