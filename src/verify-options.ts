import type { OnCopied } from './domain/backup.js';
import type { HistoryPolicy } from './domain/policy.js';
import type { VerifyMode, VerifyProgress } from './domain/verification.js';
import { UsageError } from './errors.js';
import type { DependencyContainer } from './injection.js';
import type { ConfigureConnection } from './services/configure-connection.js';
import type { GivenSource } from './services/given-source.js';

/** What is to be put to the proof, and how. Of `directory` and `migrations` exactly one. */
export interface VerifyOptions extends GivenSource, Partial<HistoryPolicy> {
  /** The file of a database, which is only read: everything happens on a copy. Not needed from nothing. */
  readonly database?: string | undefined;
  /** Which migrations (default: `'pending'` where there is a database, else `'empty'`). */
  readonly mode?: VerifyMode | undefined;
  /** Whether empty tables are filled with awkward rows first (default: they are not). */
  readonly seed?: boolean | undefined;
  /** Milliseconds to wait for another process's lock (default 10,000). */
  readonly lockTimeout?: number | undefined;
  /** Gives every connection the functions, collations and extensions that the schema needs. */
  readonly configureConnection?: ConfigureConnection | undefined;
  /** Registers what migrations inject by a token, or a class with arguments of its own. */
  readonly register?: ((container: DependencyContainer) => void) | undefined;
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
  readonly onCopied?: OnCopied | undefined;
}

/** Which are meant, where nothing else is said. */
export function modeOf({ mode, database }: VerifyOptions): VerifyMode {
  return mode ?? (database === undefined ? 'empty' : 'pending');
}

/** @throws UsageError where none is given */
export function databaseOf(mode: VerifyMode, { database }: VerifyOptions): string {
  if (database !== undefined) return database;
  throw new UsageError(
    `To verify ${mode} migrations, Decant needs a database.`,
    "Give the path of one, or verify all from nothing: { mode: 'empty' }.",
  );
}
