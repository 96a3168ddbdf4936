import { BaseCommand, confirmFlags, writingFlags } from '../../base-command.js';

export default class Reset extends BaseCommand {
  static override summary = 'Roll back all migrations, newest first.';
  static override description = 'Asks first.';
  static override examples = ['<%= config.bin %> migrate:reset --yes'];
  static override flags = { ...writingFlags, ...confirmFlags };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Reset);
    return this.withService(flags, 'write', async (service) => {
      const plan = await service.plan('reset');
      if (plan.steps.length > 0) await this.confirm(plan, flags);
      return this.finishRun(await service.reset({ onProgress: this.onProgress }));
    });
  }
}
