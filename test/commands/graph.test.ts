import { existsSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import Graph from '../../src/commands/migrate/graph.js';
import Up from '../../src/commands/migrate/up.js';
import { jsonErrorOf, jsonOf, runCommand, twoMigrations } from '../helpers/command.js';
import { printsOf, putFile } from '../helpers/files.js';

describe('migrate:graph', () => {
  it('draws what is applied and pending, and writes nothing', async () => {
    const { folder, flags } = twoMigrations();
    expect((await runCommand(Graph, flags)).stdout).toBe('[ ] 001_users\n[ ] 002_posts\n');
    expect(existsSync(`${folder}/app.db`)).toBe(false);
    await runCommand(Up, [...flags, '--steps', '1', '--no-backup']);
    const before = printsOf(folder);
    expect((await runCommand(Graph, flags)).stdout).toBe('[x] 001_users\n[ ] 002_posts\n');
    expect((await runCommand(Graph, [...flags, '--format', 'mermaid'])).stdout).toMatch(/^flowchart BT\n/);
    expect((await runCommand(Graph, [...flags, '--format', 'dot'])).stdout).toMatch(
      /^digraph migrations \{\n/,
    );
    expect(printsOf(folder)).toEqual(before);
  });

  it('gives the graph as JSON, whatever the format', async () => {
    const { folder, flags } = twoMigrations();
    const ran = await runCommand(Graph, [...flags, '--json', '--format', 'dot']);
    expect(jsonOf(ran)).toEqual({
      database: `${folder}/app.db`,
      directory: `${folder}/migrations`,
      migrations: [
        { name: '001_users', state: 'pending', dependsOn: [], declared: false },
        { name: '002_posts', state: 'pending', dependsOn: ['001_users'], declared: false },
      ],
    });
  });

  it('refuses what it cannot read, and formats that it does not know', async () => {
    const { folder, flags } = twoMigrations();
    expect((await runCommand(Graph, [...flags, '--format', 'png'])).exit).toBe(2);
    putFile(folder, 'migrations/003_bomb.mjs', 'export {};');
    expect(jsonErrorOf(await runCommand(Graph, [...flags, '--json']))).toMatchObject({
      code: 'DECANT_INVALID_MIGRATION',
    });
  });
});
