import { UsageError } from '../errors.js';
import type { Command, DownOptions } from './plan.js';

/** @throws UsageError for an option that the command does not take, or that says nothing sensible */
export function refuseOptions(command: Command, options: DownOptions): void {
  const foreign = (['name', 'to', 'steps'] as const).find(
    (option) => options[option] !== undefined && !TAKES[command].includes(option),
  );
  if (foreign === undefined) return atMostOne(options);
  throw new UsageError(
    `${command} takes no ${foreign === 'name' ? 'name of a migration' : `--${foreign}`}.`,
    TAKES[command].length === 0
      ? 'Leave it out.'
      : `Say how far by ${TAKES[command].map((each) => `--${each}`).join(' or ')}.`,
  );
}

/** @throws UsageError for more than one way to say how far, or a number of steps that is none */
export function atMostOne(options: DownOptions): void {
  const given = [options.name, options.to, options.steps].filter((value) => value !== undefined);
  if (given.length > 1) {
    throw new UsageError('More than one of a name, --to and --steps was given.', 'Give at most one of them.');
  }
  if (options.steps !== undefined && (!Number.isInteger(options.steps) || options.steps < 1)) {
    throw new UsageError(`steps must be a whole number from 1, not ${options.steps}.`, 'Example: --steps 2');
  }
}

const TAKES: Record<Command, readonly (keyof DownOptions)[]> = {
  up: ['to', 'steps'],
  down: ['name', 'to', 'steps'],
  reset: [],
  redo: [],
};
