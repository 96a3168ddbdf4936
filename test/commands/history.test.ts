import { existsSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import Down from '../../src/commands/migrate/down.js';
import History from '../../src/commands/migrate/history.js';
import Restore from '../../src/commands/migrate/restore.js';
import Up from '../../src/commands/migrate/up.js';
import type { HistoryEntry } from '../../src/domain/journal.js';
import { jsonErrorOf, jsonOf, runCommand, twoMigrations } from '../helpers/command.js';
import { writeFileSync } from 'node:fs';

async function entriesOf(flags: readonly string[], ...more: string[]): Promise<readonly HistoryEntry[]> {
  const database = flags.slice(0, 2);
  const ran = await runCommand(History, [...database, ...more, '--json']);
  return jsonOf(ran)['entries'] as readonly HistoryEntry[];
}

describe('migrate:history', () => {
  it('shows runs, failures and restores, newest first', async () => {
    const { folder, flags } = twoMigrations();
    await runCommand(Up, [...flags, '--steps', '1']);
    await runCommand(Up, flags);
    await runCommand(Down, flags);
    writeFileSync(
      `${folder}/migrations/003_bad.mjs`,
      "export const up = (db) => db.exec('CREATE TABEL x (a)');",
    );
    await runCommand(Up, flags);
    const before = await entriesOf(flags);
    expect(before.map(({ name, outcome, rows }) => [name, outcome, rows])).toEqual([
      ['003_bad', 'failed', null],
      ['002_posts', 'applied', 0],
      ['002_posts', 'rolled-back', 0],
      ['002_posts', 'applied', 0],
      ['001_users', 'applied', 0],
    ]);
    expect(before[0]?.error).toContain('near "TABEL": syntax error');
    expect(new Set(before.map(({ runId }) => runId)).size).toBe(4);
    expect(before.every(({ durationMs, who }) => durationMs > 0 && who !== null)).toBe(true);

    await runCommand(Restore, [...flags.slice(0, 2), '--yes']);
    const [restored] = await entriesOf(flags, '--limit', '1');
    expect(restored).toMatchObject({ outcome: 'restored', direction: null, rows: null });
    expect(restored?.file).toMatch(/\.db$/);

    const { stdout } = await runCommand(History, [...flags.slice(0, 2), '--name', '001_users']);
    expect(stdout.match(/001_users/g)).toHaveLength(1);
    expect(stdout).toMatch(/^Run [0-9a-f]{12}, .* UTC, by /);
    expect(stdout).toMatch(/Decant \S+, SQLite \S+, Node\.js \S+/);
  });

  it('says that there is none, and creates nothing', async () => {
    const { folder, flags } = twoMigrations();
    const { stdout, stderr } = await runCommand(History, flags.slice(0, 2));
    expect([stdout, stderr]).toEqual(['No history: nothing is in a journal here yet.\n', '']);
    expect(existsSync(`${folder}/app.db`)).toBe(false);
    expect(await entriesOf(flags)).toEqual([]);
  });

  it('refuses a limit of none', async () => {
    const ran = await runCommand(History, ['--limit', '0', '--json']);
    expect(jsonErrorOf(ran)).toMatchObject({ code: 'DECANT_USAGE' });
    expect(ran.exit).toBe(2);
  });
});
