import { isDebugging, loadConfig, type Config } from './config.js';
import type { Plan } from './domain/plan.js';
import { POLICIES, type Policy } from './domain/policy.js';
import { namesOf, type Progress, type RunReport } from './domain/report.js';
import { DecantError, EXIT, MigrationFailedError } from './errors.js';
import {
  action,
  boolean,
  colorize,
  Command,
  ExitError,
  integer,
  option,
  stderr,
  stdout,
  string,
} from './oclif.js';
import { errorText, runText, stepText, type Paint } from './output.js';
import { MAX_LOCK_TIMEOUT } from './services/database.js';
import type { MigrationService } from './services/migration-service.js';

/** Flags of every command that touches a database. */
export const databaseFlags = {
  database: string({ char: 'd', description: 'The database file [env: DATABASE_PATH].', helpValue: 'FILE' }),
  dir: string({ description: 'The folder of migrations [env: DECANT_MIGRATIONS_DIR].', helpValue: 'DIR' }),
  config: string({
    description: 'The config file, instead of the nearest decant.config.*.',
    helpValue: 'FILE',
  }),
};

/** Flags of every command that writes to one. */
export const writingFlags = {
  ...databaseFlags,
  'lock-timeout': integer({
    description: "Milliseconds to wait for another process's lock (default 10000).",
    helpValue: 'MS',
    min: 0,
    max: MAX_LOCK_TIMEOUT,
  }),
};

/** Flags of the commands that could take back more than one migration. */
export const confirmFlags = {
  yes: boolean({ char: 'y', description: 'Do not ask.' }),
};

const policy = option({ options: POLICIES });

/** What to do about problems in the history. */
export const policyFlags = {
  'out-of-order': policy({ description: 'A pending migration sorts before an applied one (default error).' }),
  missing: policy({ description: 'A recorded migration is not in the source (default error).' }),
  changed: policy({ description: 'A file was edited after it had been applied (default error).' }),
};

/** `--steps`, wherever it is offered. */
export const stepsFlag = integer({ description: 'How many.', helpValue: 'N', min: 1 });

const paint: Paint = (style, text) => colorize(style, text);

/** What a command may have parsed of the flags above. */
interface GivenFlags {
  readonly database?: string | undefined;
  readonly dir?: string | undefined;
  readonly config?: string | undefined;
  readonly 'lock-timeout'?: number | undefined;
  readonly 'out-of-order'?: Policy | undefined;
  readonly missing?: Policy | undefined;
  readonly changed?: Policy | undefined;
}

/** What every command shares: settings, a service to call, errors that say what to do, one object for `--json`. */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;

  protected readonly paint = paint;

  /** Decides every setting from flags, environment and config file. */
  protected settings(flags: GivenFlags): Promise<Config> {
    const { dir: directory, 'out-of-order': outOfOrder, 'lock-timeout': lockTimeout, ...same } = flags;
    return loadConfig({ ...same, directory, outOfOrder, lockTimeout });
  }

  /**
   * Calls `work` with a service for the database that the flags name, and closes that database afterwards. Before
   * it writes, it says on stderr what it is about to work on.
   */
  protected async withService<T>(
    flags: GivenFlags,
    access: 'read' | 'write',
    work: (service: MigrationService) => Promise<T>,
  ): Promise<T & { database: string; directory: string | null }> {
    const config = await this.settings(flags);
    if (access === 'write') this.announce(config);
    const { openService } = await import('./container.js');
    const opened = await openService(config, access);
    try {
      const result = await work(opened.service);
      return { database: config.database, directory: config.directory ?? null, ...result };
    } finally {
      opened.close();
    }
  }

  /** Shows a run as it goes on: a live line on a terminal, a line for each finished step elsewhere. */
  protected onProgress = (progress: Progress): void => {
    if (this.jsonEnabled()) return;
    const live = process.stdout.isTTY && process.stderr.isTTY;
    if (progress.type === 'start') {
      const verb = progress.step.direction === 'up' ? 'Applying' : 'Rolling back';
      if (live) action.start(`[${progress.index + 1}/${progress.total}] ${verb} ${progress.step.name}`);
      return;
    }
    if (live) action.stop(this.paint('green', progress.result.outcome));
    else this.log(stepText(progress.result, this.paint));
  };

  /** Asks before a plan is carried out, unless told not to; ends the command with 1 when the answer is no. */
  protected async confirm(plan: Plan, { yes }: { readonly yes: boolean }): Promise<void> {
    if (yes) return;
    const { confirmRollback } = await import('./prompt.js');
    if (await confirmRollback(plan.steps.map(({ name }) => name))) return;
    this.log('Nothing was rolled back.');
    this.exit(EXIT.failed);
  }

  /** Prints the end of a run, and returns what `--json` prints. */
  protected finishRun(
    report: RunReport,
  ): RunReport & { applied: string[]; rolledBack: string[]; skipped: string[] } {
    this.log(runText(report, this.paint));
    return {
      ...report,
      applied: namesOf(report, 'applied'),
      rolledBack: namesOf(report, 'rolled-back'),
      skipped: namesOf(report, 'skipped'),
    };
  }

  protected override async catch(error: Error): Promise<void> {
    if (error instanceof ExitError) throw error;
    if (action.running) action.stop(this.paint('red', 'failed'));
    printError(error, { json: this.jsonEnabled() });
    throw new ExitError(exitCodeOf(error));
  }

  private announce({ database, directory, origins, file }: Config): void {
    const from = (origin: string): string => (origin === 'config' ? `from ${file}` : `from ${origin}`);
    this.logToStderr(`Database:   ${database} ${this.paint('dim', `(${from(origins.database)})`)}`);
    this.logToStderr(
      directory === undefined
        ? 'Migrations: built in'
        : `Migrations: ${directory} ${this.paint('dim', `(${from(origins.directory)})`)}`,
    );
  }
}

/** What the process ends with after an error; oclif's own errors are usage errors unless they say otherwise. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof DecantError) return error.exitCode;
  const exit = (error as { oclif?: { exit?: unknown } } | undefined)?.oclif?.exit;
  return typeof exit === 'number' ? exit : EXIT.failed;
}

/** Shows an error: as one JSON object on stdout, or in words on stderr; the stack only under DEBUG. */
export function printError(error: unknown, { json }: { readonly json: boolean }): void {
  if (json) stdout(JSON.stringify({ error: errorJson(error) }, null, 2));
  else stderr(errorWords(error));
  if (isDebugging() && error instanceof Error) stderr(error.stack ?? '');
}

function errorWords(error: unknown): string {
  if (error instanceof DecantError) return errorText(error, paint);
  return `${paint('red', '✗')} ${error instanceof Error ? error.message : String(error)}`;
}

function errorJson(error: unknown): Record<string, unknown> {
  const message = error instanceof Error ? error.message : String(error);
  const exitCode = exitCodeOf(error);
  if (!(error instanceof DecantError)) {
    return { code: exitCode === EXIT.usage ? 'DECANT_USAGE' : 'DECANT_UNEXPECTED', message, exitCode };
  }
  const { code, hint } = error;
  const failure = error instanceof MigrationFailedError ? { failure: error.failure } : {};
  return { code, message, hint, exitCode, ...failure };
}
