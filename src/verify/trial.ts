import type { Direction } from '../domain/migration.js';
import type {
  ContentDifference,
  Verdict,
  VerifiedMigration,
  VerifyProblem,
  VerifyStep,
} from '../domain/verification.js';
import {
  DecantError,
  IrreversibleMigrationError,
  LaterMigrationsError,
  MissingMigrationError,
} from '../errors.js';
import type { ConfigureConnection } from '../services/configure-connection.js';
import { compareDatabases, type Comparison } from './compare.js';
import { isDiskFault } from './disk-fault.js';
import { hintOnCopy } from './hint-on-copy.js';
import type { Workbench } from './workbench.js';

/** What a trial works with. */
export interface TrialTools {
  readonly bench: Workbench;
  readonly configureConnection: ConfigureConnection | undefined;
  /** Has the engine take one migration one way, and leaves the database closed. */
  readonly run: (name: string, direction: Direction, step: VerifyStep) => Promise<void>;
}

/** What came of it. The database is then as it was after the first step, if that succeeded. */
export interface Tried {
  readonly migration: VerifiedMigration;
  /** Where that state is kept; undefined where the first step failed, beyond which there is no way. */
  readonly after: string | undefined;
}

/**
 * Takes one migration there, back and there again, and compares: after the way back with what was before, after the
 * second time with what was after the first.
 * @param before where the state of the database is kept
 * @param first `'up'` for one that is pending, `'down'` for one that is applied
 */
export async function tryMigration(
  tools: TrialTools,
  name: string,
  before: string,
  first: Direction,
): Promise<Tried> {
  const start = performance.now();
  const back = first === 'up' ? 'down' : 'up';
  const findings = new Findings(name);
  const done = (after?: string): Tried => ({ migration: findings.told(performance.now() - start), after });

  if (!(await attempt(tools, findings, first, first))) return done();
  const after = tools.bench.keep();
  if (await attempt(tools, findings, back, back)) {
    const { diff, content } = compare(tools, before);
    findings.schema(back, diff);
    findings.losses = content;
    const again = `second ${first}` as const;
    if (await attempt(tools, findings, first, again)) {
      const second = compare(tools, after);
      findings.schema(again, second.diff);
      findings.unrepeated = second.content;
      if (second.diff === '' && second.content.length === 0) return done(after);
    }
  }
  tools.bench.putBack(after);
  return done(after);
}

function compare({ bench, configureConnection }: TrialTools, earlier: string): Comparison {
  return compareDatabases(earlier, bench.file, configureConnection);
}

async function attempt(
  { run }: TrialTools,
  findings: Findings,
  direction: Direction,
  step: VerifyStep,
): Promise<boolean> {
  try {
    await run(findings.name, direction, step);
    return true;
  } catch (error) {
    if (!(error instanceof DecantError) || isDiskFault(error)) throw error;
    findings.failed(step, error);
    return false;
  }
}

/** What has been found out about one migration. */
class Findings {
  losses: readonly ContentDifference[] = [];
  unrepeated: readonly ContentDifference[] = [];
  readonly #problems: VerifyProblem[] = [];
  #reason: string | null = null;

  constructor(readonly name: string) {}

  schema(step: VerifyStep, diff: string): void {
    if (diff !== '') this.#problems.push({ step, diff, error: null });
  }

  failed(step: VerifyStep, error: DecantError): void {
    const reason = reasonNotTo(error);
    if (reason !== undefined) this.#reason = reason;
    else {
      const { code, message, hint } = error;
      this.#problems.push({ step, diff: null, error: { code, message, hint: hintOnCopy(hint) } });
    }
  }

  told(durationMs: number): VerifiedMigration {
    return {
      name: this.name,
      verdict: this.#verdict(),
      losses: this.losses,
      unrepeated: this.unrepeated,
      problems: this.#problems,
      reason: this.#reason,
      durationMs,
    };
  }

  #verdict(): Verdict {
    if (this.#problems.length > 0) return 'broken';
    if (this.#reason !== null) return 'irreversible';
    return this.losses.length > 0 ? 'lossy' : 'exact';
  }
}

// Why a rollback is not begun at all.
function reasonNotTo(error: DecantError): string | undefined {
  if (error instanceof IrreversibleMigrationError) return error.reason;
  if (error instanceof MissingMigrationError) return 'it is not in the source';
  if (error instanceof LaterMigrationsError)
    return `${error.later.join(', ')} would have to be rolled back first`;
  return undefined;
}
