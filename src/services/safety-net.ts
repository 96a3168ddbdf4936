import type { Backup } from '../domain/backup.js';
import type { Plan, PlanStep } from '../domain/plan.js';
import type { OnProgress } from '../domain/report.js';
import { BackupError, MigrationFailedError, NotRecordedError } from '../errors.js';
import { wantsBackup, type Backups } from './backups.js';
import { notRestored, restored } from './failure.js';
import type { LoadedMigration, LoadedMigrations } from './loaded-migration.js';
import type { JournalEntry } from './migration-repository.js';
import type { Run } from './run.js';

/** Steps of a plan that run without a pause. */
export interface Part {
  readonly steps: readonly PlanStep[];
  /** The place in the plan of the first. */
  readonly from: number;
  /** `'unguarded'`: one step, which has no transaction to roll back. `'batches'`: one step, which has many. */
  readonly kind: 'guarded' | 'unguarded' | 'batches';
}

/**
 * The backups of one run: one of before it, which stays, and one of before each migration that has no transaction,
 * which stays only when that fails.
 */
export class SafetyNet {
  readonly #backups: Backups | undefined;
  readonly #run: Run;
  readonly #plan: Plan;
  readonly #onProgress: OnProgress | undefined;
  readonly parts: readonly Part[];
  readonly #warnings: string[] = [];
  #first: Backup | undefined;
  #last: Backup | undefined;

  constructor(
    backups: Backups | undefined,
    run: Run,
    plan: Plan,
    loaded: LoadedMigrations,
    onProgress?: OnProgress,
  ) {
    const isWanted = backups !== undefined && wantsBackup(backups.policy, plan.steps, loaded);
    this.#backups = isWanted ? backups : undefined;
    this.#run = run;
    this.#plan = plan;
    this.#onProgress = onProgress;
    this.parts = partsOf(plan.steps, loaded, isWanted ? 'backed up' : 'as it is');
  }

  /** The backup of before the run, if there is one. */
  get backup(): Backup | undefined {
    return this.#first;
  }

  /** To be called before a part. @throws BackupError, DiskSpaceError, DatabaseLockedError: then it must not run */
  async spread({ steps, from, kind }: Part): Promise<void> {
    if (from === 0) this.#first = await this.#make(this.#plan.steps, 'with tables');
    this.#last = from === 0 ? this.#first : undefined;
    if (kind === 'unguarded') this.#last ??= await this.#make(steps, 'any');
  }

  /** To be called right before a part, with nothing awaited in between. @throws DatabaseLockedError */
  begin({ kind }: Part): void {
    if (kind === 'unguarded' && this.#last !== undefined) this.#backups?.begin(this.#last);
  }

  /** To be called after a part that succeeded. */
  passed(): void {
    if (this.#last !== this.#first) this.#discard(this.#last);
    this.#last = undefined;
  }

  /** To be called with what a part has thrown; returns what is to be thrown. */
  async caught(error: unknown): Promise<unknown> {
    const told = await this.#told(error);
    this.#settle();
    return told;
  }

  async #told(error: unknown): Promise<unknown> {
    const failed = this.#run.halfDone;
    if (failed !== undefined && this.#last !== undefined) return this.#undo(error, failed, this.#last);
    if (!(error instanceof NotRecordedError)) this.passed(); // the part has left nothing that is not recorded
    if (this.#isUntouchedBy(error)) this.#forget();
    if (this.#first === undefined) return error;
    if (!(error instanceof MigrationFailedError)) return error;
    return Object.assign(error, { failure: { ...error.failure, backup: this.#first.file } });
  }

  #isUntouchedBy(error: unknown): boolean {
    if (!this.#hasDoneNothing() || error instanceof NotRecordedError) return false;
    return !(error instanceof MigrationFailedError) || ['all', 'batch'].includes(error.failure.rolledBack);
  }

  #hasDoneNothing(): boolean {
    return !this.#run.hasDoneAnything;
  }

  async #undo(error: unknown, failed: JournalEntry, backup: Backup): Promise<unknown> {
    try {
      const isDone = (await this.#backups?.undo(backup, failed)) === true;
      return isDone ? restored(error, backup) : notRestored(error, backup, 'others have written since');
    } catch (cause) {
      return notRestored(error, backup, (cause as Error).message.replace(/\.$/, ''));
    }
  }

  /**
   * To be called when the run has ended well: what is not needed goes.
   * @returns what there is to warn of
   */
  fold(): readonly string[] {
    if (this.#hasDoneNothing()) this.#forget();
    this.#settle();
    return this.#warnings;
  }

  // A backup of what is as it was is of no use, and would push out one that is.
  #forget(): void {
    this.#discard(this.#first);
    this.#first = undefined;
  }

  #discard(backup: Backup | undefined): void {
    if (backup !== undefined) this.#tidy((backups) => backups.discard(backup));
  }

  // Also after a failure: what fails again and again must not fill the disk.
  #settle(): void {
    const made = [this.#first, this.#last].filter((each) => each !== undefined);
    if (made.length > 0) this.#tidy((backups) => backups.prune(...made));
  }

  // What has been done, or has failed, is so whether or not old backups can be removed.
  #tidy(work: (backups: Backups) => void): void {
    try {
      if (this.#backups !== undefined) work(this.#backups);
    } catch (error) {
      this.#warnings.push(`Old backups could not be removed: ${(error as Error).message}`);
    }
  }

  async #make(steps: readonly PlanStep[], what: 'any' | 'with tables'): Promise<Backup | undefined> {
    const preceded = { runId: this.#run.id, command: this.#plan.command, names: namesOf(steps) };
    try {
      const onCopied = (copied: number, total: number): void =>
        this.#onProgress?.({ type: 'backup', copied, total });
      return await this.#backups?.make(preceded, onCopied, what);
    } catch (error) {
      throw this.#afterOthers(error);
    }
  }

  #afterOthers(error: unknown): unknown {
    const done = this.#run.results.filter(({ outcome }) => outcome !== 'skipped').map(({ name }) => name);
    if (!(error instanceof BackupError) || done.length === 0) return error;
    return new BackupError(`${error.message} Done before that: ${done.join(', ')}.`, error.hint, {
      cause: error,
    });
  }
}

// A redo names each migration twice.
function namesOf(steps: readonly PlanStep[]): readonly string[] {
  return [...new Set(steps.map(({ name }) => name))];
}

/**
 * Cuts a plan where it has to be let go of: for a backup of before a migration without a transaction, and between
 * batches.
 */
export function partsOf(
  steps: readonly PlanStep[],
  loaded: LoadedMigrations,
  safety: 'backed up' | 'as it is',
): readonly Part[] {
  const parts: { steps: PlanStep[]; from: number; kind: Part['kind'] }[] = [];
  for (const [from, step] of steps.entries()) {
    const kind = kindOf(loaded.get(step.name), safety);
    const last = parts.at(-1);
    if (kind === 'guarded' && last?.kind === 'guarded') last.steps.push(step);
    else parts.push({ steps: [step], from, kind });
  }
  return parts;
}

function kindOf(loaded: LoadedMigration | undefined, safety: 'backed up' | 'as it is'): Part['kind'] {
  const transaction = loaded?.options.transaction;
  if (transaction === 'batches') return 'batches';
  return transaction === false && safety === 'backed up' ? 'unguarded' : 'guarded';
}
