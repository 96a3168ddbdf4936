import { BaseCommand, type DryRunOutput, type RunOutput } from '../../base-command.js';
import { dryRunFlags, writingFlags } from '../../flags.js';

export default class Redo extends BaseCommand {
  static override summary = 'Roll back the last applied migration and apply it again.';
  static override description = 'Each of the two is a transaction of its own. The same file serves for both.';
  static override examples = ['<%= config.bin %> migrate:redo'];
  static override flags = { ...writingFlags, ...dryRunFlags };

  async run(): Promise<RunOutput | DryRunOutput> {
    const { flags } = await this.parse(Redo);
    return this.migrate('redo', flags, {});
  }
}
