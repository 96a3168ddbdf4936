import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from '@jest/globals';
import { jsonOf } from '../helpers/command.js';
import { makeFolder } from '../helpers/files.js';
import { decant, startDecant } from '../helpers/processes.js';

const KILLS = 10;
const ARGS = ['-d', 'app.db', '--dir', 'migrations'];
const FILES = {
  'migrations/001_notes.mjs': `export function up(db) {
  db.exec(\`CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT);
    INSERT INTO notes (text) SELECT printf('%0500d', value) FROM json_each('[1,2,3,4,5,6,7,8,9]')\`);
}
`,
  // A cache of ten pages, so that most of it is on disk long before COMMIT; READY is written synchronously.
  'migrations/002_rewrite.mjs': `export function up(db) {
  db.pragma('cache_size = 10');
  process.stderr.write('READY');
  db.exec('CREATE TABLE more (id INTEGER PRIMARY KEY, text TEXT)');
  for (let batch = 0; batch < 40; batch++) {
    db.prepare(\`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
      INSERT INTO more (text) SELECT printf('%0500d', i) FROM n\`).run();
    db.exec("UPDATE notes SET text = text || 'x'");
  }
  db.exec('DELETE FROM notes WHERE id > 4; CREATE INDEX more_text ON more (text); ALTER TABLE notes ADD COLUMN done');
}
`,
};

/** All that a migration could leave half done, and whether it is recorded. */
function fingerprint(folder: string): string {
  const db = new Database(join(folder, 'app.db'));
  try {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
    return JSON.stringify([
      db.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all(),
      db.prepare('SELECT count(*), sum(length(text)) FROM notes').raw().all(),
      tables.includes('more') ? db.prepare('SELECT count(*), sum(length(text)) FROM more').raw().all() : [],
      db.prepare('SELECT name FROM _migrations ORDER BY id').pluck().all(),
      db.prepare('SELECT name, outcome FROM _migrations_journal ORDER BY id').raw().all(),
    ]);
  } finally {
    db.close();
  }
}

async function projectWith(journal: string): Promise<string> {
  const folder = makeFolder(FILES);
  const db = new Database(join(folder, 'app.db'));
  db.pragma(`journal_mode = ${journal}`);
  db.exec('CREATE TABLE own (id)');
  db.close();
  expect(await decant(['migrate:up', ...ARGS, '--steps', '1'], { cwd: folder })).toMatchObject({ code: 0 });
  return folder;
}

/** Starts up, kills it so many milliseconds after the body has begun (undefined: lets it end), and times that. */
async function killedUp(folder: string, delay?: number) {
  const { child, finished } = startDecant(['migrate:up', ...ARGS], { cwd: folder });
  for (let seen = ''; !seen.includes('READY');) {
    const [text] = (await once(child.stderr as NodeJS.ReadableStream, 'data')) as [string];
    seen += text;
  }
  const ready = performance.now();
  if (delay !== undefined) {
    await new Promise((resolve) => setTimeout(resolve, delay));
    child.kill('SIGKILL');
  }
  const { signal } = await finished;
  return { signal, duration: performance.now() - ready };
}

async function killAtRandom(journal: string): Promise<Record<'old' | 'new' | 'ended before', number>> {
  const template = await projectWith(journal);
  const whole = makeFolder();
  cpSync(template, whole, { recursive: true });
  const before = fingerprint(whole);
  const { duration } = await killedUp(whole);
  const after = fingerprint(whole);
  const counts = { old: 0, new: 0, 'ended before': 0 };
  for (let kill = 0; kill < KILLS; kill++) {
    const folder = makeFolder();
    cpSync(template, folder, { recursive: true });
    const { signal } = await killedUp(folder, Math.random() * duration * 0.8);
    const status = await decant(['migrate:status', ...ARGS, '--json'], { cwd: folder });
    const found = fingerprint(folder);
    expect([before, after]).toContain(found);
    expect(status.code).toBe(0);
    expect(jsonOf(status)).toMatchObject({ applied: found === before ? 1 : 2, anomalies: [] });
    expect(await decant(['migrate:up', ...ARGS], { cwd: folder })).toMatchObject({ code: 0 });
    expect(fingerprint(folder)).toBe(after);
    if (signal === null) counts['ended before']++;
    else counts[found === before ? 'old' : 'new']++;
  }
  return counts;
}

describe('R27: kill -9 in mid-migration', () => {
  it(`leaves the database wholly old or wholly new, ${KILLS} times in WAL and ${KILLS} in DELETE journal`, async () => {
    const [wal, del] = await Promise.all([killAtRandom('wal'), killAtRandom('delete')]);
    console.log(`kill -9: WAL ${JSON.stringify(wal)}, DELETE ${JSON.stringify(del)}`);
    // Were there none, the kills would have come too late to prove anything.
    expect(wal.old).toBeGreaterThan(0);
    expect(del.old).toBeGreaterThan(0);
  }, 60_000);
});
