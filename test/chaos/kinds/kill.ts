import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ACTS, finish, start, type Act } from '../acts.js';
import type { Kind } from '../kind.js';
import { copyProject, judge, type Template } from '../project.js';
import { JOURNALS } from '../subject.js';

/** A process is ended by a signal at a random moment. */
export const kills: readonly Kind[] = [
  ...ACTS.map((act) => endingBy('SIGKILL', `kill -9 at a random moment of ${act.name}`, [act])),
  endingBy('SIGINT', 'SIGINT at a random moment of any of these', ACTS),
  endingBy('SIGTERM', 'SIGTERM at a random moment of any of these', ACTS),
];

function endingBy(signal: NodeJS.Signals, name: string, acts: readonly Act[]): Kind {
  return {
    name,
    short: 1,
    long: 20,
    prepare: async (workshop, folder) => {
      const durations = new Map<Template, number>();
      return {
        tryCase: async (random, own) => {
          const template = await workshop.template(random.pick(acts), random.pick(JOURNALS));
          const duration =
            durations.get(template) ?? (await durationOf(template, join(folder, String(durations.size))));
          durations.set(template, duration);
          // Before that, Node.js starts.
          const moment = duration * (0.3 + 0.8 * random.next());
          return end(template, join(own, 'left'), signal, moment);
        },
      };
    },
  };
}

async function durationOf({ act, folder }: Template, own: string): Promise<number> {
  copyProject(folder, own);
  const began = performance.now();
  await finish(act, own);
  return performance.now() - began;
}

async function end(
  template: Template,
  left: string,
  signal: NodeJS.Signals,
  moment: number,
): Promise<string> {
  copyProject(template.folder, left);
  const { child, finished } = start(template.act, left);
  await sleep(moment);
  child.kill(signal);
  const how = await finished;
  const place = await judge(template, left, how);
  return how.signal === null ? 'too late' : place;
}
