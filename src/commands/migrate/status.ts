import { BaseCommand, targetOf } from '../../base-command.js';
import { databaseFlags } from '../../flags.js';
import type { StatusReport } from '../../domain/status.js';
import { EXIT } from '../../errors.js';
import { statusText } from '../../output.js';
import { boolean } from '../../oclif.js';
import { readStatus } from '../../read-status.js';

export default class Status extends BaseCommand {
  static override summary = 'Show which migrations are applied, and what is wrong.';
  static override description = 'Writes nothing: neither a table nor a database is created.';
  static override examples = [
    '<%= config.bin %> migrate:status',
    '<%= config.bin %> migrate:status --json --exit-code',
  ];
  static override flags = {
    ...databaseFlags,
    'exit-code': boolean({
      description: 'Exit with 3 when something is pending, with 4 when the history is wrong.',
    }),
  };

  async run(): Promise<StatusReport & ReturnType<typeof targetOf>> {
    const { flags } = await this.parse(Status);
    const config = await this.settings(flags);
    const report = await readStatus(config);
    this.log(statusText(report, this.paint));
    if (flags['exit-code']) process.exitCode = exitCode(report);
    return { ...targetOf(config), ...report };
  }
}

function exitCode({ pending, anomalies }: StatusReport): number {
  if (pending > 0) return EXIT.pending;
  return anomalies.some(({ kind }) => kind !== 'same-prefix') ? EXIT.history : EXIT.ok;
}
