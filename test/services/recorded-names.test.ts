import { expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { runPendingMigrations } from '../../src/functions.js';
import type { JournalEntry } from '../../src/services/migration-repository.js';
import { SqliteMigrationRepository } from '../../src/services/sqlite-migration-repository.js';

it('recordedNames() sees what the same connection has just recorded and taken back', () => {
  const db = new Database(':memory:');
  const repository = new SqliteMigrationRepository(db);
  repository.ensureTables();
  const seen = [repository.recordedNames().has('001_a')];
  for (const [outcome, direction] of [
    ['applied', 'up'],
    ['rolled-back', 'down'],
    ['applied', 'up'],
  ] as const) {
    repository.record({ ...ENTRY, outcome, direction });
    seen.push(repository.recordedNames().has('001_a'));
  }
  db.close();
  expect(seen).toEqual([false, true, false, true]);
});

it('the functions run the built-in migrations', () => {
  const db = new Database(':memory:');
  const names = runPendingMigrations(db);
  db.close();
  expect(names).toEqual(['001_initial_schema', '002_add_indexes']);
});

const ENTRY: JournalEntry = {
  runId: 'run',
  name: '001_a',
  direction: 'up',
  outcome: 'applied',
  startedAt: '2026-11-22T09:30:00.000Z',
  durationMs: 1,
};
