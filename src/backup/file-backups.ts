import { backupName, type Backup, type OnCopied, type Preceded, type Restored } from '../domain/backup.js';
import type { Database } from '../domain/migration.js';
import { BackupError } from '../errors.js';
import { Backups, type BackupPolicy } from '../services/backups.js';
import { openForReading } from '../services/database.js';
import type { JournalEntry } from '../services/migration-repository.js';
import { newRunId } from '../services/run.js';
import { explainingSqliteErrors } from '../services/sqlite-errors.js';
import { hasUserTables } from '../sqlite/user-tables.js';
import { filesOf } from './catalog.js';
import { copyDatabase } from './copy.js';
import { explaining, explainingDamage, waysOut } from './explain.js';
import { BackupFolder } from './folder.js';
import { bytesOf, lookAt, requireRoom, settleNew, type Live } from './live.js';
import { RawFile } from './raw-file.js';
import { replaceBy } from './replace.js';
import type { BackupSettings } from './settings.js';
import { isQuiet, traceOf, type Trace } from './trace.js';

/** Whose backups they are. Asked when it is first needed, since it may open the database. */
export interface BackupTarget {
  /** The database's absolute path, links resolved; empty for one in memory. */
  file(): string;
  /** The connection that migrates, if any. */
  connection?(): Database;
}

const DISK_FAILED =
  'The disk reported an error while it was written: the database is wholly as it was, or wholly as the backup. See which, check the disk, and restore again.';

/** Backups as files in a folder. */
export class FileBackups extends Backups {
  readonly #target: BackupTarget;
  readonly #settings: BackupSettings;
  /** By name of a backup: what the migrating connection told when it was made; none where somebody wrote since. */
  readonly #traces = new Map<string, Trace>();

  constructor(target: BackupTarget, settings: BackupSettings) {
    super();
    this.#target = target;
    this.#settings = settings;
  }

  override get policy(): BackupPolicy {
    return this.#settings.policy;
  }

  override get folder(): string {
    return this.#target.file() === '' ? '' : this.#folder().path;
  }

  override async make(
    preceded: Preceded,
    onCopied?: OnCopied,
    what: 'any' | 'with tables' = 'with tables',
  ): Promise<Backup | undefined> {
    const file = this.#target.file();
    if (file === '') return undefined;
    const folder = this.#folder();
    const source = this.#read(file);
    let before: Trace | undefined;
    try {
      if (what === 'with tables' && !hasUserTables(source)) return undefined;
      const hint = waysOut.bind(undefined, preceded);
      const backup = await explaining(`Cannot back up ${file} to ${folder.path}`, hint, () =>
        folder.add({
          preceded,
          madeAt: new Date().toISOString(),
          bytes: bytesOf(source),
          fill: (partial) => {
            before = this.#trace(); // in the same turn as the copy begins
            return copyDatabase(source, partial, onCopied);
          },
          check: 'structure',
        }),
      );
      if (before !== undefined) this.#traces.set(backup.name, before);
      return backup;
    } finally {
      source.close();
    }
  }

  override list(): readonly Backup[] {
    return this.#target.file() === '' ? [] : this.#folder().list();
  }

