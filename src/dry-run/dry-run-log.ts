import type { DryRunReport, DryRunStep } from '../domain/dry-run.js';
import type { Database } from '../domain/migration.js';
import type { Plan, PlanStep } from '../domain/plan.js';
import type { OnProgress, RunReport, StepResult } from '../domain/report.js';
import { DecantError } from '../errors.js';
import { rulesOf, type LoadedMigration, type LoadedMigrations } from '../services/loaded-migration.js';
import type { MigrationRepository } from '../services/migration-repository.js';
import { schemaOf, schemaText } from '../sqlite/schema-text.js';
import { ofDryRun } from './failure.js';
import { recordedBy } from './statements.js';
import type { RecordingTransactions } from './transactions.js';
import { damageIn, verdictOf } from './verdict.js';

/** What the log needs to look, and to do, while a plan is tried. */
interface Means {
  readonly db: Database;
  readonly repository: MigrationRepository;
  readonly transactions: RecordingTransactions;
  readonly reasons: ReadonlyMap<number, string>;
  readonly schemaDiff: (before: string, after: string) => string;
}

/** Writes down what the steps of a plan do while they are tried. */
export class DryRunLog {
  readonly #plan: Plan;
  readonly #loaded: LoadedMigrations;
  readonly #means: Means;
  readonly #steps: DryRunStep[] = [];
  /** As it was before the step that is being tried. */
  #schema: string | undefined;
  #startedAt = 0;
  #hasBegun = false;

  constructor(plan: Plan, loaded: LoadedMigrations, means: Means) {
    this.#plan = plan;
    this.#loaded = loaded;
    this.#means = means;
  }

  /** To be told of each step. */
  readonly onProgress: OnProgress = (progress) => {
    if (progress.type === 'start') this.#begin(progress.step, progress.index);
    if (progress.type === 'done') this.#end(progress.result, progress.index);
  };

  /** Has the steps carried out. @throws whatever ends that before the first of them */
  watch(work: () => RunReport): Pick<DryRunReport, 'steps' | 'error' | 'warnings'> {
    try {
      const { warnings } = work();
      return { steps: this.#steps, error: null, warnings };
    } catch (thrown) {
      if (!(thrown instanceof DecantError) || !this.#hasBegun) throw thrown;
      const error = ofDryRun(thrown, this.#untried());
      this.#fail(error);
      return { steps: this.#steps, error, warnings: this.#plan.warnings };
    }
  }

  // One that cannot be tried is recorded as done: those after it are in turn then, and the engine lets it be.
  #begin({ name, direction }: PlanStep, index: number): void {
    this.#hasBegun = true;
    this.#startedAt = performance.now();
    this.#schema ??= this.#schemaNow();
    if (!this.#means.reasons.has(index)) return;
    const outcome = direction === 'up' ? 'applied' : 'rolled-back';
    const startedAt = new Date().toISOString();
    this.#means.transactions.run(() =>
      this.#means.repository.record({ runId: '', name, direction, outcome, startedAt, durationMs: 0 }),
    );
  }

  #end({ name, direction, outcome, durationMs, conflicts }: StepResult, index: number): void {
    if (outcome === 'skipped') {
      const reason = this.#means.reasons.get(index) ?? 'another process has done it meanwhile';
      this.#steps.push(untried({ name, direction }, reason));
      return;
    }
    const before = this.#schema ?? '';
    this.#schema = this.#schemaNow();
    this.#steps.push({
      name,
      direction,
      outcome: outcome === 'applied' ? 'would apply' : 'would roll back',
      reason: null,
      durationMs,
      ...recordedBy(this.#means.transactions.take()),
      schema: this.#means.schemaDiff(before, this.#schema),
      ...verdictOf(rulesOf(this.#loaded.get(name) as LoadedMigration)),
      ...(conflicts === undefined ? {} : { conflicts }),
    });
  }

  #fail(error: DecantError): void {
    const [failed, ...rest] = this.#plan.steps.slice(this.#steps.length);
    if (failed === undefined) return;
    this.#steps.push({
      ...untried(failed, null),
      outcome: 'fails',
      durationMs: performance.now() - this.#startedAt,
      ...recordedBy(this.#means.transactions.take()),
      ...damageIn(error),
    });
    for (const step of rest) this.#steps.push(untried(step, `${failed.name} fails before it`));
  }

  #untried(): readonly string[] {
    return this.#steps.filter(({ outcome }) => outcome === 'not tried').map(({ name }) => name);
  }

  #schemaNow(): string {
    return schemaText(schemaOf(this.#means.db));
  }
}

function untried(
  { name, direction }: Pick<PlanStep, 'name' | 'direction'>,
  reason: string | null,
): DryRunStep {
  const nothing = { durationMs: 0, statements: [], rows: [], schema: '', losses: null, foreignKeys: null };
  return { name, direction, outcome: 'not tried', reason, ...nothing };
}
