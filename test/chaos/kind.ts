import type { Workshop } from './project.js';
import type { Random } from './random.js';

/** One kind of disaster. */
export interface Kind {
  readonly name: string;
  /** How many cases are tried in `npm test`, and how many by `npm run chaos`: all, where they can be counted. */
  readonly short: number;
  readonly long: number | 'all';
  /**
   * Makes what all cases begin with.
   * @param folder a folder of this kind's own, which is removed in the end
   */
  prepare(workshop: Workshop, folder: string): Promise<Prepared>;
}

export interface Prepared {
  /** How many different cases there are, where that is known. */
  readonly count?: number;
  /** Why this machine cannot try it. */
  readonly impossible?: string | undefined;
  /**
   * Tries one case, and says in a word where the disaster struck.
   * @param folder an empty folder of the case's own, kept if it throws
   * @throws Error when Decant broke its promise
   */
  readonly tryCase: (random: Random, folder: string, index: number) => Promise<string>;
  readonly dispose?: () => void;
}
