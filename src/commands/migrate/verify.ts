import { BaseCommand, targetOf } from '../../base-command.js';
import { copyFlags, policyFlags } from '../../flags.js';
import { countOf, type VerifyReport } from '../../domain/verification.js';
import { EXIT } from '../../errors.js';
import { boolean } from '../../oclif.js';
import { verifyText } from '../../output-verify.js';

export default class Verify extends BaseCommand {
  static override summary = 'Prove that migrations can be rolled back, on a copy.';
  static override description =
    'Each pending migration goes up, down and up again. Schema and content are compared, value by value: exact, lossy, irreversible or broken. The database is only read. Ends with 1 when one is broken.';
  static override examples = [
    '<%= config.bin %> migrate:verify',
    '<%= config.bin %> migrate:verify --applied',
    '<%= config.bin %> migrate:verify --empty --seed',
  ];
  static override flags = {
    ...copyFlags,
    applied: boolean({
      description: 'Verify those that are applied, newest first: down, up and down again.',
      exclusive: ['empty'],
    }),
    empty: boolean({ description: 'Verify all, from an empty database.' }),
    seed: boolean({ description: 'Fill empty tables with awkward rows first.' }),
    ...policyFlags,
  };

  async run(): Promise<VerifyReport & Target> {
    const { flags } = await this.parse(Verify);
    const { applied, empty, seed } = flags;
    const config = await this.settings(flags);
    const { verifyConfigured } = await import('../../verify-migrations.js');
    const report = await verifyConfigured(config, {
      mode: applied ? 'applied' : empty ? 'empty' : 'pending',
      seed,
      onCopied: this.copying('Copying'),
      onProgress: ({ name, step, index, total }) => this.working(`[${index + 1}/${total}] ${name}: ${step}`),
    });
    this.working();
    this.log(verifyText(report, this.paint));
    if (countOf(report, 'broken') > 0) process.exitCode = EXIT.failed;
    const { database, directory } = targetOf(config);
    return { database: empty ? null : database, directory, ...report };
  }
}

interface Target {
  /** Null where none is looked at. */
  readonly database: string | null;
  readonly directory: string | null;
}
