import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ACTS, type Act } from '../acts.js';
import type { Kind } from '../kind.js';
import { copyProject, judge, start, type Template } from '../project.js';
import { JOURNALS, type Journal } from '../subject.js';

/** A process is ended by a signal at a random moment. */
export const kills: readonly Kind[] = [
  ...ACTS.flatMap((act) =>
    JOURNALS.map((journal) => endingBy('SIGKILL', `kill -9 in ${act.name}, ${journal}`, [act], [journal])),
  ),
  endingBy('SIGINT', 'SIGINT in any of these', ACTS, JOURNALS),
  endingBy('SIGTERM', 'SIGTERM in any of these', ACTS, JOURNALS),
];

function endingBy(
  signal: NodeJS.Signals,
  name: string,
  acts: readonly Act[],
  journals: readonly Journal[],
): Kind {
  const possible = acts.filter((act) => act.impossible === undefined);
  return {
    name,
    short: 1,
    long: 60,
    prepare: async (workshop, folder) => {
      const durations = new Map<string, number>();
      return {
        impossible: possible.length === 0 ? acts[0]?.impossible : undefined,
        tryCase: async (random, own) => {
          const act = random.pick(possible);
          const journal = random.pick(journals);
          const template = await workshop.template(act, journal);
          const key = `${act.name}, ${journal}`;
          const duration = durations.get(key) ?? (await durationOf(template, join(folder, key)));
          durations.set(key, duration);
          return end(template, own, signal, random.next() * duration * 1.1);
        },
      };
    },
  };
}

// From its first word on, as the kills are.
async function durationOf({ act, folder }: Template, own: string): Promise<number> {
  copyProject(folder, own);
  const { begun, finished } = start(act, own);
  await begun;
  const began = performance.now();
  await finished;
  return performance.now() - began;
}

async function end(template: Template, own: string, signal: NodeJS.Signals, delay: number): Promise<string> {
  const left = join(own, 'left');
  copyProject(template.folder, left);
  const { child, begun, finished } = start(template.act, left);
  await begun;
  await sleep(delay);
  child.kill(signal);
  const how = await finished;
  const place = await judge(template, left, how);
  return how.signal === null ? 'too late' : place;
}
