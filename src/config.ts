import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { inspect } from 'node:util';
import { POLICIES, STRICT, type HistoryPolicy, type Policy } from './domain/policy.js';
import { ConfigError, UsageError } from './errors.js';
import type { DependencyContainer } from './injection.js';
import { DEFAULT_LOCK_TIMEOUT, MAX_LOCK_TIMEOUT } from './services/database.js';
import { importFile } from './services/import-file.js';

/** What `decant.config.ts` may say. Relative paths are relative to that file. */
export interface UserConfig extends Partial<HistoryPolicy> {
  /** The database's file. */
  readonly database?: string;
  /** The folder of migrations. Without it, the built-in ones are meant. */
  readonly directory?: string;
  /** Milliseconds to wait for another process's lock (default 10,000). */
  readonly lockTimeout?: number;
  /** Registers what migrations inject by a token, or a class with arguments of its own. */
  readonly register?: (container: DependencyContainer) => void;
}

/** Where a value was found. */
export type Origin = 'flag' | 'environment' | 'config' | 'default';

/** Every setting, decided: flag before environment before config before default. Paths are absolute. */
export interface Config extends HistoryPolicy {
  readonly database: string;
  /** Undefined for the built-in migrations. */
  readonly directory: string | undefined;
  readonly lockTimeout: number;
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
}

/** Gives `decant.config.ts` its type. */
export function defineConfig(config: UserConfig): UserConfig {
  return config;
}

/** The database that is used where nothing names another: `DATABASE_PATH`, or `~/.decant/data/decant.db`. */
export function defaultDatabasePath(env: NodeJS.ProcessEnv = process.env): string {
  const named = env['DATABASE_PATH'];
  return named ? absolute(named, process.cwd()) : join(home(), '.decant', 'data', 'decant.db');
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
    register: config.register,
    file,
    origins: { database: database.origin, directory: directory.origin },
  });
}

const DEFAULTS = { lockTimeout: DEFAULT_LOCK_TIMEOUT, ...STRICT };
type Settings = typeof DEFAULTS;

/** Those of the plain settings that are given. */
function settingsOf(given: UserConfig | ConfigFlags): Partial<Settings> {
  const keys = Object.keys(DEFAULTS) as (keyof Settings)[];
  return Object.fromEntries(keys.filter((key) => given[key] !== undefined).map((key) => [key, given[key]]));
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

const isPath = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isPolicy = (value: unknown): boolean => POLICIES.includes(value as Policy);
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
  register: { test: (value) => typeof value === 'function', expected: 'a function' },
};

function validate(config: unknown, file: string): UserConfig {
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
