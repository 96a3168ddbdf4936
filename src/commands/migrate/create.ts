import { BaseCommand } from '../../base-command.js';
import { askName } from '../../prompt.js';
import { createMigration } from '../../services/scaffold.js';
import { boolean, string } from '../../oclif.js';

export default class Create extends BaseCommand {
  static override summary = 'Write a new migration file that compiles and runs as it is.';
  static override description =
    'Its number follows the highest one of the folder. Nothing is ever overwritten.';
  static override examples = [
    '<%= config.bin %> migrate:create add user preferences',
    '<%= config.bin %> migrate:create add_users --js --dir migrations',
  ];
  static override strict = false;
  static override usage = 'migrate:create [NAME...]';
  static override flags = {
    dir: string({ description: 'The folder to write it to [env: DECANT_MIGRATIONS_DIR].', helpValue: 'DIR' }),
    config: string({
      description: 'The config file, instead of the nearest decant.config.*.',
      helpValue: 'FILE',
    }),
    js: boolean({ description: 'Write JavaScript.' }),
    timestamp: boolean({ description: 'Number it by the time (UTC), as in 20261122093000.' }),
  };

  async run(): Promise<{ name: string; file: string }> {
    const { argv, flags } = await this.parse(Create);
    const { directory } = await this.settings(flags);
    const words = argv.length > 0 ? argv.join(' ') : await askName();
    const created = createMigration({
      directory,
      words,
      language: flags.js ? 'js' : 'ts',
      numbering: flags.timestamp ? 'timestamp' : 'sequence',
    });
    this.log(`Created ${created.file}`);
    return created;
  }
}
