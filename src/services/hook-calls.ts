import { basename } from 'node:path';
import type { FinishedStep, HookCall, MigrationHooks, RunningPlan, RunningStep } from '../domain/hooks.js';
import type { Database } from '../domain/migration.js';
import { deepFreeze, namesOf, type HookEvent, type HookReport, type RunReport } from '../domain/report.js';
import { DecantError, HookError, MigrationFailedError } from '../errors.js';
import { scopeOf } from '../sqlite/scope.js';
import { lineIn, messageOf } from './error-facts.js';
import { refusePromise } from './transaction-manager.js';

/** Hooks that are ready to be called. */
export interface NamedHooks {
  /** Of their class, or else of their file. */
  readonly name: string;
  /** Absolute path. */
  readonly file?: string | undefined;
  readonly hooks: MigrationHooks;
}

/** Of a body that is called in one transaction after the other: which of its calls this is. */
export interface Edges {
  isFirst(): boolean;
  /** Asked after it. */
  isLast(): boolean;
}

const WHOLE: Edges = { isFirst: () => true, isLast: () => true };

/** Calls the hooks of one run, in the order in which they are registered, and knows which it has called. */
export class HookCalls {
  readonly #all: readonly NamedHooks[];
  readonly #counts: Map<NamedHooks, Partial<Record<HookEvent, number>>>;
  #failed: HookCall | undefined;

  constructor(all: readonly NamedHooks[] = []) {
    this.#all = all;
    this.#counts = new Map(all.map((each) => [each, {}]));
  }

  /** Which have been called so far, and how often. */
  get reports(): readonly HookReport[] {
    return Array.from(this.#counts, ([{ name }, calls]) => ({ name, calls: { ...calls } }));
  }

  /** The one that threw in the migration that failed, if it was a hook that threw. */
  get failed(): HookCall | undefined {
    return this.#failed;
  }

  /** Those that act within migrations, as a sentence names them. */
  get acting(): readonly string[] {
    return (['beforeEach', 'afterEach'] as const).flatMap((event) => {
      const acting = this.#all.filter(({ hooks }) => hooks[event] !== undefined);
      return acting.map((each) => hookText(each, event).replace('Hook', 'hook'));
    });
  }

  /** @throws HookError: then the run must not begin */
  async beforeRun(plan: RunningPlan): Promise<void> {
    for (const each of this.#all) {
      try {
        await this.#call(each, 'beforeRun', deepFreeze(plan));
      } catch (cause) {
        const hint = 'Nothing was run. Mend the hook, or what it objects to, and run again.';
        throw new HookError(`${told(each, 'beforeRun', cause)}.`, hint, each.name, 'beforeRun', { cause });
      }
    }
  }

  /** What is to run in the place of a migration's body. @param edges where it is called more than once */
  around(step: RunningStep, db: Database, body: () => unknown, edges = WHOLE): unknown {
    if (this.#all.length === 0) return body();
    const start = performance.now();
    const before = edges.isFirst() ? this.#all : [];
    for (const each of before) this.#callEach(each, 'beforeEach', deepFreeze({ ...step }), db);
    scopeOf(db)?.begins('migration');
    refusePromise(body());
    const finished: FinishedStep = deepFreeze({ ...step, durationMs: performance.now() - start });
    const after = edges.isLast() ? this.#all : [];
    for (const each of after) this.#callEach(each, 'afterEach', finished, db);
  }

  /** Calls all, also after one that failed: each may have something to put back. @throws HookError */
  async afterRun(report: RunReport): Promise<void> {
    let first: HookError | undefined;
    for (const each of this.#all) {
      try {
        await this.#call(each, 'afterRun', report);
      } catch (cause) {
        if (first === undefined) first = afterRunError(each, report, cause);
        else attach(first, `${told(each, 'afterRun', cause)}.`);
      }
    }
    if (first !== undefined) throw first;
  }

  /** Calls all. What they throw is added to `error`, and does not take its place. */
  async onError(error: unknown, report: () => RunReport): Promise<void> {
    for (const each of this.#all) {
      try {
        await this.#call(each, 'onError', error, report());
      } catch (cause) {
        attach(error, `${told(each, 'onError', cause)}.`);
      }
    }
  }

  #callEach(each: NamedHooks, event: HookCall['event'], step: RunningStep, db: Database): void {
    if (each.hooks[event] === undefined) return;
    const { name, file } = each;
    scopeOf(db)?.begins({ name, file, event });
    try {
      refusePromise(this.#call(each, event, step, db));
    } catch (error) {
      this.#failed = { name, file, event };
      throw error;
    }
  }

  #call(each: NamedHooks, event: HookEvent, ...args: unknown[]): unknown {
    const method = each.hooks[event] as ((...given: readonly unknown[]) => unknown) | undefined;
    if (method === undefined) return undefined;
    const calls = this.#counts.get(each) ?? {};
    calls[event] = (calls[event] ?? 0) + 1;
    return method.apply(each.hooks, args);
  }
}

/** How an error names a hook: `Hook Audit.beforeEach (audit.ts:12)`. */
export function hookText(
  { name, file }: Omit<NamedHooks, 'hooks'>,
  event: HookEvent,
  cause?: unknown,
): string {
  if (file === undefined) return `Hook ${name}.${event}`;
  const line = lineIn(file, cause);
  return `Hook ${name}.${event} (${basename(file)}${line === undefined ? '' : `:${line}`})`;
}

function told(hook: NamedHooks, event: HookEvent, cause: unknown): string {
  return `${hookText(hook, event, cause)} failed: ${messageOf(cause).replace(/\.$/, '')}`;
}

function afterRunError(hook: NamedHooks, report: RunReport, cause: unknown): HookError {
  const done = [
    ...namesOf(report, 'rolled-back').map((name) => `${name} (rolled back)`),
    ...namesOf(report, 'applied'),
  ];
  const message = `${told(hook, 'afterRun', cause)}. The run itself has succeeded, and all of it is committed: ${done.join(', ') || 'nothing was left to do'}.`;
  return new HookError(message, 'Run nothing again for its sake; mend the hook.', hook.name, 'afterRun', {
    cause,
  });
}

/** Adds to an error, which is what counts, what came after it. One of somebody else's making has no place for that. */
export function attach(error: unknown, warning: string): void {
  if (error instanceof MigrationFailedError) {
    const warnings = [...(error.failure.warnings ?? []), warning];
    Object.assign(error, { failure: { ...error.failure, warnings } });
  } else if (error instanceof DecantError) Object.assign(error, { hint: `${error.hint} ${warning}` });
}
