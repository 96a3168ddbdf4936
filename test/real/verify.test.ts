import { dirname } from 'node:path';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import Verify from '../../src/commands/migrate/verify.js';
import type { VerifiedMigration, VerifyReport } from '../../src/domain/verification.js';
import { verifyMigrations } from '../../src/testing.js';
import { runCommand } from '../helpers/command.js';
import { printsOf } from '../helpers/files.js';
import { copyOf, folderWith, makeSeed, MIGRATIONS, NODES, PENDING, withService } from './project.js';

jest.setTimeout(90_000 + NODES * 5);

const EXACT = { verdict: 'exact', losses: [] };

/** What is proved of each; all that is not here is exact. */
const VERDICTS: Readonly<Record<string, { readonly verdict: string; readonly losses: readonly string[] }>> = {
  '014_normalise_urls': {
    verdict: 'lossy',
    losses: [
      'added node_categories', // a link of another node is another row
      'added node_tags',
      'added node_user_tags',
      'changed key_concepts.node_id',
      'changed nodes.function_parent_id',
      'changed nodes.organization_parent_id',
      'changed nodes.url',
      'changed processing_queue.node_id',
      'missing node_categories',
      'missing node_tags',
      'missing node_user_tags',
      'missing nodes',
    ],
  },
  '022_forget_email_addresses': { verdict: 'irreversible', losses: [] },
};

let seed: string;
beforeAll(() => {
  seed = makeSeed();
});

describe('verify', () => {
  it('proves of each of twenty migrations what its down() gives back, and reads the database only', async () => {
    const file = copyOf(seed);
    const before = printsOf(dirname(file));
    const report = await verifyMigrations({ database: file, directory: MIGRATIONS });
    expect(told(report)).toEqual(PENDING.map((name) => [name, VERDICTS[name] ?? EXACT]));
    expect(report.migrations.flatMap(({ unrepeated }) => unrepeated)).toEqual([]);
    expect(report.notTried).toEqual([]);
    expect(printsOf(dirname(file))).toEqual(before);
  });

  it('finds from nothing that all but one are exact', async () => {
    const report = await verifyMigrations({ directory: MIGRATIONS });
    expect(report.migrations.filter(({ verdict }) => verdict !== 'exact').map(({ name }) => name)).toEqual([
      '022_forget_email_addresses',
    ]);
  });
});

describe('wrong on purpose', () => {
  let file: string;
  beforeAll(async () => {
    file = copyOf(seed);
    await withService(file, (service) => service.up());
  });

  it('a down() that leaves its column behind is broken: the second up fails', async () => {
    const directory = folderWith('023_add_reading_time');
    const ran = await runCommand(Verify, ['-d', file, '--dir', directory]);
    expect(ran.stdout).toMatch(/✗ broken +023_add_reading_time/);
    expect(ran.stdout).toMatch(/\n +\+ +reading_minutes INTEGER,\n/);
    expect(ran.stdout).toContain('duplicate column name: reading_minutes');
    expect(process.exitCode).toBe(1);
  });

  it('two files with one number are exact, each, and told of', async () => {
    const directory = folderWith('024_add_bookmarks', '024_add_collections');
    const report = await verifyMigrations({ database: file, directory });
    expect(told(report)).toEqual([
      ['024_add_bookmarks', EXACT],
      ['024_add_collections', EXACT],
    ]);
    expect(report.warnings).toEqual([
      expect.stringContaining('024_add_bookmarks and 024_add_collections have the same number'),
    ]);
  });
});

function told(report: VerifyReport): readonly object[] {
  return report.migrations.map(({ name, verdict, losses }) => [name, { verdict, losses: lossesOf(losses) }]);
}

function lossesOf(losses: VerifiedMigration['losses']): readonly string[] {
  return losses
    .map(({ kind, table, column }) => `${kind} ${table}${column === undefined ? '' : `.${column}`}`)
    .toSorted();
}
