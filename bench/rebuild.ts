// Prints how a rebuild of a large table compares with the same statements by hand, and what SET NOT NULL costs
// against it. Run it by `npm run bench`, on a quiet machine.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import 'reflect-metadata';
import Database from 'better-sqlite3';
import { alterTable, alterTableSql, type TableBuilder } from 'decant';

const ROWS = 1_000_000;
const TIMES = 5;
const folder = mkdtempSync(join(tmpdir(), 'decant-bench-'));
const original = join(folder, 'original.db');

try {
  prepare();
  const byHand: number[] = [];
  const rebuilt: number[] = [];
  const inPlace: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    byHand.push(measure((db) => runByHand(db)));
    rebuilt.push(measure((db) => alterTable(db, 'big', change)));
    inPlace.push(measure((db) => alterTable(db, 'big', (table) => void table.setNotNull('b'))));
  }
  const [hand, rebuild, native] = [byHand, rebuilt, inPlace].map(median) as [number, number, number];
  const label = `${ROWS.toLocaleString('en')} rows, 6 columns, 3 indexes`;
  console.log(
    `rebuild, ${label}: by hand ${ms(hand)}, decant ${ms(rebuild)}, ratio ${(rebuild / hand).toFixed(2)}`,
  );
  console.log(`SET NOT NULL on it: ${ms(native)}, ratio to the rebuild ${(native / rebuild).toFixed(3)}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function change(table: TableBuilder): void {
  table.setDefault('f', 'none');
}

function prepare(): void {
  const db = new Database(original);
  db.pragma('journal_mode = WAL');
  db.exec(`
    CREATE TABLE big (id INTEGER PRIMARY KEY, b TEXT, c INTEGER, d REAL, e TEXT, f TEXT);
    WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < ${String(ROWS)})
      INSERT INTO big SELECT i, 'name ' || (i * 7919 % 1000003), i % 1000, i / 3.0, hex(randomblob(12)), 'x' FROM s;
    CREATE INDEX by_b ON big (b);
    CREATE INDEX by_c ON big (c, id);
    CREATE INDEX by_e ON big (e);
    PRAGMA wal_checkpoint(TRUNCATE);`);
  db.close();
}

// What a careful person would write: the same statements, and no looking after them.
function runByHand(db: Database.Database): void {
  db.pragma('foreign_keys = OFF');
  db.exec('BEGIN IMMEDIATE');
  for (const sql of statements()) db.exec(sql);
  db.exec('COMMIT');
}

function statements(): readonly string[] {
  const db = new Database(original);
  try {
    return alterTableSql(db, 'big', change);
  } finally {
    db.close();
  }
}

function measure(run: (db: Database.Database) => unknown): number {
  const file = join(folder, 'copy.db');
  copyFileSync(original, file);
  const db = new Database(file);
  const start = performance.now();
  run(db);
  const time = performance.now() - start;
  db.close();
  return time;
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
}

function ms(time: number): string {
  return `${time.toFixed(0)} ms`;
}
