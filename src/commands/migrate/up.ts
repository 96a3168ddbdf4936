import { BaseCommand, type DryRunOutput, type RunOutput } from '../../base-command.js';
import { dryRunFlags, policyFlags, stepsFlag, writingFlags } from '../../flags.js';
import { string } from '../../oclif.js';

export default class Up extends BaseCommand {
  static override summary = 'Apply pending migrations, in order.';
  static override description =
    'Each runs in a transaction of its own, together with its record. The first that fails is rolled back, and ends the run; those before it stay.';
  static override examples = [
    '<%= config.bin %> migrate:up',
    '<%= config.bin %> migrate:up --steps 1',
    '<%= config.bin %> migrate:up --database app.db --dir migrations --to 003_add_users',
  ];
  static override flags = {
    ...writingFlags,
    ...dryRunFlags,
    to: string({ description: 'The last migration to apply.', helpValue: 'NAME', exclusive: ['steps'] }),
    steps: stepsFlag,
    ...policyFlags,
  };

  async run(): Promise<RunOutput | DryRunOutput> {
    const { flags } = await this.parse(Up);
    return this.migrate('up', flags, { to: flags.to, steps: flags.steps });
  }
}
