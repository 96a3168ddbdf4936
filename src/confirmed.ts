import { isDeepStrictEqual } from 'node:util';
import type { Plan } from './domain/plan.js';
import { DeclinedError } from './errors.js';

/** Whether a plan is to be asked about first: it takes back more than one migration. */
export function needsConfirmation({ command, steps }: Plan): boolean {
  return command === 'reset' || (command === 'down' && steps.length > 1);
}

/** What was confirmed, and nothing else, is carried out. @throws DeclinedError */
export function refuseOther(before: Plan, now: Plan): void {
  if (before.command === 'up' || isDeepStrictEqual(before.steps, now.steps)) return;
  throw new DeclinedError(
    'Nothing was rolled back: another process has migrated the database since it was looked at.',
    'Look at migrate:status, and run again.',
  );
}
