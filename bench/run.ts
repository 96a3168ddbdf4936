// Prints how Decant compares with the least that could do the same, as ratios of medians from one run in which the
// two take turns. Run it by `npm run bench`, on a quiet machine.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import 'reflect-metadata';
import Database from 'better-sqlite3';
import { container as root } from 'tsyringe';
import { ensureMigrationsTable, MigrationService, registerDecant } from 'decant';

const COUNT = 1000;
const WARM_UP = 3;
const folder = mkdtempSync(join(tmpdir(), 'decant-bench-'));
const cli = fileURLToPath(new URL('../lib/cli.js', import.meta.url));
let files = 0;

try {
  await apply();
  await nothingToDo();
  await status();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function apply(): Promise<void> {
  const names = namesOf(COUNT);
  const migrations = names.map((name) => ({
    name,
    up: (db: Database.Database) => void db.exec(tableSql(name)),
  }));
  await compare(`apply ${COUNT} one-table migrations`, 31, {
    bare: () => bareLoop(names),
    decant: async () => {
      const db = fresh();
      const container = root.createChildContainer();
      registerDecant(container, { database: db, migrations });
      const service = container.resolve(MigrationService);
      const report = await service.up();
      if (report.steps.length !== COUNT) throw new Error('not all were applied');
      db.close();
    },
  });
}

async function nothingToDo(): Promise<void> {
  const directory = join(folder, 'migrations');
  mkdirSync(directory);
  const db = fresh();
  const path = db.name;
  writeMigrations(directory, COUNT, createsTable);
  await up(db, directory);
  db.close();
  // From here on, importing any of them would throw.
  writeMigrations(directory, COUNT, () => `throw new Error('imported');\n`);
  await compare(`nothing to do, ${COUNT} applied files (none imported)`, 21, {
    bare: () => {
      const connection = new Database(path);
      connection.prepare('SELECT name FROM _migrations').all();
      connection.close();
    },
    decant: async () => {
      const connection = new Database(path);
      await up(connection, directory);
      connection.close();
    },
  });
}

async function up(database: Database.Database, directory: string): Promise<void> {
  const container = root.createChildContainer();
  registerDecant(container, { database, directory, changed: 'allow' });
  await container.resolve(MigrationService).up();
}

async function status(): Promise<void> {
  const path = join(folder, 'status.db');
  const directory = join(folder, 'ten');
  mkdirSync(directory);
  writeMigrations(directory, 10, createsTable);
  const flags = ['--database', path, '--dir', directory];
  runNode(cli, 'migrate:up', ...flags);
  const select = `const D = require('better-sqlite3'); new D(${JSON.stringify(path)}).prepare('SELECT name FROM _migrations').all()`;
  await compare('migrate:status of 10 migrations, whole process', 31, {
    bare: () => runNode('-e', select),
    decant: () => runNode(cli, 'migrate:status', ...flags),
  });
}

function runNode(...args: readonly string[]): void {
  execFileSync(process.execPath, args, { stdio: 'ignore' });
}

interface Contestants {
  readonly bare: () => void | Promise<void>;
  readonly decant: () => void | Promise<void>;
}

async function compare(what: string, rounds: number, contestants: Contestants): Promise<void> {
  const times = { bare: [] as number[], decant: [] as number[] };
  for (let round = -WARM_UP; round < rounds; round += 1) {
    for (const who of ['bare', 'decant'] as const) {
      const start = performance.now();
      await contestants[who]();
      if (round >= 0) times[who].push(performance.now() - start); // the first rounds only warm up
    }
  }
  const [bare, decant] = [median(times.bare), median(times.decant)];
  console.log(`${(decant / bare).toFixed(2)} x  ${what}: ${ms(decant)}, without Decant ${ms(bare)}`);
}

function bareLoop(names: readonly string[]): void {
  const db = fresh();
  ensureMigrationsTable(db);
  const insert = db.prepare('INSERT INTO _migrations (name) VALUES (?)');
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  for (const name of names) {
    begin.run();
    db.exec(tableSql(name));
    insert.run(name);
    commit.run();
  }
  db.close();
}

function namesOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${String(index + 1).padStart(4, '0')}_table`);
}

function writeMigrations(directory: string, count: number, textOf: (name: string) => string): void {
  for (const name of namesOf(count)) writeFileSync(join(directory, `${name}.mjs`), textOf(name));
}

function createsTable(name: string): string {
  return `export const up = (db) => db.exec('${tableSql(name)}');\n`;
}

function tableSql(name: string): string {
  return `CREATE TABLE t_${name} (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c INTEGER)`;
}

function fresh(): Database.Database {
  files += 1;
  const db = new Database(join(folder, `${files}.db`));
  db.pragma('journal_mode = WAL');
  return db;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function ms(time: number): string {
  return `${time.toFixed(1)} ms`;
}
