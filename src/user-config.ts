import { inspect } from 'node:util';
import { POLICIES, type HistoryPolicy, type Policy } from './domain/policy.js';
import { ConfigError } from './errors.js';
import type { DependencyContainer } from './injection.js';
import { BACKUP_POLICIES, type BackupPolicy } from './services/backups.js';
import type { ConfigureConnection } from './services/configure-connection.js';
import { MAX_LOCK_TIMEOUT } from './services/lock-timeout.js';

/** What `decant.config.ts` may say. Relative paths are relative to that file. */
export interface UserConfig extends Partial<HistoryPolicy> {
  /** The database's file. */
  readonly database?: string;
  /** The folder of migrations. Without it, the built-in ones are meant. */
  readonly directory?: string;
  /** Milliseconds to wait for another process's lock (default 10,000). */
  readonly lockTimeout?: number;
  /** When a run backs up the database first (default `'always'`). */
  readonly backup?: BackupPolicy;
  /** How many backups are kept (default 5). */
  readonly keep?: number;
  /** The folder for backups (default: `<database>.backups`). Several databases may share one. */
  readonly backupDirectory?: string;
  /** Gives every connection that Decant opens the functions, collations and extensions that the schema needs. */
  readonly configureConnection?: ConfigureConnection;
  /** Files of hooks, in the order in which they are called; each has a class, or an instance, as default export. */
  readonly hooks?: readonly string[];
  /** Registers what migrations inject by a token, or a class with arguments of its own. */
  readonly register?: (container: DependencyContainer) => void;
}

/** Gives `decant.config.ts` its type. */
export function defineConfig(config: UserConfig): UserConfig {
  return config;
}

const isPath = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isPolicy = (value: unknown): boolean => POLICIES.includes(value as Policy);
const FUNCTION = { test: (value: unknown) => typeof value === 'function', expected: 'a function' };
const POLICY = { test: isPolicy, expected: `one of ${POLICIES.join(', ')}` };

const RULES: Record<keyof UserConfig, { test: (value: unknown) => boolean; expected: string }> = {
  database: { test: isPath, expected: 'a path' },
  directory: { test: isPath, expected: 'a path' },
  lockTimeout: {
    test: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_LOCK_TIMEOUT,
    expected: `a whole number of milliseconds, at most ${MAX_LOCK_TIMEOUT}`,
  },
  outOfOrder: POLICY,
  missing: POLICY,
  changed: POLICY,
  backup: {
    test: (value) => BACKUP_POLICIES.includes(value as BackupPolicy),
    expected: `one of ${BACKUP_POLICIES.join(', ')}`,
  },
  keep: {
    test: (value) => Number.isInteger(value) && Number(value) >= 1,
    expected: 'a whole number from 1',
  },
  backupDirectory: { test: isPath, expected: 'a path' },
  configureConnection: FUNCTION,
  hooks: {
    test: (value) => Array.isArray(value) && value.every(isPath),
    expected: 'a list of paths',
  },
  register: FUNCTION,
};

/** @throws ConfigError for the first setting that Decant does not know, or cannot use */
export function validate(config: unknown, file: string): UserConfig {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new ConfigError(`${file} does not export an object.`, 'Write: export default defineConfig({ … })');
  }
  for (const [key, value] of Object.entries(config)) checkSetting(key, value, file);
  return config;
}

function checkSetting(key: string, value: unknown, file: string): void {
  const rule = Object.hasOwn(RULES, key) ? RULES[key as keyof UserConfig] : undefined;
  if (rule === undefined) {
    throw new ConfigError(
      `${file} has an unknown setting: ${key}.`,
      `The settings are ${Object.keys(RULES).join(', ')}.`,
    );
  }
  if (value === undefined || rule.test(value)) return;
  throw new ConfigError(
    `${file}: ${key} must be ${rule.expected}, not ${inspect(value, { depth: 0, breakLength: Infinity })}.`,
    'Mend the setting.',
  );
}
