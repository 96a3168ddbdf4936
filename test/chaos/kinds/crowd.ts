import { join } from 'node:path';
import { BACKUP, backupsIn, databaseIn, finish, isSameContent, RESTORE, start, UP } from '../acts.js';
import type { Kind } from '../kind.js';
import { copyProject, type Reference } from '../project.js';
import type { End } from '../processes.js';
import type { Random } from '../random.js';
import { stateOf, type State } from '../state.js';
import { JOURNALS } from '../subject.js';

const PROCESSES = 6;

/** Processes that migrate, back up and restore work on one file at once; in half of the cases one is killed. */
export const crowds: readonly Kind[] = [
  {
    name: `${PROCESSES} processes migrate, back up and restore at once`,
    short: 1,
    long: 15,
    prepare: (workshop) =>
      Promise.resolve({
        tryCase: async (random, own) => {
          const journal = random.pick(JOURNALS);
          // Whatever they do, and in whatever order, it ends in a state that is on the way up.
          const { reference } = await workshop.template(UP, journal);
          const { folder } = await workshop.template(RESTORE, journal);
          copyProject(folder, join(own, 'project'));
          return crowd(random, join(own, 'project'), reference);
        },
      }),
  },
];

async function crowd(random: Random, folder: string, { states }: Reference): Promise<string> {
  const people = Array.from({ length: PROCESSES }, () => start(random.pick([UP, BACKUP, RESTORE]), folder));
  const victim = random.below(2) === 0 ? people[0] : undefined;
  if (victim !== undefined) setTimeout(() => victim.child.kill('SIGKILL'), 100 + random.below(600));
  const ends = await Promise.all(people.map(({ finished }) => finished));
  for (const end of ends) refuseUnexplained(end);
  const found = stateOf(databaseIn(folder));
  if (!states.some((state) => isSameContent(state, found))) throw new Error('neither old nor new');
  // Which ones there still are depends on who came last: the oldest are removed.
  if (backupsIn(folder, states).size === 0) throw new Error('the backups are gone');
  await finish(UP, folder);
  if (!isSameContent(states.at(-1) as State, stateOf(databaseIn(folder)))) {
    throw new Error('the next up gave something else');
  }
  return `${ends.filter(({ code }) => code === 0).length} of ${PROCESSES} done`;
}

// Who comes too late may be refused, in words.
function refuseUnexplained({ code, signal, output }: End): void {
  if (code === 0 || signal !== null) return;
  if (!/^✗ /m.test(output) || output.includes('DECANT_UNEXPECTED')) {
    throw new Error(`one ended with ${code}:\n${output}`);
  }
}
