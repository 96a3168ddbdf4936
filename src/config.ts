import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { STRICT, type HistoryPolicy, type Policy } from './domain/policy.js';
import { ConfigError, UsageError } from './errors.js';
import type { DependencyContainer } from './injection.js';
import { DEFAULT_KEEP, type BackupPolicy } from './services/backups.js';
import type { ConfigureConnection } from './services/configure-connection.js';
import { DEFAULT_LOCK_TIMEOUT } from './services/lock-timeout.js';
import { importFile } from './services/import-file.js';
import { validate, type UserConfig } from './user-config.js';

/** Where a value was found. */
export type Origin = 'flag' | 'environment' | 'config' | 'default';

/** Every setting, decided: flag before environment before config before default. Paths are absolute. */
export interface Config extends HistoryPolicy {
  readonly database: string;
  /** Undefined for the built-in migrations. */
  readonly directory: string | undefined;
  readonly lockTimeout: number;
  readonly backup: BackupPolicy;
  readonly keep: number;
  /** Undefined for a folder beside the database. */
  readonly backupDirectory: string | undefined;
  readonly configureConnection: ConfigureConnection | undefined;
  /** Absolute paths. */
  readonly hooks: readonly string[];
  readonly register: ((container: DependencyContainer) => void) | undefined;
  /** The config file that was used. */
  readonly file: string | undefined;
  readonly origins: { readonly database: Origin; readonly directory: Origin };
}

/** What the command line may say; undefined where it was silent. */
export interface ConfigFlags extends Partial<Record<keyof HistoryPolicy, Policy | undefined>> {
  readonly database?: string | undefined;
  readonly directory?: string | undefined;
  readonly config?: string | undefined;
  readonly lockTimeout?: number | undefined;
  readonly backup?: BackupPolicy | undefined;
}

/** The database that is used where nothing names another: `DATABASE_PATH`, or `~/.decant/data/decant.db`. */
export function defaultDatabasePath(env: NodeJS.ProcessEnv = process.env): string {
  const named = env['DATABASE_PATH'];
  return named ? absolute(named, process.cwd()) : join(home(), '.decant', 'data', 'decant.db');
}

/** Where compiled migrations are kept: `$XDG_CACHE_HOME/decant`, or `~/.cache/decant`. Undefined without a home. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const named = env['XDG_CACHE_HOME'] ?? '';
  if (isAbsolute(named)) return join(named, 'decant'); // a relative one is to be ignored, says its specification
  try {
    return isAbsolute(homedir()) ? join(homedir(), '.cache', 'decant') : undefined;
  } catch {
    return undefined; // a user whom the system does not know
  }
}

/** `DEBUG=decant`, `DEBUG=1` or `DEBUG=*`: show stack traces. */
export function isDebugging(env: NodeJS.ProcessEnv = process.env): boolean {
  const words = (env['DEBUG'] ?? '').split(/[\s,]+/);
  return words.some((word) => ['1', 'true', '*'].includes(word) || word.startsWith('decant'));
}

/** True where nobody can answer a question. */
export function isUnattended(env: NodeJS.ProcessEnv = process.env): boolean {
  return !process.stdin.isTTY || !process.stderr.isTTY || Boolean(env['CI']);
}

/** Reads the config file, if there is one, and decides every setting. @throws ConfigError, UsageError */
export async function loadConfig(flags: ConfigFlags, env: NodeJS.ProcessEnv = process.env): Promise<Config> {
  refuseEmpty(flags);
  const { file, config } = await readConfigFile(flags.config);
  const base = file === undefined ? process.cwd() : dirname(file);
  const database = firstOf(
    ['flag', flags.database, process.cwd()],
    ['environment', env['DATABASE_PATH'], process.cwd()],
    ['config', config.database, base],
  );
  const directory = firstOf(
    ['flag', flags.directory, process.cwd()],
    ['environment', env['DECANT_MIGRATIONS_DIR'], process.cwd()],
    ['config', config.directory, base],
  );
  return Object.freeze({
    ...DEFAULTS,
    ...settingsOf(config),
    ...settingsOf(flags),
    database: database.path ?? defaultDatabasePath({}),
    directory: directory.path,
    backupDirectory: config.backupDirectory && absolute(config.backupDirectory, base),
    configureConnection: config.configureConnection,
    hooks: (config.hooks ?? []).map((path) => absolute(path, base)),
    register: config.register,
    file,
    origins: { database: database.origin, directory: directory.origin },
  });
}

