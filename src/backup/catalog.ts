import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseBackupName, type Backup, type Preceded } from '../domain/backup.js';
import { BackupError } from '../errors.js';
import { syncToDisk } from './copy.js';
import { isAtWork, self } from './maker.js';

/** What is written beside a backup. */
export interface Note extends Preceded {
  /** The database's path as seen from the folder, which may be another's; absent where the folder is its own. */
  readonly database?: string | undefined;
  /** The process that made it, until that has decided whether it stays. */
  readonly maker?: string | undefined;
}

/** Where a backup of this name is, what is written beside it, and where it is while it is made. */
export function filesOf(folder: string, name: string) {
  return {
    file: join(folder, `${name}.db`),
    note: join(folder, `${name}.json`),
    partial: join(folder, `${name}.${self()}.db${PARTIAL}`),
    /** What a restore copies from. */
    restoring: join(folder, `${name}.${self()}.restore${PARTIAL}`),
  };
}

/**
 * The finished backups of a folder, newest first. What is not exactly named as Decant names them is not looked at.
 * @param isOurs judges by the note, which may be missing
 */
export function listBackups(folder: string, isOurs: (note: Note | undefined) => boolean): readonly Backup[] {
  const backups = namesIn(folder).flatMap((entry): Backup[] => {
    const name = entry.replace(/\.db$/, '');
    const parsed = name === entry ? undefined : parseBackupName(name);
    const { file, note } = filesOf(folder, name);
    const stat = parsed && statSync(file, { throwIfNoEntry: false });
    if (parsed === undefined || stat?.isFile() !== true) return [];
    const said = readNote(note);
    if (!isOurs(said)) return [];
    const preceded = said === undefined ? null : { command: said.command, names: said.names };
    return [{ name, file, size: stat.size, ...parsed, preceded }];
  });
  return backups.toSorted((a, b) => (a.name < b.name ? 1 : -1));
}

/** Writes what a backup precedes, and that it is this process's. Before the backup has its name: none is without. */
export function writeNote(file: string, note: Omit<Note, 'maker'>): void {
  writeFileSync(file, `${JSON.stringify({ ...note, maker: self() })}\n`, { flag: 'wx' });
}

/** Says that a backup stays. */
export function settle(folder: string, name: string): void {
  const { note: file } = filesOf(folder, name);
  const note = readNote(file);
  if (note?.maker === undefined) return;
  const { maker, ...rest } = note;
  const next = `${file.replace(/json$/, maker)}.json${PARTIAL}`;
  writeFileSync(next, `${JSON.stringify(rest)}\n`);
  syncToDisk(next);
  renameSync(next, file);
}

/** Whether it is not yet decided that a backup stays: its run goes on, in this process or in another. */
export function isUnsettled(folder: string, name: string): boolean {
  const { note } = filesOf(folder, name);
  const maker = readNote(note)?.maker;
  return maker !== undefined && isAtWork(maker, changedAt(note));
}

/** Removes a backup, or what there is of one. */
export function removeBackup(folder: string, name: string): void {
  const { file, note, partial } = filesOf(folder, name);
  for (const each of [file, partial]) removeDatabase(each);
  rmSync(note, { force: true });
}

/** Removes a database's file, and what SQLite may have left beside it. */
export function removeDatabase(file: string): void {
  for (const side of ['', '-journal', '-wal', '-shm']) rmSync(file + side, { force: true });
}

/** Removes what is left of backups whose process was killed. One that may still be at work is let be. */
export function sweep(folder: string): void {
  const entries = namesIn(folder);
  for (const entry of entries.filter((each) => isUnfinished(each, entries))) {
    const file = join(folder, entry);
    const maker = UNFINISHED.exec(entry)?.[2] ?? readNote(file)?.maker;
    if (!isAtWork(maker, changedAt(file))) rmSync(file, { force: true });
  }
}

function isUnfinished(entry: string, entries: readonly string[]): boolean {
  const [, name = '', , kind] = UNFINISHED.exec(entry) ?? [];
  return parseBackupName(name) !== undefined && !(kind === 'json' && entries.includes(`${name}.db`));
}

const UNFINISHED =
  /^([^.]+)\.(?:(\d+-[\da-f]{8})\.)?(json(?:\.partial)?|(?:db|restore)\.partial(?:-journal|-wal|-shm)?)$/;
const PARTIAL = '.partial';

function changedAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new BackupError(
      `Cannot read the folder of backups ${folder}: ${(error as Error).message}.`,
      'See that it is a folder that this user may read, or name another by backupDirectory.',
      { cause: error },
    );
  }
}

function readNote(file: string): Note | undefined {
  try {
    const note: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return isNote(note) ? note : undefined;
  } catch {
    return undefined; // gone, or not ours: a backup is good without it
  }
}

// Others may write to the folder, and what a note says is printed.
function isNote(value: unknown): value is Note {
  if (typeof value !== 'object' || value === null) return false;
  const { command, names, runId, database = '', maker = '' } = value as Partial<Record<keyof Note, unknown>>;
  if (!Array.isArray(names) || !COMMANDS.has(command)) return false;
  return [runId, database, maker, ...(names as unknown[])].every(isPlain);
}

function isPlain(value: unknown): boolean {
  return typeof value === 'string' && !/\p{Cc}/u.test(value);
}

const COMMANDS: ReadonlySet<unknown> = new Set<Note['command']>([
  'up',
  'down',
  'reset',
  'redo',
  'backup',
  'restore',
]);
