import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Kind } from '../kind.js';
import { ACTS, type Act } from '../acts.js';
import { copyProject, finish, judge, start, type Template } from '../project.js';
import { JOURNALS, type Journal } from '../subject.js';

const SOURCE = fileURLToPath(new URL('../fault.c', import.meta.url));

/** A process stumbles at the n-th write, sync, truncation or removal of the database's files; n is random. */
export const faults: readonly Kind[] = [
  ...JOURNALS.map((journal) => stumbling(`kill -9 at the n-th write, ${journal}`, journal, ['kill', 'torn'])),
  ...JOURNALS.map((journal) =>
    stumbling(`I/O error at the n-th write, ${journal}`, journal, ['EIO', 'EIO+', 'ENOSPC', 'ENOSPC+']),
  ),
];

const acts = ACTS.filter(({ impossible }) => impossible === undefined);

function stumbling(name: string, journal: Journal, ways: readonly string[]): Kind {
  return {
    name,
    short: 1,
    long: 200,
    prepare: async (workshop, folder) => {
      const library = join(folder, 'fault.so');
      const refused = compile(library);
      if (refused !== undefined)
        return { impossible: refused, tryCase: () => Promise.reject(new Error(refused)) };
      const counts = new Map<Act, number>();
      return {
        tryCase: async (random, own) => {
          const act = random.pick(acts);
          const template = await workshop.template(act, journal);
          const count = counts.get(act) ?? (await countIn(template, join(folder, act.name), library));
          counts.set(act, count);
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
