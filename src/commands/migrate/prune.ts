import { BaseCommand, targetOf } from '../../base-command.js';
import { confirmFlags, databaseFlags, writingFlags } from '../../flags.js';
import { olderThan, totalOf, type PruneReport } from '../../domain/archive.js';
import { DeclinedError } from '../../errors.js';
import { archivesText, prunedText } from '../../output.js';
import { confirmPrune } from '../../prompt.js';
import { string } from '../../oclif.js';

export default class Prune extends BaseCommand {
  static override summary = 'Drop what reversible migrations have parked for their way back.';
  static override description =
    'Asks first: they cannot be rolled back afterwards. The file does not shrink, but its space is used again.';
  static override examples = ['<%= config.bin %> migrate:prune --older-than 30d'];
  static override flags = {
    ...databaseFlags,
    'lock-timeout': writingFlags['lock-timeout'],
    'older-than': string({
      description: 'Only of migrations that were applied longer ago: hours (h), days (d) or weeks (w).',
      helpValue: '30d',
      required: true,
    }),
    ...confirmFlags,
  };

  async run(): Promise<PruneReport & ReturnType<typeof targetOf>> {
    const { flags } = await this.parse(Prune);
    const config = await this.settings(flags);
    const age = flags['older-than'];
    const now = new Date(); // one moment for what is shown and for what is dropped
    const parked = await this.withService(config, 'read', (service) => service.archives());
    const { before, archives } = olderThan(parked, age, now);
    const names = archives.map(({ name }) => name);
    const what = archivesText(totalOf(archives));
    if (names.length > 0 && !flags.yes && !(await confirmPrune(names, what))) throw declined();
    const report =
      names.length === 0
        ? { before, migrations: names, ...totalOf([]) }
        : await this.withService(config, 'write', (service) => service.prune({ olderThan: age, now }));
    this.log(prunedText(report, this.paint));
    return { ...targetOf(config), ...report };
  }
}

function declined(): DeclinedError {
  const message = 'Nothing was pruned: the question was answered with no.';
  return new DeclinedError(message, 'Nothing is to be done.');
}
