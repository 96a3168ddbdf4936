import { once } from 'node:events';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from '@jest/globals';
import { jsonOf } from '../helpers/command.js';
import { makeFolder } from '../helpers/files.js';
import { decant, ROOT, startDecant, type Finished } from '../helpers/processes.js';

const ROWS = 6000;
const KILLS = 3;
const ARGS = ['-d', 'app.db', '--dir', 'migrations', '--no-backup'];

// 60 batches of 5 ms and more; READY is written synchronously.
const FILES = {
  'migrations/001_n.mjs': `import { batch, Migration, migration } from '${join(ROOT, 'lib/index.js')}';
export default class N extends Migration {
  up(db) {
    process.stderr.write('READY');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    batch(db, { table: 't', size: 100, set: { n: 'n + 1' } });
  }
}
migration({ transaction: 'batches' })(N);
`,
};

function projectWith(journal: string): string {
  const folder = makeFolder(FILES);
  const db = new Database(join(folder, 'app.db'));
  db.pragma(`journal_mode = ${journal}`);
  db.exec(`CREATE TABLE t (k TEXT PRIMARY KEY, n INT) WITHOUT ROWID;
    WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < ${ROWS}) INSERT INTO t SELECT hex(randomblob(8)), 0 FROM s`);
  db.close();
  return folder;
}

interface State {
  readonly done: number;
  readonly known: number | undefined;
  readonly recorded: number;
}

/** How many rows are done, and how many are known to be. */
function stateOf(folder: string): State {
  const db = new Database(join(folder, 'app.db'));
  try {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(db.prepare('SELECT count(*) FROM t WHERE n NOT IN (0, 1)').pluck().get()).toBe(0);
    const isThere =
      db.prepare("SELECT 1 FROM sqlite_schema WHERE name = '_decant_batches'").get() !== undefined;
    return {
      done: db.prepare('SELECT sum(n) FROM t').pluck().get() as number,
      known: isThere ? (db.prepare('SELECT done FROM _decant_batches').pluck().get() as number) : undefined,
      recorded: db.prepare('SELECT count(*) FROM _migrations').pluck().get() as number,
    };
  } finally {
    db.close();
  }
}

/** Starts up, and sends it a signal so many milliseconds after its body was called again: one batch is committed then. */
async function signalled(folder: string, signal: NodeJS.Signals, delay: number): Promise<Finished> {
  const { child, finished } = startDecant(['migrate:up', ...ARGS], { cwd: folder });
  for (let seen = ''; seen.split('READY').length < 3;) {
    const [text] = (await once(child.stderr as NodeJS.ReadableStream, 'data')) as [string];
    seen += text;
  }
  await new Promise((resolve) => setTimeout(resolve, delay));
  child.kill(signal);
  return finished;
}

describe('a migration that commits each batch', () => {
  it.each(['wal', 'delete'])('goes on where it was killed, and does no row twice (%s)', async (journal) => {
    const folder = projectWith(journal);
    let before = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      await signalled(folder, 'SIGKILL', Math.random() * 40);
      const { done, known = 0, recorded } = stateOf(folder);
      expect(recorded).toBe(0);
      expect(known).toBe(done);
      expect(done).toBeGreaterThanOrEqual(before);
      before = done;
    }
    expect(before).toBeGreaterThan(0);
    expect(await decant(['migrate:up', ...ARGS], { cwd: folder })).toMatchObject({ code: 0 });
    expect(stateOf(folder)).toEqual({ done: ROWS, known: undefined, recorded: 1 });
  });

  it('is paused by SIGINT, shown as half done, and finished by the next up', async () => {
    const folder = projectWith('wal');
    const { code, stderr } = await signalled(folder, 'SIGINT', 10);
    expect(code).toBe(130);
    expect(stderr).toMatch(
      /✗ Paused in 001_n, after [\d,]+ of 6,000 rows\.\n {2}Next Run decant migrate:up again/,
    );
    const { done, known } = stateOf(folder);
    expect(known).toBe(done);
    const status = await decant(['migrate:status', '-d', 'app.db', '--dir', 'migrations'], { cwd: folder });
    expect(status.stdout).toMatch(/^\[~\] 001_n {2}\([\d,]+ of 6,000 rows\)$/m);
    await decant(['migrate:up', ...ARGS], { cwd: folder });
    expect(stateOf(folder)).toEqual({ done: ROWS, known: undefined, recorded: 1 });
  });

  it('is done once by two processes at once', async () => {
    const folder = projectWith('wal');
    const run = (): Promise<Finished> => decant(['migrate:up', ...ARGS, '--json'], { cwd: folder });
    const ended = await Promise.all([run(), run()]);
    expect(ended.map(({ code }) => code)).toEqual([0, 0]);
    expect(stateOf(folder)).toEqual({ done: ROWS, known: undefined, recorded: 1 });
    const outcomes = ended.map((each) => [jsonOf(each)['applied'], jsonOf(each)['skipped']]);
    expect(outcomes).toEqual(
      expect.arrayContaining([
        [['001_n'], []],
        [[], ['001_n']],
      ]),
    );
  });
});
