import { BaseCommand, writingFlags } from '../../base-command.js';

export default class Redo extends BaseCommand {
  static override summary = 'Roll back the last applied migration and apply it again.';
  static override examples = ['<%= config.bin %> migrate:redo'];
  static override flags = writingFlags;

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Redo);
    return this.withService(flags, 'write', async (service) =>
      this.finishRun(await service.redo({ onProgress: this.onProgress })),
    );
  }
}