type Settings = Pick<Config, 'lockTimeout' | 'backup' | 'keep' | keyof HistoryPolicy>;
const DEFAULTS: Settings = {
  lockTimeout: DEFAULT_LOCK_TIMEOUT,
  backup: 'always',
  keep: DEFAULT_KEEP,
  ...STRICT,
};

/** Those of the plain settings that are given. */
function settingsOf(given: UserConfig | ConfigFlags): Partial<Settings> {
  const entries = Object.entries(given).filter(([key, value]) => key in DEFAULTS && value !== undefined);
  return Object.fromEntries(entries);
}

type Candidate = readonly [origin: Origin, path: string | undefined, base: string];

// As of --database "$DB" without a DB: to go on would be to migrate another database than was meant.
function refuseEmpty({ database, directory, config }: ConfigFlags): void {
  for (const [flag, value] of Object.entries({ database, dir: directory, config })) {
    if (value === '')
      throw new UsageError(`--${flag} was given an empty path.`, 'Give a path, or leave it out.');
  }
}

// An empty variable is an unset one.
function firstOf(...candidates: readonly Candidate[]): { origin: Origin; path: string | undefined } {
  for (const [origin, path, base] of candidates) {
    if (path) return { origin, path: absolute(path, base) };
  }
  return { origin: 'default', path: undefined };
}

/** An absolute path, with `~` for the home folder. */
export function absolute(path: string, base: string): string {
  if (path === ':memory:' || isAbsolute(path)) return path;
  return /^~(?=$|[/\\])/.test(path) ? join(home(), path.slice(1)) : resolve(base, path);
}

function home(): string {
  if (isAbsolute(homedir())) return homedir();
  throw new UsageError(
    `There is no home folder: HOME is "${homedir()}".`,
    'Set HOME, or name the database by --database or DATABASE_PATH.',
  );
}

/** The files that may hold the settings, first found first. */
export const CONFIG_FILES = ['ts', 'mts', 'js', 'mjs', 'cjs', 'json'].map(
  (extension) => `decant.config.${extension}`,
);

async function readConfigFile(path: string | undefined): Promise<{ file?: string; config: UserConfig }> {
  const { lilconfig } = await import('lilconfig');
  const explorer = lilconfig('decant', {
    searchPlaces: [...CONFIG_FILES, 'package.json'],
    ignoreEmptySearchPlaces: false, // a file that says nothing is a mistake, not a wish for the defaults
    loaders: {
      '.ts': importConfig,
      '.mts': importConfig,
      '.js': importConfig,
      '.mjs': importConfig,
      '.cjs': importConfig,
      '.json': parseConfig,
    },
  });
  try {
    const found = await (path === undefined
      ? explorer.search()
      : explorer.load(absolute(path, process.cwd())));
    return found ? { file: found.filepath, config: validate(found.config, found.filepath) } : { config: {} };
  } catch (cause) {
    throw cause instanceof ConfigError ? cause : cannotLoad(path ?? 'of this project', cause);
  }
}

async function importConfig(file: string): Promise<unknown> {
  try {
    const exports = await importFile(file);
    if ('default' in exports) return exports['default'];
    return Object.keys(exports).length > 0 ? exports : undefined;
  } catch (cause) {
    throw cannotLoad(file, cause);
  }
}

function parseConfig(file: string, content: string): unknown {
  try {
    return JSON.parse(content.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw cannotLoad(file, cause);
  }
}

function cannotLoad(file: string, cause: unknown): ConfigError {
  const message = String((cause as Error | undefined)?.message ?? cause)
    .replaceAll(/\s+/g, ' ')
    .replace(/\.$/, '');
  return new ConfigError(
    `Cannot load the config file ${file}: ${message}.`,
    'Mend the file, or name another with --config.',
    { cause },
  );
}
