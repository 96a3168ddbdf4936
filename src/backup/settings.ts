import { resolve } from 'node:path';
import { UsageError } from '../errors.js';
import { BACKUP_POLICIES, DEFAULT_KEEP, type BackupPolicy } from '../services/backups.js';
import type { ConfigureConnection } from '../services/configure-connection.js';
import { DEFAULT_LOCK_TIMEOUT } from '../services/lock-timeout.js';

/** How backups are made, decided. */
export interface BackupSettings {
  readonly policy: BackupPolicy;
  /** How many are kept. */
  readonly keep: number;
  /** A folder for all; without it, each database has one beside it. */
  readonly directory?: string | undefined;
  /** Milliseconds. */
  readonly lockTimeout: number;
  readonly configureConnection?: ConfigureConnection | undefined;
}

/** What an application, or a config, says of them. */
export interface BackupOptions {
  readonly backup?: BackupPolicy | undefined;
  readonly keep?: number | undefined;
  readonly backupDirectory?: string | undefined;
  readonly lockTimeout?: number | undefined;
  readonly configureConnection?: ConfigureConnection | undefined;
}

/** @throws UsageError for what TypeScript would not have let pass */
export function backupSettingsOf(options: BackupOptions): BackupSettings {
  const { backup: policy = 'always', keep = DEFAULT_KEEP, backupDirectory, configureConnection } = options;
  if (!BACKUP_POLICIES.includes(policy)) {
    const message = `backup must be one of ${BACKUP_POLICIES.join(', ')}, not ${policy}.`;
    throw new UsageError(message, 'Mend the option.');
  }
  if (!Number.isInteger(keep) || keep < 1) {
    throw new UsageError(`keep must be a whole number from 1, not ${keep}.`, 'Mend the option.');
  }
  return {
    policy,
    keep,
    directory: backupDirectory === undefined ? undefined : resolve(backupDirectory),
    lockTimeout: options.lockTimeout ?? DEFAULT_LOCK_TIMEOUT,
    configureConnection,
  };
}
