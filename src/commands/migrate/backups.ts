import { BaseCommand } from '../../base-command.js';
import { backupFlags } from '../../flags.js';
import type { Backup } from '../../domain/backup.js';
import { backupsText } from '../../output.js';

export default class BackupList extends BaseCommand {
  static override summary = 'List the backups of the database, newest first.';
  static override description = 'Says of each what it was made before. Writes nothing.';
  static override examples = ['<%= config.bin %> migrate:backups'];
  static override flags = { database: backupFlags.database, config: backupFlags.config };

  async run(): Promise<{ database: string; folder: string; backups: readonly Backup[] }> {
    const { flags } = await this.parse(BackupList);
    const { database, backups } = await this.backups(flags);
    const list = backups.list();
    this.log(backupsText(list, backups.folder, this.paint));
    return { database, folder: backups.folder, backups: list };
  }
}
