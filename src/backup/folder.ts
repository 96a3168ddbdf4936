import { closeSync, openSync, renameSync, statSync } from 'node:fs';
import { backupName, type Backup, type Preceded } from '../domain/backup.js';
import { BackupError, UnknownBackupError } from '../errors.js';
import { openFile, type ConfigureConnection } from '../services/database.js';
import { makeFolders } from '../services/folders.js';
import { requireSpace } from '../sqlite/free-space.js';
import { filesOf, listBackups, readNote, removeBackup, sweep, writeNote, type Note } from './catalog.js';
import { damageOf, syncToDisk } from './copy.js';

/** What is to be added. */
export interface Adding {
  readonly preceded: Preceded;
  readonly madeAt: string;
  /** Bytes that it will need. */
  readonly bytes: number;
  /** Copies the database into a file that is there and empty. */
  readonly fill: (file: string) => Promise<void>;
  /** `'as it is'`: also a damaged database is worth keeping when it is about to be replaced. */
  readonly check: 'structure' | 'as it is';
}

/** What to do where a backup cannot be made. */
export const WAYS_OUT =
  'Free some space there, name another folder by backupDirectory, or go on with --no-backup.';

/** The folder that holds the backups of one database. */
export class BackupFolder {
  readonly path: string;
  readonly #database: string;
  readonly #configure: ConfigureConnection | undefined;

  /** @param directory a folder that other databases may share; without it, the database has one of its own */
  constructor(database: string, directory?: string, configure?: ConfigureConnection) {
    this.path = directory ?? `${database}.backups`;
    this.#database = database;
    this.#configure = configure;
  }

  /** Newest first. */
  list(): readonly Backup[] {
    const isOwn = this.path === `${this.#database}.backups`;
    return listBackups(this.path, (note: Note | undefined) => isOwn || note?.database === this.#database);
  }

  /** @param name `'latest'`, or what `list()` calls it, or its file's name */
  find(name: string): Backup {
    const backups = this.list();
    const wanted = name.replace(/\.db$/, '');
    const found = wanted === 'latest' ? backups[0] : backups.find((each) => each.name === wanted);
    if (found !== undefined) return found;
    throw new UnknownBackupError(
      backups.length === 0 ? `There is no backup in ${this.path}.` : `There is no backup named "${name}".`,
      'decant migrate:backups lists what there is, and where.',
    );
  }

  /**
   * Adds a backup. It gets its name only when it is whole, checked, and on the disk: what has the name of a backup is
   * one, whenever the process is killed.
   */
  async add({ preceded, madeAt, bytes, fill, check }: Adding): Promise<Backup> {
    makeFolders(this.path);
    sweep(this.path);
    requireSpace(this.path, bytes, `A backup of ${this.#database}`, WAYS_OUT);
    const name = backupName(madeAt, preceded.runId);
    const { file, note, partial } = filesOf(this.path, name);
    try {
      // Who may not read the database may not read its backup; its owner has to write it.
      closeSync(openSync(partial, 'wx', (statSync(this.#database).mode & 0o777) | 0o600));
      await fill(partial);
      this.#finish(partial, check);
      syncToDisk(partial);
      writeNote(note, { ...preceded, database: this.#database, bytes: statSync(partial).size });
      syncToDisk(note);
      renameSync(partial, file);
      syncToDisk(this.path);
    } catch (error) {
      removeBackup(this.path, name);
      throw error;
    }
    const { command, names, runId } = preceded;
    return { name, file, size: statSync(file).size, madeAt, runId, preceded: { command, names } };
  }

  remove({ name }: Backup): void {
    removeBackup(this.path, name);
  }

  /** Removes all but the `keep` newest, and `also`. */
  prune(keep: number, also: Backup | undefined): void {
    for (const backup of this.list().slice(keep)) if (backup.name !== also?.name) this.remove(backup);
  }

  /** @throws BackupError when it is not as it was made, or its structure is not sound */
  verify(backup: Backup): void {
    // SQLite takes an empty file for a sound database.
    const { size } = statSync(backup.file);
    const { bytes } = readNote(filesOf(this.path, backup.name).note) ?? {};
    if (bytes === undefined ? size === 0 : size !== bytes) {
      const made = bytes === undefined ? '' : `, and was made with ${bytes}`;
      throw new BackupError(`The backup ${backup.file} has ${size} bytes${made}.`, 'Restore another one.');
    }
    const db = openFile(backup.file, 'read', this.#configure);
    try {
      const damage = damageOf(db);
      if (damage === undefined) return;
      throw new BackupError(`The backup ${backup.file} is damaged: ${damage}.`, 'Restore another one.');
    } finally {
      db.close();
    }
  }

  // A copy of a WAL database is one, too. As a backup it is one file, and to look into it leaves nothing beside it.
  #finish(file: string, check: Adding['check']): void {
    const db = openFile(file, 'write', this.#configure);
    try {
      db.pragma('journal_mode = DELETE');
      const damage = check === 'structure' ? damageOf(db) : undefined;
      if (damage === undefined) return;
      throw new BackupError(
        `${this.#database} is damaged: ${damage}.`,
        'Nothing was changed. Restore a backup, or go on without a sound one by --no-backup.',
      );
    } finally {
      db.close();
    }
  }
}
