import { BaseCommand, type DryRunOutput, type RunOutput } from '../../base-command.js';
import { confirmFlags, dryRunFlags, stepsFlag, writingFlags } from '../../flags.js';
import { argument, string } from '../../oclif.js';

export default class Down extends BaseCommand {
  static override summary = 'Roll back the last applied migration, or more.';
  static override description =
    'Rolls back in reverse order: one that later migrations depend on is refused. Asks first when it would roll back more than one.';
  static override examples = [
    '<%= config.bin %> migrate:down',
    '<%= config.bin %> migrate:down 002_add_indexes',
    '<%= config.bin %> migrate:down --to 001_initial_schema --yes',
  ];
  static override args = {
    name: argument({ description: 'The migration to roll back (default: the last applied).' }),
  };
  static override flags = {
    ...writingFlags,
    ...dryRunFlags,
    to: string({
      description: 'Roll back to this one, which stays.',
      helpValue: 'NAME',
      exclusive: ['steps'],
    }),
    steps: stepsFlag,
    ...confirmFlags,
  };

  async run(): Promise<RunOutput | DryRunOutput> {
    const { args, flags } = await this.parse(Down);
    return this.migrate('down', flags, { name: args.name, to: flags.to, steps: flags.steps });
  }
}
