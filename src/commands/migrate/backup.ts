import { existsSync } from 'node:fs';
import { BaseCommand } from '../../base-command.js';
import { backupFlags } from '../../flags.js';
import type { Backup as MadeBackup } from '../../domain/backup.js';
import { sizeText } from '../../domain/size.js';
import { BackupError } from '../../errors.js';
import { newRunId } from '../../services/run.js';

export default class Backup extends BaseCommand {
  static override summary = 'Back up the database now.';
  static override description =
    'Others may go on writing: the copy is the database as it was at one instant, and is checked. The oldest beyond the number that is kept are removed.';
  static override examples = ['<%= config.bin %> migrate:backup'];
  static override flags = backupFlags;

  async run(): Promise<MadeBackup & { database: string }> {
    const { flags } = await this.parse(Backup);
    const { database, backups } = await this.backups(flags);
    const preceded = { runId: newRunId(), command: 'backup', names: [] } as const;
    const backup = await backups.make(preceded, this.copying('Backing up'));
    if (backup === undefined) throw nothingToBackUp(database);
    backups.prune(backup);
    this.log(`Backed up to ${backup.file} (${sizeText(backup.size)})`);
    return { database, ...backup };
  }
}

function nothingToBackUp(database: string): BackupError {
  return new BackupError(
    `There is nothing to back up: ${why(database)}.`,
    'Check --database and DATABASE_PATH.',
  );
}

function why(database: string): string {
  if (database === ':memory:') return 'the database is in memory';
  return existsSync(database) ? `${database} has no tables but Decant's own` : `there is no file ${database}`;
}
