import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
import { JOURNALS, type Journal } from '../subject.js';

const SOURCE = fileURLToPath(new URL('../fault.c', import.meta.url));

/** A process stumbles at the n-th write, sync, truncation or removal of the database's files; n is random. */
export const faults: readonly Kind[] = [
  ...JOURNALS.map((journal) => stumbling(`kill -9 at the n-th write, ${journal}`, journal, ['kill', 'torn'])),
  ...JOURNALS.map((journal) =>
    stumbling(`I/O error at the n-th write, ${journal}`, journal, ['EIO', 'EIO+', 'ENOSPC', 'ENOSPC+']),
  ),
];

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
      const counts = new Map<Direction, number>();
      return {
        tryCase: async (random, own) => {
          const direction = random.pick(DIRECTIONS);
          const template = await workshop.template(journal, direction);
          const count =
            counts.get(direction) ?? (await countIn(template, join(folder, direction), direction, library));
          counts.set(direction, count);
          const settings = {
            FAULT: random.pick(ways),
            FAULT_AT: String(1 + random.below(count)),
            LD_PRELOAD: library,
          };
          return stumble(template, own, direction, settings);
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

async function countIn(
  template: Template,
  folder: string,
  direction: Direction,
  library: string,
): Promise<number> {
  const log = `${folder}.log`;
  copyProject(template.folder, folder);
  const { code, output } = await decant(direction, folder, { env: { LD_PRELOAD: library, FAULT_LOG: log } })
    .finished;
  if (code !== 0) throw new Error(`undisturbed, it ended with ${code}:\n${output}`);
  return Number(readFileSync(log, 'utf8'));
}

async function stumble(
  { folder, reference }: Template,
  own: string,
  direction: Direction,
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const left = join(own, 'left');
  const next = join(own, 'next');
  copyProject(folder, left);
  const end = await decant(direction, left, { env }).finished;
  copyProject(left, next);
  const index = whichState(left, reference);
  refuseFalseReport(end, index, reference);
  await expectNextUp(next, reference, index);
  return placeOf(index, reference);
}
