import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kind } from '../kind.js';
import {
  copyProject,
  decant,
  expectNextUp,
  placeOf,
  refuseFalseReport,
  whichState,
  DIRECTIONS,
  type Direction,
  type Template,
} from '../project.js';
import { JOURNALS, type Journal } from '../subject.js';

/** A process that migrates is ended by a signal at a random moment. */
export const kills: readonly Kind[] = [
  ...DIRECTIONS.flatMap((direction) =>
    JOURNALS.map((journal) =>
      endingBy('SIGKILL', `kill -9 in ${direction}, ${journal}`, [direction], [journal]),
    ),
  ),
  endingBy('SIGINT', 'SIGINT in up or down', DIRECTIONS, JOURNALS),
  endingBy('SIGTERM', 'SIGTERM in up or down', DIRECTIONS, JOURNALS),
];

function endingBy(
  signal: NodeJS.Signals,
  name: string,
  directions: readonly Direction[],
  journals: readonly Journal[],
): Kind {
  return {
    name,
    short: 1,
    long: 60,
    prepare: async (workshop, folder) => {
      const durations = new Map<string, number>();
      return {
        tryCase: async (random, own) => {
          const direction = random.pick(directions);
          const journal = random.pick(journals);
          const template = await workshop.template(journal, direction);
          const key = `${direction} ${journal}`;
          const duration = durations.get(key) ?? (await durationOf(template, join(folder, key), direction));
          durations.set(key, duration);
          return killed(template, own, { signal, direction, delay: random.next() * duration * 1.1 });
        },
      };
    },
  };
}

async function durationOf(template: Template, folder: string, direction: Direction): Promise<number> {
  copyProject(template.folder, folder);
  const { begun, finished } = decant(direction, folder);
  await begun;
  const start = performance.now();
  const { code, output } = await finished;
  if (code !== 0) throw new Error(`undisturbed, it ended with ${code}:\n${output}`);
  return performance.now() - start;
}

interface Killing {
  readonly signal: NodeJS.Signals;
  readonly direction: Direction;
  readonly delay: number;
}

async function killed(
  { folder: template, reference }: Template,
  folder: string,
  killing: Killing,
): Promise<string> {
  const left = join(folder, 'left');
  const next = join(folder, 'next');
  copyProject(template, left);
  const { child, begun, finished } = decant(killing.direction, left);
  await begun;
  await sleep(killing.delay);
  child.kill(killing.signal);
  const end = await finished;
  // As it was left, with a hot journal or a WAL: one copy is for SQLite to recover, the other for Decant.
  copyProject(left, next);
  const index = whichState(left, reference);
  refuseFalseReport(end, index, reference);
  await expectNextUp(next, reference, index);
  return end.signal === null ? 'too late' : placeOf(index, reference);
}
