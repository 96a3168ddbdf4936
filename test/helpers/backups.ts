import Database from 'better-sqlite3';
import { FileBackups } from '../../src/backup/file-backups.js';
import type { BackupSettings } from '../../src/backup/settings.js';
import type { Database as Connection } from '../../src/domain/migration.js';
import { fileOf } from '../../src/services/database.js';
import { makeFolder } from './files.js';

const SETTINGS: BackupSettings = { policy: 'always', keep: 5, lockTimeout: 2000 };

/** The backups of a database's file. */
export function backupsOf(file: string, settings: Partial<BackupSettings> = {}): FileBackups {
  return new FileBackups({ file: () => file }, { ...SETTINGS, ...settings });
}

/** The same for a connection that migrates. */
export function backupsBeside(db: Connection, settings: Partial<BackupSettings> = {}): FileBackups {
  return new FileBackups({ file: () => fileOf(db), connection: () => db }, { ...SETTINGS, ...settings });
}

export const BY_HAND = { runId: 'a1b2c3d4e5f6', command: 'backup', names: [] } as const;

export const MODES = ['wal', 'delete'] as const;

/** A database of two tables that always hold the same number of rows. */
export function makeDatabase(mode: (typeof MODES)[number], rows = 100, name = 'app.db'): string {
  const file = `${makeFolder()}/${name}`;
  const db = new Database(file);
  db.pragma(`journal_mode = ${mode}`);
  db.exec(`CREATE TABLE debit (id INTEGER PRIMARY KEY, data TEXT); CREATE TABLE credit (id INTEGER PRIMARY KEY);
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
    INSERT INTO debit (data) SELECT printf('%0500d', i) FROM n;
    INSERT INTO credit SELECT id FROM debit`);
  db.close();
  return file;
}

/** The first value of a query, by a connection of its own. */
export function valueIn(file: string, sql: string): unknown {
  const db = new Database(file, { fileMustExist: true });
  try {
    return db.prepare(sql).pluck().get();
  } finally {
    db.close();
  }
}

export const COUNTS = `SELECT (SELECT count(*) FROM debit) || '/' || (SELECT count(*) FROM credit)`;
