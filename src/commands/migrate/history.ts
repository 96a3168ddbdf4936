import { BaseCommand } from '../../base-command.js';
import type { HistoryEntry } from '../../domain/journal.js';
import { databaseFlags } from '../../flags.js';
import { integer, string } from '../../oclif.js';
import { historyText } from '../../output-history.js';

export default class History extends BaseCommand {
  static override summary = 'Show what has been run, when, by whom, and what became of it.';
  static override description =
    'Newest first, failures and restores included. Writes nothing. After a restore it goes on from that of the backup.';
  static override examples = [
    '<%= config.bin %> migrate:history',
    '<%= config.bin %> migrate:history --name 003_add_users --limit 5',
  ];
  static override flags = {
    database: databaseFlags.database,
    config: databaseFlags.config,
    limit: integer({ description: 'How many entries at most.', helpValue: 'N', min: 1, default: 20 }),
    name: string({ description: 'Of this migration alone.', helpValue: 'NAME' }),
  };

  async run(): Promise<{ database: string; entries: readonly HistoryEntry[] }> {
    const { flags } = await this.parse(History);
    const { limit, name } = flags;
    const config = await this.settings(flags);
    const entries = await this.withService(config, 'read', (service) => service.history({ limit, name }));
    this.log(historyText(entries, name, this.paint));
    return { database: config.database, entries };
  }
}
