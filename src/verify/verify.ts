import { refuseHalfDone } from '../domain/batches.js';
import { deepFreeze } from '../domain/report.js';
import type {
  SeededTable,
  VerifiedMigration,
  VerifyMode,
  VerifyProgress,
  VerifyReport,
} from '../domain/verification.js';
import type { ConfigureConnection } from '../services/configure-connection.js';
import { readHistory } from '../services/history-reader.js';
import type { MigrationRepository } from '../services/migration-repository.js';
import type { MigrationService } from '../services/migration-service.js';
import type { SelectedSource } from './selected-source.js';
import { seedDatabase } from './seed.js';
import { tryMigration, type TrialTools } from './trial.js';
import type { Workbench } from './workbench.js';

/** The engine over the copy, for one step. */
export interface Engine {
  readonly service: MigrationService;
  readonly repository: MigrationRepository;
  close(): void;
}

/** What a verification needs. */
export interface Verification {
  readonly mode: VerifyMode;
  readonly bench: Workbench;
  readonly source: SelectedSource;
  readonly open: () => Engine;
  /** Whether empty tables are filled with awkward rows before each. */
  readonly seed: boolean;
  /** What there is to say of the database. */
  readonly warnings: readonly string[];
  readonly configureConnection: ConfigureConnection | undefined;
  readonly onProgress: ((progress: VerifyProgress) => void) | undefined;
}

/**
 * Puts one migration after the other to the proof, on a database that is there for nothing else.
 * @throws what a run refuses with before it begins; what fails later is in the report
 */
export async function verify(verification: Verification): Promise<VerifyReport> {
  const { mode, bench, source } = verification;
  const { names, recorded, warnings } = await planned(verification);
  const migrations: VerifiedMigration[] = [];
  const seeded = new Map<string, SeededTable>();
  let state: string | undefined = bench.keep();
  for (const [index, name] of names.entries()) {
    if (state === undefined) break;
    const before = seedBefore(verification, state, seeded);
    source.select(
      mode === 'applied'
        ? recorded.slice(0, recorded.length - index)
        : [...recorded, ...names.slice(0, index + 1)],
    );
    const tools = toolsFor(verification, index, names.length);
    const { migration, after } = await tryMigration(tools, name, before, mode === 'applied' ? 'down' : 'up');
    migrations.push(migration);
    bench.discard(before);
    state = after;
  }
  const notTried = names.slice(migrations.length);
  return deepFreeze({ mode, migrations, notTried, seeded: [...seeded.values()], warnings });
}

/** @returns where the state of the database is kept that the next migration finds */
function seedBefore(
  { seed, bench, configureConnection }: Verification,
  state: string,
  seeded: Map<string, SeededTable>,
): string {
  const tables = seed ? seedDatabase(bench.file, configureConnection) : [];
  for (const each of tables) seeded.set(each.table, each);
  if (tables.every(({ rows }) => rows === 0)) return state;
  bench.discard(state);
  return bench.keep();
}

function toolsFor(verification: Verification, index: number, total: number): TrialTools {
  return {
    ...verification,
    run: async (name, direction, step) => {
      verification.onProgress?.({ name, step, index, total });
      await withEngine(verification, ({ service }) =>
        direction === 'up' ? service.up({ to: name }) : service.down({ name }),
      );
    },
  };
}

interface Planned {
  /** What is to be tried, in order. */
  readonly names: readonly string[];
  /** What is applied, oldest first. */
  readonly recorded: readonly string[];
  readonly warnings: readonly string[];
}

function planned(verification: Verification): Promise<Planned> {
  return withEngine(verification, async ({ service, repository }) => {
    refuseHalfDone(repository.batches()); // what is before and after it cannot be told apart
    const { records } = readHistory(verification.source, repository);
    const recorded = records.map(({ name }) => name);
    if (verification.mode === 'applied')
      return { names: recorded.toReversed(), recorded, warnings: verification.warnings };
    const { steps, warnings } = await service.plan('up');
    return {
      names: steps.map(({ name }) => name),
      recorded,
      warnings: [...verification.warnings, ...warnings],
    };
  });
}

async function withEngine<T>({ open }: Verification, work: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = open();
  try {
    return await work(engine);
  } finally {
    engine.close();
  }
}
