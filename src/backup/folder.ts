import { closeSync, existsSync, openSync, realpathSync, renameSync, statSync } from 'node:fs';
import { basename, dirname, relative, resolve } from 'node:path';
import { backupName, type Backup, type Preceded } from '../domain/backup.js';
import { BackupError, UnknownBackupError } from '../errors.js';
import type { ConfigureConnection } from '../services/configure-connection.js';
import { openFile } from '../services/database.js';
import { makeFolders } from '../services/folders.js';
import { requireSpace } from '../sqlite/free-space.js';
import {
  filesOf,
  isUnsettled,
  listBackups,
  readNote,
  removeBackup,
  settle,
  sweep,
  writeNote,
} from './catalog.js';
import { damageOf, syncToDisk } from './copy.js';
import { waysOut } from './explain.js';

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
    const { place, isOwn } = this.#whereabouts();
    return listBackups(this.path, (note) =>
      note?.database === undefined ? isOwn : resolve(place, note.database) === this.#database,
    );
  }

  /**
   * @param name `'latest'`, or what `list()` calls it, or its file's name, or a path to the file of any backup,
   * whatever database it is of
   */
  find(name: string): Backup {
    const wanted = basename(name, '.db');
    const isPath = wanted !== name.replace(/\.db$/, '');
    const folder = isPath ? dirname(resolve(name)) : this.path;
    const backups = isPath ? listBackups(folder, () => true) : this.list();
    const found = name === 'latest' ? backups[0] : backups.find((each) => each.name === wanted);
    if (found !== undefined) return found;
    throw new UnknownBackupError(
      backups.length === 0
        ? `There is no backup in ${folder}.`
        : `There is no backup named "${wanted}" in ${folder}.`,
      'decant migrate:backups lists what there is of this database, and where. Name one, or a path to any, as in backups/NAME.db.',
    );
  }

  /**
   * Adds a backup. It gets its name only when it is whole, checked, and on the disk: what has the name of a backup is
   * one, whenever the process is killed.
   */
  async add({ preceded, madeAt, bytes, fill, check }: Adding): Promise<Backup> {
    makeFolders(this.path);
    sweep(this.path);
    requireSpace(this.path, bytes, `A backup of ${this.#database}`, waysOut(preceded));
    const name = backupName(madeAt, preceded.runId);
    const { file, note, partial } = filesOf(this.path, name);
    try {
      // Who may not read the database may not read its backup; its owner has to write it.
      closeSync(openSync(partial, 'wx', (statSync(this.#database).mode & 0o777) | 0o600));
      await fill(partial);
      this.#finish(partial, check, preceded);
      syncToDisk(partial);
      writeNote(note, { ...preceded, database: this.#named(), bytes: statSync(partial).size });
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

  /**
   * Removes all but the `keep` newest, as of `made`, and but `also`. What is newer than that is let be, and not counted:
   * it is another run's, which is not at its end, or the clock was wrong once. Neither is what may not stay.
   * @param made those that the run has made and that stay, if any
   */
  prune(keep: number, made: readonly Backup[], also: readonly Backup[] = []): void {
    for (const { name } of made) settle(this.path, name);
    const names = made.map(({ name }) => name);
    const newest = names.toSorted().at(-1);
    const counted = this.list().filter(
      ({ name }) =>
        names.includes(name) || ((newest === undefined || name <= newest) && !isUnsettled(this.path, name)),
    );
    const staying = new Set([...names, ...also.map(({ name }) => name)]);
    for (const backup of counted.slice(keep)) if (!staying.has(backup.name)) this.remove(backup);
  }

  /** @throws BackupError when it is not as it was made, or its structure is not sound */
  verify(backup: Backup): void {
    // SQLite takes an empty file for a sound database.
    const { size } = statSync(backup.file);
    const { bytes } = readNote(filesOf(dirname(backup.file), backup.name).note) ?? {};
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

  // Seen from its folder, so that both can be moved; a database is named only where the folder is not named after it.
  #named(): string | undefined {
    const { place, isOwn } = this.#whereabouts();
    return isOwn ? undefined : relative(place, this.#database);
  }

  // The folder may be named by a link; the database never is.
  #whereabouts(): { readonly place: string; readonly isOwn: boolean } {
    const place = existsSync(this.path) ? realpathSync(this.path) : this.path;
    return { place, isOwn: place === `${this.#database}.backups` };
  }

  // A copy of a WAL database is one, too. As a backup it is one file, and to look into it leaves nothing beside it.
  #finish(file: string, check: Adding['check'], { command }: Preceded): void {
    const db = openFile(file, 'write', this.#configure);
    try {
      db.pragma('journal_mode = DELETE');
      const damage = check === 'structure' ? damageOf(db) : undefined;
      if (damage === undefined) return;
      throw new BackupError(
        `${this.#database} is damaged: ${damage}.`,
        `Nothing was changed. Restore a backup${command === 'backup' ? '' : ', or go on without a sound one by --no-backup'}.`,
      );
    } finally {
      db.close();
    }
  }
}
