// One large table, and what is done with it, by Decant and by hand.
import { copyFileSync, rmSync } from 'node:fs';
import 'reflect-metadata';
import Database from 'better-sqlite3';
import { container } from 'tsyringe';
import { alterTable, alterTableSql, MigrationService, registerDecant } from '../../lib/index.js';
import { configure } from '../workload.js';

const change = (table) => void table.setDefault('f', 'none');

/** Each is given a connection to a fresh copy. */
export const TASKS = {
  'rebuild by hand': (db) => {
    // What a careful person would write: the same statements, and no looking after them.
    for (const sql of statements) db.exec(sql);
  },
  rebuild: (db) => alterTable(db, 'big', change),
  'set not null': (db) => alterTable(db, 'big', (table) => void table.setNotNull('b')),
  'backup by hand': (db) => db.backup(`${db.name}.copy`),
  'one migration': (db) => runOne(db, { backup: 'never' }),
  'one migration after a backup': (db, folder) =>
    runOne(db, { backup: 'always', backupDirectory: folder, keep: 1 }),
};

async function runOne(database, options) {
  const scope = container.createChildContainer();
  const migrations = [{ name: '1_one', up: (db) => db.exec('CREATE TABLE one (id INTEGER PRIMARY KEY)') }];
  registerDecant(scope, { database, migrations, ...options });
  await scope.resolve(MigrationService).up();
}

let statements = [];

/** Does one task on a copy of `original`, and returns the milliseconds that it took. */
export async function timeTask(task, { original, copy, folder }) {
  for (const suffix of ['', '-wal', '-shm', '.copy']) rmSync(copy + suffix, { force: true });
  copyFileSync(original, copy);
  const db = configure(new Database(copy));
  statements = alterTableSql(db, 'big', change);
  const start = performance.now();
  await TASKS[task](db, folder);
  const time = performance.now() - start;
  db.close();
  return time;
}
