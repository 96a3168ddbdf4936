import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyDatabase } from '../backup/copy.js';
import { bytesOf } from '../backup/live.js';
import type { OnCopied } from '../domain/backup.js';
import type { Database } from '../domain/migration.js';
import { makeTemporaryFolder } from '../services/folders.js';
import { requireSpace } from '../sqlite/free-space.js';

/** What a temporary folder has of one database: the file that is worked on, and earlier states of it. */
export class Workbench {
  readonly file: string;
  readonly #folder: string;
  #count = 0;

  private constructor(folder: string) {
    this.#folder = folder;
    this.file = join(folder, 'database.db');
  }

  /** An empty database. */
  static empty(): Workbench {
    const bench = new Workbench(makeTemporaryFolder('decant-verify-'));
    writeFileSync(bench.file, '');
    return bench;
  }

  /** A copy of a database, which is only read. @throws DiskSpaceError where there is too little room for it */
  static async copyOf(source: Database, onCopied?: OnCopied): Promise<Workbench> {
    const hint = 'Free some space there, or set TMPDIR to a folder on another disk.';
    const bench = Workbench.empty();
    try {
      requireSpace(tmpdir(), COPIES * bytesOf(source), 'To try migrations on a copy', hint);
      await copyDatabase(source, bench.file, onCopied);
      return bench;
    } catch (error) {
      bench.remove();
      throw error;
    }
  }

  /** Keeps the database, which nobody may have open, as it is now, and says where. */
  keep(): string {
    const file = join(this.#folder, `kept-${this.#count++}.db`);
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
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

// The one that is worked on, two states, and what SQLite writes beside it.
const COPIES = 4;
