import type { Plan } from '../domain/plan.js';
import type { Profile } from '../domain/profile.js';
import type { OnProgress } from '../domain/report.js';

/** What whoever runs a plan wants to be told, and how it may be stopped. */
export interface RunOptions {
  /** Told of the plan that is about to be carried out. What it throws, or rejects with, ends the run before it began. */
  readonly onPlan?: ((plan: Plan) => void | Promise<void>) | undefined;
  /** Told of each step as it begins and ends. What it throws ends the run there; what was done stays done. */
  readonly onProgress?: OnProgress | undefined;
  /**
   * Ends the run with PausedError, once aborted: between two batches of a migration that commits each, or before the
   * next migration after one. A run without such a migration does not listen: it has nowhere to stop.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Asks where the time goes, statement by statement, and is told when the run has ended, well or not. It is not called
   * where there was nothing to run.
   */
  readonly onProfile?: ((profile: Profile) => void) | undefined;
}