  override find(name: string): Backup {
    if (this.#target.file() !== '') return this.#folder().find(name);
    throw new BackupError('A database in memory has no backups.', 'Name a file by --database.');
  }

  override discard(backup: Backup): void {
    this.#folder().remove(backup);
  }

  override prune(...made: readonly Backup[]): void {
    this.#folder().prune(this.#settings.keep, made);
  }

  override async restore(name: string, onCopied?: OnCopied): Promise<Restored> {
    const file = this.#target.file();
    const backup = this.find(name);
    const folder = this.#folder();
    const restored = await explaining(
      `Cannot restore ${backup.name} into ${file}`,
      // SQLite cannot tell whether a commit lasts that it has written and the disk then reports an error for.
      { hint: 'The database is as it was.', diskFailed: DISK_FAILED },
      async () => {
        folder.verify(backup);
        const live = explainingDamage(file, backup, () =>
          lookAt(file, backup, this.#settings.lockTimeout, this.#settings.configureConnection),
        );
        requireRoom(live, backup, folder.path);
        const madeAt = new Date().toISOString();
        const runId = newRunId();
        const saved = live.size === 0 ? undefined : backupName(madeAt, runId);
        let replaced: Backup | null = null;
        await replaceBy(live, backup, {
          ...this.#settings,
          copy: filesOf(folder.path, backupName(madeAt, runId)).restoring,
          entries: [restoredEntry(backup, { runId, startedAt: madeAt }, saved)],
          onCopied,
          underLock: async () => {
            if (saved === undefined) return;
            const preceded: Preceded = { runId, command: 'restore', names: [backup.name] };
            const fill = (partial: string): Promise<void> => this.#copyUnderLock(live, partial);
            replaced = await folder.add({ preceded, madeAt, bytes: live.size, fill, check: 'as it is' });
          },
        });
        if (live.size === 0) settleNew(live);
        return { runId, backup, replaced };
      },
    );
    try {
      if (restored.replaced !== null) folder.prune(this.#settings.keep, [restored.replaced], [backup]);
    } catch {
      return restored; // it is done; the next run prunes again, and tells if it cannot
    }
    return restored;
  }

  override begin(backup: Backup): void {
    const before = this.#traces.get(backup.name);
    const now = explainingSqliteErrors(this.#target.file(), () => this.#trace());
    if (!isQuiet(before, now)) this.#traces.delete(backup.name);
  }

  override async undo(backup: Backup, failed: JournalEntry): Promise<boolean> {
    const what = `Cannot restore ${backup.name} into ${this.#target.file()}`;
    try {
      await explaining(what, 'Restore it by decant migrate:restore.', () => this.#putBack(backup, failed));
      return true;
    } catch (error) {
      if (error instanceof NotAlone) return false;
      throw error;
    }
  }

  // Until the first `await`, nobody in this process can write: whoever does it later is noticed under the lock.
  async #putBack(backup: Backup, failed: JournalEntry): Promise<void> {
    const { configureConnection, lockTimeout } = this.#settings;
    const madeAt = new Date().toISOString();
    const live = lookAt(this.#target.file(), backup, lockTimeout, configureConnection);
    const raw = rawOf(live);
    // Under the lock of a rollback journal nobody can ask SQLite, so what every commit raises is compared with what it
    // was before the last look.
    const counter = raw?.changeCounter();
    const now = this.#trace();
    refuseOthers(this.#traces.get(backup.name), now);
    await replaceBy(live, backup, {
      ...this.#settings,
      copy: filesOf(this.#folder().path, backupName(madeAt, failed.runId)).restoring,
      entries: [failed, restoredEntry(backup, { runId: failed.runId, startedAt: madeAt })],
      underLock: async () => {
        const isAlone = raw === undefined ? isQuiet(now, this.#trace()) : raw.changeCounter() === counter;
        if (!isAlone) throw new NotAlone();
      },
    });
  }

  async #copyUnderLock(live: Live, target: string): Promise<void> {
    const raw = rawOf(live);
    if (raw !== undefined) return raw.copyTo(target);
    const source = this.#read(live.file);
    try {
      await copyDatabase(source, target);
    } finally {
      source.close();
    }
  }

  #folder(): BackupFolder {
    const { directory, configureConnection } = this.#settings;
    return new BackupFolder(this.#target.file(), directory, configureConnection);
  }

  #read(file: string): Database {
    return openForReading(file, this.#settings.lockTimeout, this.#settings.configureConnection);
  }

  #trace(): Trace {
    return traceOf(this.#target.connection?.());
  }
}

/** Somebody has committed what the migration did not, and it would be lost. */
class NotAlone extends Error {}

function refuseOthers(before: Trace | undefined, now: Trace): void {
  if (before !== undefined && before.format !== now.format) {
    throw new BackupError(
      `it changed how the file is stored (${before.format}; now ${now.format}), after which SQLite does not tell whether others have written`,
      'Restore it by decant migrate:restore.',
    );
  }
  if (before === undefined || before.others !== now.others) throw new NotAlone();
}

function rawOf({ journal, file }: Live): RawFile | undefined {
  return journal === 'wal' ? undefined : new RawFile(file);
}

function restoredEntry(
  backup: Backup,
  run: Pick<JournalEntry, 'runId' | 'startedAt'>,
  replaced?: string,
): JournalEntry {
  const file = replaced === undefined ? undefined : `${replaced}.db`;
  return { ...run, name: backup.name, outcome: 'restored', durationMs: 0, file };
}
