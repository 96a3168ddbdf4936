import type { PlanStep } from '../domain/plan.js';
import type { OnProgress } from '../domain/report.js';
import type { LoadedMigration, LoadedMigrations } from './loaded-migration.js';
import type { MigrationRepository } from './migration-repository.js';
import type { Run } from './run.js';
import type { Part } from './safety-net.js';
import type { TransactionManager } from './transaction-manager.js';
import { inOneGo, told, type Turns } from './turns.js';

/** What the parts of a plan are carried out with. */
export interface Equipment {
  readonly repository: MigrationRepository;
  readonly transactions: TransactionManager;
  readonly run: Run;
  readonly loaded: LoadedMigrations;
  /** How many steps all parts have together. */
  readonly total: number;
  readonly onProgress?: OnProgress | undefined;
}

/**
 * Carries out one part of a plan. It stops between two batches, with no transaction open: whoever awaits may let others
 * on there.
 */
export function* carryOut({ steps, from, kind }: Part, equipment: Equipment): Turns<void> {
  const { repository, transactions, run, loaded, total, onProgress } = equipment;
  const commits = kind === 'batches' ? 'each batch' : 'at the end';
  const turnsOf = (step: PlanStep, offset: number): Turns<void> =>
    told({ step, index: from + offset, total }, commits, onProgress, (onBatch) =>
      run.step(step, loaded.get(step.name) as LoadedMigration, onBatch),
    );
  transactions.session(() => {
    if (from === 0) transactions.run(() => repository.ensureTables());
    if (kind !== 'batches') steps.forEach((step, offset) => inOneGo(turnsOf(step, offset)));
  });
  if (kind === 'batches') for (const [offset, step] of steps.entries()) yield* turnsOf(step, offset);
}
