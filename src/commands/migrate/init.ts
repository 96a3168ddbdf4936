import { BaseCommand } from '../../base-command.js';
import { absolute, CONFIG_FILES } from '../../config.js';
import { initProject } from '../../services/scaffold.js';
import { string } from '../../oclif.js';

export default class Init extends BaseCommand {
  static override summary = 'Set up a project: decant.config.ts and a first migration.';
  static override description = 'Writes to the current folder. Nothing is ever overwritten.';
  static override examples = [
    '<%= config.bin %> migrate:init',
    '<%= config.bin %> migrate:init --dir db/migrations -d db/app.db',
  ];
  static override flags = {
    database: string({ char: 'd', description: 'The database file.', helpValue: 'FILE', default: 'app.db' }),
    dir: string({ description: 'The folder of migrations.', helpValue: 'DIR', default: 'migrations' }),
  };

  async run(): Promise<{ files: readonly string[] }> {
    const { flags } = await this.parse(Init);
    const root = process.cwd();
    const files = initProject({
      root,
      database: flags.database,
      directory: flags.dir,
      migrations: absolute(flags.dir, root),
      configFiles: CONFIG_FILES,
    });
    for (const file of files) this.log(`Created ${file}`);
    this.log('Next: decant migrate:up');
    return { files };
  }
}
