// Prints what recording costs: a migration of 100,000 inserts with and without --profile, and the same loop on
// better-sqlite3 alone. The three take turns, and processor time is measured, so that a busy machine weighs little.
// Run it by `node bench/profile.ts`, after `npm run build`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import 'reflect-metadata';
import Database from 'better-sqlite3';
import { container as root } from 'tsyringe';
import { MigrationService, registerDecant, type RunOptions } from '../lib/index.js';

const INSERTS = 100_000;
const WARM_UP = 3;
const ROUNDS = 41;
const folder = mkdtempSync(join(tmpdir(), 'decant-bench-'));
let files = 0;

try {
  for (const place of ['memory', 'file'] as const) await compare(place);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

type Place = 'memory' | 'file';

async function compare(place: Place): Promise<void> {
  const contestants: Record<string, (db: Database.Database) => Promise<void> | void> = {
    bare: (db) => {
      db.exec('BEGIN IMMEDIATE');
      insertAll(db);
      db.exec('COMMIT');
    },
    off: (db) => migrate(db, {}),
    on: (db) => migrate(db, { onProfile: ({ migrations }) => refuseOther(migrations[0]?.rows) }),
  };
  const times = new Map(Object.keys(contestants).map((who) => [who, [] as number[]]));
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    for (const [who, run] of Object.entries(contestants)) {
      const db = fresh(place);
      const before = process.cpuUsage();
      await run(db);
      const { user, system } = process.cpuUsage(before);
      if (round >= 0) times.get(who)?.push((user + system) / 1000);
      db.close();
    }
  }
  const [bare = NaN, off = NaN, on = NaN] = [...times.values()].map(median);
  console.log(
    `${INSERTS.toLocaleString('en-US')} inserts, ${place}: off ${(off / bare).toFixed(2)} x of better-sqlite3 alone (${bare.toFixed(0)} ms), on ${(on / off).toFixed(3)} x of off (${off.toFixed(0)} ms)`,
  );
}

async function migrate(database: Database.Database, options: RunOptions): Promise<void> {
  const container = root.createChildContainer();
  registerDecant(container, {
    database,
    migrations: [{ name: '001_insert', up: insertAll }],
    backup: 'never',
  });
  await container.resolve(MigrationService).up(options);
}

function insertAll(db: Database.Database): void {
  const insert = db.prepare('INSERT INTO t (a, b) VALUES (?, ?)');
  for (let index = 0; index < INSERTS; index += 1) insert.run(`name ${index}`, index);
}

function fresh(place: Place): Database.Database {
  files += 1;
  const db = new Database(place === 'memory' ? ':memory:' : join(folder, `${files}.db`));
  if (place === 'file') db.pragma('journal_mode = WAL');
  db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER)');
  return db;
}

function refuseOther(rows: number | undefined): void {
  if (rows !== INSERTS) throw new Error(`${rows} rows were recorded`);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
