import { BaseCommand } from '../../base-command.js';
import { backupFlags, confirmFlags } from '../../flags.js';
import type { Restored } from '../../domain/backup.js';
import { DeclinedError } from '../../errors.js';
import { restoredText } from '../../output.js';
import { confirmRestore } from '../../prompt.js';
import { argument } from '../../oclif.js';

export default class Restore extends BaseCommand {
  static override summary = 'Replace the content of the database by that of a backup.';
  static override description =
    "Asks first. What it replaces is backed up. The file stays the same one: it is written under SQLite's lock, completely or not at all, and who has it open sees the restored content at the next query.";
  static override examples = [
    '<%= config.bin %> migrate:restore',
    '<%= config.bin %> migrate:restore 2026-11-24T02-30-00-123Z-21a712bda004 --yes',
    '<%= config.bin %> migrate:restore backups/2026-11-24T02-30-00-123Z-21a712bda004.db',
  ];
  static override args = {
    name: argument({
      description: 'As migrate:backups shows it, or a path to the file of any backup.',
      default: 'latest',
    }),
  };
  static override flags = { ...backupFlags, ...confirmFlags };

  async run(): Promise<Restored & { database: string }> {
    const { args, flags } = await this.parse(Restore);
    const { database, backups } = await this.backups(flags);
    const { name, file } = backups.find(args.name);
    if (!flags.yes && !(await confirmRestore(database, name))) throw declined();
    const restored = await backups.restore(file, this.copying('Restoring'));
    this.log(restoredText(restored, this.paint));
    return { database, ...restored };
  }
}

function declined(): DeclinedError {
  const message = 'Nothing was restored: the question was answered with no.';
  return new DeclinedError(message, 'Nothing is to be done.');
}
