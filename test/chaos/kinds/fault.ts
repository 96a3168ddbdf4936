import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Kind } from '../kind.js';
import { ACTS, finish, start, type Act } from '../acts.js';
import { copyProject, judge, type Template } from '../project.js';
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
      const counts = new Map<Template, number>();
      return {
        impossible,
        tryCase: async (random, own) => {
          const template = await workshop.template(act, random.pick(JOURNALS));
          const count =
            counts.get(template) ?? (await countIn(template, join(folder, String(counts.size)), library));
          counts.set(template, count);
          const left = join(own, 'left');
          copyProject(template.folder, left);
          const fault = { FAULT: random.pick(ways), FAULT_AT: String(1 + random.below(count)) };
          return judge(template, left, await start(act, left, { ...fault, LD_PRELOAD: library }).finished);
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

async function countIn({ act, folder }: Template, own: string, library: string): Promise<number> {
  const log = `${own}.log`;
  copyProject(folder, own);
  await finish(act, own, { LD_PRELOAD: library, FAULT_LOG: log });
  return Number(readFileSync(log, 'utf8'));
}
