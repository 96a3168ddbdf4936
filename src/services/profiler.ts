import type { Database } from '../domain/migration.js';
import type { Profile, ProfiledMigration } from '../domain/profile.js';
import { deepFreeze, type OnProgress, type Progress } from '../domain/report.js';
import { messageOf } from './error-facts.js';
import { attach } from './hook-calls.js';
import { ProfilingRecorder } from './profiling-recorder.js';
import type { RunOptions } from './run-options.js';
import { TransactionManager, type BodyRules } from './transaction-manager.js';

/** A step that is being profiled, or has been. */
interface Step {
  readonly name: string;
  readonly direction: ProfiledMigration['direction'];
  readonly recorder: ProfilingRecorder;
  readonly start: number;
  outcome: ProfiledMigration['outcome'];
  end: number | undefined;
}

/** Runs something with transactions that are profiled, and tells in the end what has come of it, be it an error. */
export async function profiled<Options extends RunOptions, T>(
  transactions: TransactionManager,
  { onProfile, ...options }: Options,
  run: (profiler: TransactionManager, options: Omit<Options, 'onProfile'>) => Promise<T>,
): Promise<T> {
  const profiler = new Profiler(transactions, options.onProgress);
  const tell = (): void => {
    if (profiler.hasSteps) onProfile?.(profiler.profile());
  };
  let result: T;
  try {
    result = await run(profiler, { ...options, onProgress: profiler.onProgress });
  } catch (error) {
    try {
      tell();
    } catch (cause) {
      attach(error, `onProfile failed: ${messageOf(cause).replace(/\.$/, '')}.`);
    }
    throw error;
  }
  tell();
  return result;
}

/** Transactions as they are, whose bodies are recorded; told of the steps of a run, it knows whose they are. */
class Profiler extends TransactionManager {
  readonly #real: TransactionManager;
  readonly #onProgress: OnProgress | undefined;
  readonly #startedAt = new Date().toISOString();
  readonly #origin = performance.now();
  readonly #steps: Step[] = [];

  constructor(real: TransactionManager, onProgress: OnProgress | undefined) {
    super();
    this.#real = real;
    this.#onProgress = onProgress;
  }

  /** To be given to the run in the place of the one that it goes on to. */
  readonly onProgress = (progress: Progress): void => {
    if (progress.type === 'start') {
      const { name, direction } = progress.step;
      const recorder = new ProfilingRecorder();
      this.#steps.push({
        name,
        direction,
        recorder,
        start: performance.now(),
        outcome: 'failed',
        end: undefined,
      });
    }
    const step = this.#steps.at(-1);
    if (progress.type === 'done' && step !== undefined) {
      step.outcome = progress.result.outcome;
      step.end = performance.now();
    }
    this.#onProgress?.(progress);
  };

  /** Whether there is anything to tell. */
  get hasSteps(): boolean {
    return this.#steps.length > 0;
  }

  /** What is known when the run has ended, well or not. */
  profile(): Profile {
    const end = performance.now();
    return deepFreeze({
      startedAt: this.#startedAt,
      durationMs: end - this.#origin,
      migrations: this.#steps.map((step) => this.#profileOf(step, end)),
    });
  }

  #profileOf({ name, direction, outcome, recorder, start, end }: Step, now: number): ProfiledMigration {
    const statements = recorder.profiled(this.#origin);
    const rows = statements.reduce((sum, each) => sum + each.rows + each.indirectRows, 0);
    return {
      name,
      direction,
      outcome,
      startMs: start - this.#origin,
      durationMs: (end ?? now) - start,
      rows,
      statements,
    };
  }

  override session<T>(work: () => T): T {
    return this.#real.session(work);
  }

  override run<T>(work: () => T, foreignKeys?: BodyRules['foreignKeys']): T {
    return this.#real.run(work, foreignKeys);
  }

  override changedRows(): number | undefined {
    return this.#real.changedRows();
  }

  override runBody(body: (db: Database) => unknown, rules?: BodyRules): readonly string[] | void {
    const step = this.#steps.at(-1);
    try {
      return this.#real.runBody(body, rules, step?.recorder);
    } finally {
      if (step !== undefined) step.end = performance.now(); // should it fail, that was it
    }
  }

  override look<T>(work: (db: Database) => T): T | undefined {
    return this.#real.look(work);
  }
}
