import { closeSync, fstatSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { BackupError } from '../errors.js';

/**
 * The bytes of a database with a rollback journal, which are the whole of it while nobody writes. They are needed under
 * an exclusive lock, where SQLite lets no other connection read.
 *
 * To close any descriptor of a file drops every lock that this process holds on it, of the application's connections
 * too. So none is ever closed: one is opened for each file, and stays as long as the process.
 * https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
 */
export class RawFile {
  readonly #path: string;
  readonly #descriptor: number;

  constructor(path: string) {
    this.#path = path;
    this.#descriptor = descriptorOf(path);
  }

  /** What every commit raises. https://sqlite.org/fileformat2.html#file_change_counter */
  changeCounter(): number {
    return this.#header().readUInt32BE(24);
  }

  /** Copies all into the empty file `target`, giving others a turn in between. @throws BackupError for a WAL database */
  async copyTo(target: string): Promise<void> {
    this.refuseWal();
    const output = openSync(target, 'r+');
    try {
      const chunk = Buffer.allocUnsafe(CHUNK);
      for (let at = 0; ;) {
        const length = readSync(this.#descriptor, chunk, 0, CHUNK, at);
        if (length === 0) return;
        for (let done = 0; done < length;) done += writeSync(output, chunk, done, length - done, at + done);
        at += length;
        await new Promise(setImmediate);
      }
    } finally {
      closeSync(output);
    }
  }

  /** @throws BackupError when somebody has put the database into WAL mode since it was opened */
  refuseWal(): void {
    // https://sqlite.org/fileformat2.html#file_format_version_numbers
    if (this.#header()[18] !== 2) return;
    throw new BackupError(
      `${this.#path} was put into another journal mode by another process.`,
      'Nothing was changed; run again.',
    );
  }

  #header(): Buffer {
    const header = Buffer.alloc(100);
    readSync(this.#descriptor, header, 0, header.length, 0);
    return header;
  }
}

// A file that has one cannot lose its number to another, also where it is removed.
const descriptors = new Map<string, number>();

function descriptorOf(path: string): number {
  const known = descriptors.get(idOf(statSync(path, { bigint: true })));
  if (known !== undefined) return known;
  const descriptor = openSync(path, 'r');
  descriptors.set(idOf(fstatSync(descriptor, { bigint: true })), descriptor);
  return descriptor;
}

function idOf({ dev, ino }: { readonly dev: bigint; readonly ino: bigint }): string {
  return `${dev}:${ino}`;
}

const CHUNK = 4 * 1024 * 1024;
