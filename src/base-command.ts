import { existsSync } from 'node:fs';
import { batchLine } from './batch-line.js';
import { loadConfig, type Config } from './config.js';
import { needsConfirmation, refuseOther } from './confirmed.js';
import type { RowProgress } from './domain/batches.js';
import type { DownOptions, Plan, UpOptions } from './domain/plan.js';
import type { OnCopied } from './domain/backup.js';
import type { DryRunReport } from './domain/dry-run.js';
import type { Profile } from './domain/profile.js';
import { namesByOutcome, type Progress, type RunReport } from './domain/report.js';
import { visible } from './domain/visible.js';
import { sizeText } from './domain/size.js';
import { DeclinedError } from './errors.js';
import type { GivenFlags } from './flags.js';
import { Interrupt } from './interrupt.js';
import { action, Command, ExitError, stderr } from './oclif.js';
import { runText, stepText } from './output.js';
import { divertStdout, errorJson, exitCodeOf, paint, printError, printJson } from './print-error.js';
import { ProfileSink, profileWords } from './profile-flag.js';
import type { Backups } from './services/backups.js';
import { mayNeedRecovery } from './services/database.js';
import type { Access } from './container.js';
import type { MigrationService } from './services/migration-service.js';

interface RunFlags extends GivenFlags {
  readonly yes?: boolean | undefined;
}

/** What a command that writes prints with `--json`. */
export interface RunOutput extends RunReport {
  readonly database: string;
  readonly directory: string | null;
  readonly applied: readonly string[];
  readonly rolledBack: readonly string[];
  readonly skipped: readonly string[];
  /** With `--profile`. */
  readonly profile?: Profile;
}

/** What such a command prints with `--json` and `--dry-run`. */
export interface DryRunOutput extends Omit<DryRunReport, 'error'> {
  readonly database: string;
  readonly directory: string | null;
  readonly error: Record<string, unknown> | null;
}

