import { BaseCommand, targetOf } from '../../base-command.js';
import { databaseFlags, policyFlags, stepsFlag } from '../../flags.js';
import type { Command as PlannedCommand, Plan as PlanReport } from '../../domain/plan.js';
import { planText } from '../../output.js';
import { argument, string } from '../../oclif.js';

export default class Plan extends BaseCommand {
  static override summary = 'Say what up, down, reset or redo would do, and why.';
  static override description = 'Writes nothing. Ends as that command would, when it would refuse.';
  static override examples = [
    '<%= config.bin %> migrate:plan',
    '<%= config.bin %> migrate:plan down --steps 2',
  ];
  static override args = {
    command: argument({
      description: 'The command to plan.',
      options: ['up', 'down', 'reset', 'redo'] satisfies PlannedCommand[],
      default: 'up',
    }),
    name: argument({ description: 'For down: the migration to roll back.' }),
  };
  static override flags = {
    ...databaseFlags,
    to: string({
      description: 'The last one to apply, or to roll back to.',
      helpValue: 'NAME',
      exclusive: ['steps'],
    }),
    steps: stepsFlag,
    ...policyFlags,
  };

  async run(): Promise<PlanReport> {
    const { args, flags } = await this.parse(Plan);
    const { to, steps } = flags;
    const config = await this.settings(flags);
    const plan = await this.withService(config, 'read', (service) =>
      service.plan(args.command as PlannedCommand, { name: args.name, to, steps }),
    );
    this.log(planText(plan, this.paint));
    return { ...targetOf(config), ...plan };
  }
}
