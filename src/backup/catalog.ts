import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseBackupName, type Backup, type Preceded } from '../domain/backup.js';

/** What is written beside a backup. */
export interface Note extends Preceded {
  /** The database's absolute path: several may have their backups in one folder. */
  readonly database: string;
  /** The size of the backup; earlier versions did not say. */
  readonly bytes?: number;
}

/** Where a backup of this name is, what is written beside it, and where it is while it is made. */
export function filesOf(folder: string, name: string) {
  return {
    file: join(folder, `${name}.db`),
    note: join(folder, `${name}.json`),
    partial: join(folder, `${name}.db${PARTIAL}`),
    /** What a restore copies from. */
    restoring: join(folder, `${name}.restore${PARTIAL}`),
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

/** Writes what a backup precedes. Before the backup has its name, so that none is without. */
export function writeNote(file: string, note: Note): void {
  writeFileSync(file, `${JSON.stringify(note)}\n`, { flag: 'wx' });
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
export function sweep(folder: string, now = Date.now()): void {
  const entries = namesIn(folder);
  for (const entry of entries.filter((each) => isLeftOver(each, entries))) {
    const file = join(folder, entry);
    const changedAt = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? now;
    if (now - changedAt > STALE_MS) rmSync(file, { force: true });
  }
}

function isLeftOver(entry: string, entries: readonly string[]): boolean {
  const [, name = '', kind] = UNFINISHED.exec(entry) ?? [];
  return parseBackupName(name) !== undefined && !(kind === 'json' && entries.includes(`${name}.db`));
}

const UNFINISHED = /^([^.]+)\.(json|(?:db|restore)\.partial(?:-journal|-wal|-shm)?)$/;
const PARTIAL = '.partial';
const STALE_MS = 3_600_000;

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** What is written beside a backup, if there is something, and it can be read. */
export function readNote(file: string): Note | undefined {
  try {
    const note = JSON.parse(readFileSync(file, 'utf8')) as Partial<Note> | null;
    const isNote = typeof note?.command === 'string' && Array.isArray(note.names);
    return isNote ? (note as Note) : undefined;
  } catch {
    return undefined; // gone, or not ours: a backup is good without it
  }
}
