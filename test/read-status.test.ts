import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadConfig, type Config } from '../src/config.js';
import { openService } from '../src/container.js';
import { readStatus } from '../src/read-status.js';
import { makeFolder } from './helpers/files.js';
import { TWO_MIGRATIONS } from './helpers/migrations.js';

async function up(config: Config, steps: number): Promise<void> {
  const { service, close } = await openService(config, 'write');
  await service.up({ steps });
  close();
}

async function statusOfService(config: Config): Promise<unknown> {
  const { service, close } = await openService(config, 'read');
  const status = await service.status();
  close();
  return status;
}

describe('readStatus', () => {
  it.each([
    ['a folder', 'migrations', ['001_users', '002_posts']],
    ['the built-in list', undefined, ['001_initial_schema', '002_add_indexes']],
  ])('says of %s what the service says, without its container', async (_what, directory, names) => {
    const folder = makeFolder(TWO_MIGRATIONS);
    const config: Config = {
      ...(await loadConfig({ database: join(folder, 'app.db') }, {})),
      directory: directory && join(folder, directory),
    };
    for (const applied of [0, 1, 2]) {
      if (applied > 0) await up(config, 1);
      const status = await readStatus(config);
      expect(status.migrations.map(({ name }) => name)).toEqual(names);
      expect(status.applied).toBe(applied);
      expect(status).toEqual(await statusOfService(config));
    }
  });
});
