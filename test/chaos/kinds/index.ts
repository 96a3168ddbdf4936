import type { Kind } from '../kind.js';
import { crowds } from './crowd.js';
import { fullDisks } from './disk-full.js';
import { faults } from './fault.js';
import { kills } from './kill.js';
import { races } from './race.js';
import { statementFailures } from './statement.js';
import { walCuts } from './wal.js';

/** Every kind of disaster, in the order in which they are tried. */
export const KINDS: readonly Kind[] = [
  ...kills,
  ...faults,
  ...walCuts,
  ...races,
  ...crowds,
  ...statementFailures,
  ...fullDisks,
];
