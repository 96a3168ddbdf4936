import { foreignKeysOf, untriable, type DryRunReport, type TriedOn } from '../domain/dry-run.js';
import type { MigrationOptions } from '../domain/decorator.js';
import type { Database } from '../domain/migration.js';
import type { Plan, PlanStep } from '../domain/plan.js';
import { DryRuns, type Execute } from '../services/dry-runs.js';
import type { LoadedMigrations } from '../services/loaded-migration.js';
import { SqliteMigrationRepository } from '../services/sqlite-migration-repository.js';
import { DryRunLog } from './dry-run-log.js';
import { onCopy, type CopySettings } from './on-copy.js';
import { PassingTransactions, RealTransactions, type RecordingTransactions } from './transactions.js';

/** Where and how a plan is tried. */
interface Stage {
  readonly on: TriedOn;
  readonly db: Database;
  readonly transactions: RecordingTransactions;
  /** Which steps cannot be tried there, by their place, and why. */
  readonly reasons: ReadonlyMap<number, string>;
  /** Brackets all of it. */
  readonly around: <T>(work: () => T) => T;
}

/** Dry runs on one better-sqlite3 connection, or on a copy of what it has open. */
export class SqliteDryRuns extends DryRuns {
  readonly #connection: () => Database;
  readonly #settings: CopySettings;

  constructor(connection: () => Database, settings: CopySettings) {
    super();
    this.#connection = connection;
    this.#settings = settings;
  }

  override async perform(
    plan: Plan,
    loaded: LoadedMigrations,
    on: TriedOn,
    execute: Execute,
  ): Promise<Omit<DryRunReport, 'hooks'>> {
    const { command, held, warnings } = plan;
    if (plan.steps.length === 0) return { command, on, steps: [], held, warnings, error: null };
    const { schemaDiff } = await import('../sqlite/schema-diff.js');
    const perform = (stage: Stage): Omit<DryRunReport, 'hooks'> => {
      const repository = new SqliteMigrationRepository(stage.db);
      const log = new DryRunLog(plan, loaded, { ...stage, repository, schemaDiff });
      const outcome = log.watch(() =>
        stage.around(() => execute(repository, stage.transactions, log.onProgress)),
      );
      return { command, on, held, ...outcome };
    };
    const db = this.#connection();
    if (on === 'copy') return onCopy(db, this.#settings, (copy) => perform(forReal(copy)));
    return perform(inTransaction(db, plan.steps, ({ name }) => loaded.get(name)?.options ?? {}));
  }
}

function forReal(db: Database): Stage {
  const transactions = new RealTransactions(db);
  return { on: 'copy', db, transactions, reasons: new Map(), around: (work) => work() };
}

function inTransaction(
  db: Database,
  steps: readonly PlanStep[],
  optionsOf: (step: PlanStep) => MigrationOptions,
): Stage {
  const transactions = new PassingTransactions(db);
  const foreignKeys = foreignKeysOf(steps, optionsOf);
  return {
    on: 'transaction',
    db,
    transactions,
    reasons: untriable(steps, optionsOf),
    around: (work) => transactions.perform(work, foreignKeys),
  };
}