/** What every command shares: settings, a service to call, errors that say what to do, one object for `--json`. */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;

  protected readonly paint = paint;

  /** Decides every setting from flags, environment and config file. */
  protected settings(flags: GivenFlags): Promise<Config> {
    const { 'out-of-order': outOfOrder, 'lock-timeout': timeout, backup, dir, ...same } = flags;
    const when = backup === undefined ? undefined : backup ? 'always' : 'never';
    return loadConfig({ ...same, directory: dir, outOfOrder, lockTimeout: timeout, backup: when });
  }

  /** Calls `work` with a service for the database of `config`, and closes that database afterwards. */
  protected async withService<T>(
    config: Config,
    access: Access,
    work: (service: MigrationService) => Promise<T>,
  ): Promise<T> {
    const { openService } = await import('./container.js');
    const opened = await openService(config, access);
    try {
      return await work(opened.service);
    } finally {
      opened.close();
    }
  }

  /** The settings, and the backups of the database that they name, which is not opened. */
  protected async backups(flags: GivenFlags): Promise<{ database: string; backups: Backups }> {
    const settings = await this.settings(flags);
    const { openBackups } = await import('./container.js');
    return { database: settings.database, backups: openBackups(settings) };
  }

  /** Shows on a terminal how far a copy is, where it takes long enough to be looked at. */
  protected copying(what: string): OnCopied {
    let since: number | undefined;
    return (copied, total) => {
      since ??= performance.now();
      if (this.jsonEnabled() || !isLive()) return;
      if (total < LARGE && performance.now() - since < LONG_MS) return;
      if (!action.running) action.start(`${what} (${sizeText(total)})`);
      if (copied === total) action.stop(this.paint('green', 'copied'));
      else action.status = `${Math.floor((100 * copied) / total)}%`;
    };
  }

  /** Shows on a terminal what is being done; without anything, that nothing is any more. */
  protected working(what?: string): void {
    if (this.jsonEnabled() || !isLive()) return;
    if (what === undefined) action.stop(this.paint('green', 'done'));
    else action.start(visible(what));
  }

  /**
   * Carries out a command that writes: says on stderr what it is about to work on, plans, asks where it must, and
   * runs. The database is opened for writing only when there is something to do and nothing against it.
   */
  protected async migrate(
    command: Plan['command'],
    flags: RunFlags,
    options: UpOptions & DownOptions,
  ): Promise<RunOutput | DryRunOutput> {
    const config = await this.settings(flags);
    this.announce(config);
    if (flags.profile === true) this.#profile = new ProfileSink(flags['profile-file']);
    if (flags['dry-run'] === true) return this.#tryOut(command, config, flags, options);
    // What a killed process left to be played back will be, by the first to look: then there is no mere looking.
    const look = mayNeedRecovery(config.database) ? 'write' : 'read';
    const planned = await this.withService(config, look, async (service) => {
      const plan = await service.plan(command, options);
      if (plan.steps.length === 0) return { plan, report: service.execute(plan, new Map()) };
      if (needsConfirmation(plan) && flags.yes !== true) await this.confirm(plan);
      return { plan, report: undefined };
    });
    const onPlan = (plan: Plan): void => refuseOther(planned.plan, plan);
    const interrupt = new Interrupt();
    const onProgress = (progress: Progress): void => this.#progress(progress, interrupt);
    const onProfile = this.#profile?.take;
    const runOptions = { ...options, onPlan, onProgress, onProfile, signal: interrupt.signal };
    const report =
      planned.report ?? (await this.withService(config, 'write', (service) => service[command](runOptions)));
    this.log(runText(report, this.paint));
    await this.#showProfile();
    return { ...targetOf(config), ...report, ...namesByOutcome(report), ...this.#profile?.json };
  }

  #profile: ProfileSink | undefined;

  async #showProfile(): Promise<void> {
    const text = await this.#profile?.finish(this.paint);
    if (text !== undefined) this.log(text);
  }

  async #tryOut(
    command: Plan['command'],
    config: Config,
    flags: RunFlags,
    options: UpOptions & DownOptions,
  ): Promise<DryRunOutput> {
    const on = flags['on-copy'] === true ? 'copy' : 'transaction';
    this.working(`Trying ${command}`);
    const { error, ...report } = await this.withService(config, 'dry run', (service) =>
      service.dryRun(command, { ...options, on }),
    );
    this.working();
    const { dryRunText } = await import('./output-dry-run.js');
    const statements = flags.sql === true ? 'listed' : 'counted';
    this.log(dryRunText({ ...report, error }, this.paint, { statements }));
    if (error !== null) {
      process.exitCode = error.exitCode;
      if (!this.jsonEnabled()) printError(error, { json: false });
    }
    return { ...targetOf(config), ...report, error: error === null ? null : errorJson(error) };
  }

  readonly #backingUp = this.copying('Backing up');

  // A run can be paused from its first batch that stays to its last, and not in between two migrations of one
  // transaction each: there SIGINT ends the process.
  #progress(progress: Progress, interrupt: Interrupt): void {
    if (progress.type === 'batch' && progress.ifEnded === 'stay') interrupt.listen();
    if (progress.type === 'done') interrupt.ignore();
    if (!this.jsonEnabled()) this.#show(progress);
  }

  #showRows: ((progress: RowProgress) => void) | undefined;

  /** Shows a run as it goes on: a live line on a terminal, a line for each finished step elsewhere. */
  #show(progress: Progress): void {
    const live = isLive();
    if (progress.type === 'backup') this.#backingUp(progress.copied, progress.total);
    else if (progress.type === 'batch') this.#showRows?.(progress);
    else if (progress.type === 'done') {
      if (live) action.stop(this.paint('green', progress.result.outcome));
      else this.log(stepText(progress.result, this.paint));
    } else if (live) {
      const verb = progress.step.direction === 'up' ? 'Applying' : 'Rolling back';
      const title = `[${progress.index + 1}/${progress.total}] ${verb} ${visible(progress.step.name)}`;
      action.start(title);
      this.#showRows = batchLine(title);
    }
  }

  private async confirm(plan: Plan): Promise<void> {
    const { confirmRollback } = await import('./prompt.js');
    if (await confirmRollback(plan.steps.map(({ name }) => name))) return;
    throw new DeclinedError(
      'Nothing was rolled back: the question was answered with no.',
      'Nothing is to be done.',
    );
  }

  // With --json, what a migration or a config prints must not stand beside the one object.
  protected override async init(): Promise<void> {
    this.argv = profileWords(this.argv);
    await super.init();
    if (this.jsonEnabled()) divertStdout();
  }

  override logJson(json: unknown): void {
    printJson(json);
  }

  protected override async catch(error: Error): Promise<void> {
    if (error instanceof ExitError) throw error;
    if (action.running) action.stop(this.paint('red', 'failed'));
    await this.#showProfile(); // that of a run that fails is the one that is wanted most
    printError(error, { json: this.jsonEnabled(), more: this.#profile?.json });
    throw new ExitError(exitCodeOf(error));
  }

  private announce({ database, directory, origins, file }: Config): void {
    const from = (origin: string): string => (origin === 'config' ? `from ${file}` : `from ${origin}`);
    const isNew = database === ':memory:' || existsSync(database) ? '' : ', not there yet';
    stderr(`Database:   ${visible(database)} ${this.paint('dim', `(${from(origins.database)}${isNew})`)}`);
    stderr(
      directory === undefined
        ? 'Migrations: built in'
        : `Migrations: ${visible(directory)} ${this.paint('dim', `(${from(origins.directory)})`)}`,
    );
  }
}

// From here on a copy is shown as it goes on.
const LARGE = 64_000_000;
const LONG_MS = 500;

/** What a command works on, as `--json` names it; null for the built-in migrations. */
export function targetOf({ database, directory }: Config): { database: string; directory: string | null } {
  return { database, directory: directory ?? null };
}

function isLive(): boolean {
  return process.stdout.isTTY && process.stderr.isTTY;
}
