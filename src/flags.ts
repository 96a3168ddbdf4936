import { POLICIES, type Policy } from './domain/policy.js';
import { boolean, integer, option, string } from './oclif.js';
import { MAX_LOCK_TIMEOUT } from './services/lock-timeout.js';

const databaseFlag = string({
  char: 'd',
  description: 'The database file [env: DATABASE_PATH].',
  helpValue: 'FILE',
});
const configFlag = string({
  description: 'The config file, instead of the nearest decant.config.*.',
  helpValue: 'FILE',
});
const lockTimeout = integer({
  description: "Milliseconds to wait for another process's lock (default 10000).",
  helpValue: 'MS',
  min: 0,
  max: MAX_LOCK_TIMEOUT,
});

/** Flags of every command that looks at a database and at migrations. */
export const databaseFlags = {
  database: databaseFlag,
  dir: string({ description: 'The folder of migrations [env: DECANT_MIGRATIONS_DIR].', helpValue: 'DIR' }),
  config: configFlag,
};

/** Flags of a command that works on a copy of the database. */
export const copyFlags = { ...databaseFlags, 'lock-timeout': lockTimeout };

/** Flags of every command that migrates. */
export const writingFlags = {
  ...databaseFlags,
  'lock-timeout': lockTimeout,
  backup: boolean({
    description: 'Back up the database first, or do not (default: as the config says, else do).',
    allowNo: true,
  }),
  profile: boolean({
    helpLabel: '--profile[=FILE]',
    exclusive: ['dry-run'],
    description:
      'Say where the time went, statement by statement; with FILE, write a trace for Perfetto there.',
  }),
  'profile-file': string({ hidden: true }),
};

/** Flags of the commands for backups, which need no migrations. */
export const backupFlags = { database: databaseFlag, config: configFlag, 'lock-timeout': lockTimeout };

/** Flags of the commands that could take back more than one migration. */
export const confirmFlags = {
  yes: boolean({ char: 'y', description: 'Do not ask.' }),
};

/** Flags of the commands that can be tried without a trace. */
export const dryRunFlags = {
  'dry-run': boolean({ description: 'Try it, say what it does, and take it back.' }),
  'on-copy': boolean({
    description: 'Try it on a temporary copy, where also that works which has no transaction.',
    dependsOn: ['dry-run'],
  }),
  sql: boolean({ description: 'Show the statements, and what is bound to them.', dependsOn: ['dry-run'] }),
};

const policy = option({ options: POLICIES });

/** What to do about problems in the history. */
export const policyFlags = {
  'out-of-order': policy({ description: 'A pending migration sorts before an applied one (default error).' }),
  missing: policy({ description: 'A recorded migration is not in the source (default error).' }),
  changed: policy({ description: 'A file was edited after it had been applied (default error).' }),
};

/** `--steps`, wherever it is offered. */
export const stepsFlag = integer({ description: 'How many migrations.', helpValue: 'N', min: 1 });

/** What a command may have parsed of the flags above. */
export interface GivenFlags {
  readonly database?: string | undefined;
  readonly dir?: string | undefined;
  readonly config?: string | undefined;
  readonly 'lock-timeout'?: number | undefined;
  readonly backup?: boolean | undefined;
  readonly 'dry-run'?: boolean | undefined;
  readonly 'on-copy'?: boolean | undefined;
  readonly profile?: boolean | undefined;
  readonly 'profile-file'?: string | undefined;
  readonly sql?: boolean | undefined;
  readonly 'out-of-order'?: Policy | undefined;
  readonly missing?: Policy | undefined;
  readonly changed?: Policy | undefined;
}
