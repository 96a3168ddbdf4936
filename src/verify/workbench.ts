import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyDatabase } from '../backup/copy.js';
import { bytesOf } from '../backup/live.js';
import type { OnCopied } from '../domain/backup.js';
import type { Database } from '../domain/migration.js';
import { makeCopyFolder, type CopyFolder } from '../services/copy-folder.js';
import { fileOf } from '../services/database.js';

/** What a temporary folder has of one database: the file that is worked on, and earlier states of it. */
export class Workbench {
  readonly file: string;
  readonly #folder: CopyFolder;
  #count = 0;

  private constructor(folder: CopyFolder) {
    this.#folder = folder;
    this.file = join(folder.path, 'database.db');
    writeFileSync(this.file, '');
  }

  /** An empty database. */
  static empty(): Workbench {
    return new Workbench(makeCopyFolder('verify', '', { ...ROOM, bytes: 0 }));
  }

  /** A copy of a database, which is only read. @throws DiskSpaceError where there is too little room for it */
  static async copyOf(source: Database, onCopied?: OnCopied): Promise<Workbench> {
    const bytes = COPIES * bytesOf(source);
    const bench = new Workbench(makeCopyFolder('verify', fileOf(source), { ...ROOM, bytes }));
    try {
      await copyDatabase(source, bench.file, onCopied);
      return bench;
    } catch (error) {
      bench.remove();
      throw error;
    }
  }

  /** Keeps the database, which nobody may have open, as it is now, and says where. */
  keep(): string {
    const file = join(this.#folder.path, `kept-${this.#count++}.db`);
    copyFileSync(this.file, file);
    return file;
  }

  /** Makes the database what it was then. */
  putBack(kept: string): void {
    for (const rest of ['-wal', '-shm', '-journal']) rmSync(this.file + rest, { force: true });
    copyFileSync(kept, this.file);
  }

  /** Keeps it no longer. */
  discard(kept: string): void {
    rmSync(kept, { force: true });
  }

  remove(): void {
    this.#folder.remove();
  }
}

// The one that is worked on, two states, and what SQLite writes beside it.
const COPIES = 4;

const ROOM = {
  where: 'temporary',
  purpose: 'To try migrations on a copy',
  hint: 'Free some space there, or set TMPDIR to a folder on another disk.',
} as const;
