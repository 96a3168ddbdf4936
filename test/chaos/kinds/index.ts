import type { Kind } from '../kind.js';
import { kills } from './kill.js';
import { statementFailures } from './statement.js';
import { walCuts } from './wal.js';

/** Every kind of disaster, in the order in which they are tried. */
export const KINDS: readonly Kind[] = [...kills, ...walCuts, ...statementFailures];
