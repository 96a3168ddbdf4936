import { BaseCommand, type DryRunOutput, type RunOutput } from '../../base-command.js';
import { confirmFlags, dryRunFlags, writingFlags } from '../../flags.js';

export default class Reset extends BaseCommand {
  static override summary = 'Roll back all migrations, newest first.';
  static override description = 'Asks first.';
  static override examples = ['<%= config.bin %> migrate:reset --yes'];
  static override flags = { ...writingFlags, ...dryRunFlags, ...confirmFlags };

  async run(): Promise<RunOutput | DryRunOutput> {
    const { flags } = await this.parse(Reset);
    return this.migrate('reset', flags, {});
  }
}
