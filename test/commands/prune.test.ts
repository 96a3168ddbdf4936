import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import Down from '../../src/commands/migrate/down.js';
import Prune from '../../src/commands/migrate/prune.js';
import Status from '../../src/commands/migrate/status.js';
import Up from '../../src/commands/migrate/up.js';
import { jsonErrorOf, jsonOf, runCommand } from '../helpers/command.js';
import { makeFolder } from '../helpers/files.js';
import { ROOT } from '../helpers/processes.js';

const MIGRATION = `
import { ReversibleMigration } from ${JSON.stringify(join(ROOT, 'lib/index.js'))};
export default class Change extends ReversibleMigration {
  change(schema) {
    schema.createTable('CREATE TABLE users (id INTEGER PRIMARY KEY, legacy TEXT)');
    schema.insert('users', [{ legacy: 'a' }]);
    schema.dropColumn('users', 'legacy');
  }
}`;

function project(): readonly string[] {
  const folder = makeFolder({ 'migrations/001_change.mjs': MIGRATION });
  return ['-d', `${folder}/app.db`, '--dir', `${folder}/migrations`];
}

describe('migrate:prune', () => {
  it('drops what is old enough, says so, and leaves no way back', async () => {
    const flags = project();
    await runCommand(Up, flags);
    expect((await runCommand(Status, flags)).stdout).toMatch(/\nArchives: 2 tables, \d+\.\d KB\n$/);
    expect((await runCommand(Prune, [...flags, '--older-than', '1d'])).stdout).toMatch(
      /^Nothing to prune: nothing was parked before 20/,
    );
    const asked = await runCommand(Prune, [...flags, '--older-than', '0h', '--json']);
    expect(jsonErrorOf(asked)).toMatchObject({
      code: 'DECANT_CONFIRMATION_REQUIRED',
      message: expect.stringMatching(
        /^This would drop 2 tables, .* without which 001_change cannot be rolled back/,
      ),
    });
    const pruned = await runCommand(Prune, [...flags, '--older-than', '0h', '--yes', '--json']);
    expect(jsonOf(pruned)).toMatchObject({
      migrations: ['001_change'],
      tables: 2,
      bytes: expect.any(Number),
    });
    expect((await runCommand(Status, flags)).stdout).not.toContain('Archives');
    const down = await runCommand(Down, [...flags, '--json']);
    expect(jsonErrorOf(down)).toMatchObject({ code: 'DECANT_IRREVERSIBLE' });
  });

  it('tells of an age that is none, and makes no database', async () => {
    const flags = project();
    const ran = await runCommand(Prune, [...flags, '--older-than', 'soon', '--json']);
    expect(jsonErrorOf(ran)).toMatchObject({ code: 'DECANT_USAGE', message: '"soon" is no age.' });
    expect(ran.exit).toBe(2);
    expect((await runCommand(Prune, [...flags, '--older-than', '1d'])).exit).toBeUndefined();
    expect(existsSync(flags[1] ?? '')).toBe(false);
  });

  it('shows in the report of a rollback what it met', async () => {
    const flags = project();
    await runCommand(Up, flags);
    const { default: Connection } = await import('better-sqlite3');
    const db = new Connection(flags[1]);
    db.exec('INSERT INTO users DEFAULT VALUES');
    db.close();
    const report = jsonOf(await runCommand(Down, [...flags, '--json']));
    expect(report).toMatchObject({
      steps: [
        {
          conflicts: [
            { table: 'users', kind: 'added', count: 1 },
            { table: 'users', kind: 'dropped', count: 1 },
          ],
        },
      ],
      warnings: [
        '001_change: 1 row of users was added since, and has the default.',
        '001_change: 1 row of users was added since, and went with the table.',
      ],
    });
  });
});
