import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join, sep } from 'node:path';
import type { DiscoveredMigration, MigrationDefinition } from '../domain/migration.js';
import { DuplicateMigrationError, InvalidMigrationError, SourceError } from '../errors.js';
import { expectImports } from './import-file.js';
import { MigrationSource } from './migration-source.js';
import { importMigration } from './module-loader.js';
import { isTypeScript } from './typescript.js';

/** Migrations that are files of one folder, known by their names alone until one is planned. */
export class DirectorySource extends MigrationSource {
  /** @param directory Absolute path. Subfolders are not searched. */
  constructor(readonly directory: string) {
    super();
  }

  override discover(): readonly DiscoveredMigration[] {
    const names = list(this.directory);
    let all: ReadonlySet<string> | undefined;
    const files = new Map<string, string>();
    const folder = join(this.directory, sep);
    for (const file of names) {
      const stem = migrationIn(file);
      if (stem === undefined) continue;
      const twin = files.get(stem);
      files.set(stem, twin === undefined ? file : sourceOf(file, twin, (all ??= new Set(names))));
    }
    return Array.from(files, ([name, file]) => ({ name, file: folder + file }));
  }

  override expect(migrations: readonly DiscoveredMigration[]): void {
    expectImports(migrations.map(fileOf));
  }

  override load(migration: DiscoveredMigration, checksum: string): Promise<MigrationDefinition> {
    return importMigration(migration.name, fileOf(migration), checksum);
  }

  /** SHA-256 of the text, without a byte order mark and with every line end as `\n`: a checkout may change those. */
  override checksum(migration: DiscoveredMigration): string {
    const text = read(fileOf(migration))
      .replace(/^\uFEFF/, '')
      .replaceAll(/\r\n?/g, '\n');
    return createHash('sha256').update(text).digest('hex');
  }
}

/** `001_users.ts` → `001_users`. */
function stemOf(file: string): string {
  return file.slice(0, -extname(file).length);
}

/** The name of the migration that a file is. Left alone: declarations, tests, index, and whatever has no number first. */
function migrationIn(file: string): string | undefined {
  const stem = /^(\d+(?:[_-].*)?)\.(?:[cm]?js|m?ts)$/s.exec(file)?.[1];
  return stem === undefined || /\.(?:d|test|spec)$/.test(stem) ? undefined : stem;
}

// A compiler that writes beside its source leaves a map or a declaration too: then the source is the one to run.
function sourceOf(a: string, b: string, all: ReadonlySet<string>): string {
  const [source, built] = isTypeScript(a) ? [a, b] : [b, a];
  const traces = [`${built}.map`, `${stemOf(source)}.d.ts`, `${stemOf(source)}.d.mts`];
  if (isTypeScript(source) && !isTypeScript(built) && traces.some((trace) => all.has(trace))) return source;
  throw new DuplicateMigrationError(
    `Two files are named ${stemOf(a)}: ${b} and ${a}.`,
    'Rename one of them, or, if one is built from the other, build into another folder.',
  );
}

function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isFile() || (entry.isSymbolicLink() && mayBeFile(join(directory, entry.name))))
      .map((entry) => entry.name)
      .toSorted();
  } catch (cause) {
    throw unreadable(directory, cause);
  }
}

// A link to nothing is not left out in silence: whoever needs it says that it cannot be read.
function mayBeFile(link: string): boolean {
  return statSync(link, { throwIfNoEntry: false })?.isFile() ?? true;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const hint = existsSync(file) ? 'Check its permissions.' : 'Mend the link, or put the file back.';
    throw new InvalidMigrationError(`Cannot read ${file}: ${reasonOf(cause)}.`, hint, { cause });
  }
}

function unreadable(path: string, cause: unknown): SourceError {
  return new SourceError(
    `Cannot read migrations from ${path}: ${reasonOf(cause)}.`,
    'Check --dir, DECANT_MIGRATIONS_DIR or `directory` in decant.config; decant migrate:init makes a new one.',
    { cause },
  );
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'it is not a folder',
  EACCES: 'permission denied',
};

function reasonOf(cause: unknown): string {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  return REASONS[code] ?? message;
}

// Every migration that this source discovered has a file.
function fileOf({ file }: DiscoveredMigration): string {
  return file as string;
}
