import { BaseCommand, type RunOutput } from '../../base-command.js';
import { confirmFlags, writingFlags } from '../../flags.js';

export default class Reset extends BaseCommand {
  static override summary = 'Roll back all migrations, newest first.';
  static override description = 'Asks first.';
  static override examples = ['<%= config.bin %> migrate:reset --yes'];
  static override flags = { ...writingFlags, ...confirmFlags };

  async run(): Promise<RunOutput> {
    const { flags } = await this.parse(Reset);
    return this.migrate('reset', flags, {});
  }
}
