import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { makeFolder } from '../helpers/files.js';
import { ROOT, runNode } from '../helpers/processes.js';

it('README.md has the command reference that `npm run readme` would write', async () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  // Emptied, so that a reference that is not written anew is missing.
  const emptied = readme.replace(/(<!-- commands -->)[^]*(<!-- commandsstop -->)/, '$1\n$2');
  const copy = join(makeFolder({ 'README.md': emptied }), 'README.md');
  await run('oclif/bin/run.js', 'readme', '--no-aliases', '--readme-path', copy);
  await run('oxfmt/bin/oxfmt', '--config', join(ROOT, '.oxfmtrc.json'), copy);
  expect(readFileSync(copy, 'utf8')).toBe(readme);
}, 30_000);

async function run(script: string, ...args: readonly string[]): Promise<void> {
  const { code, stderr } = await runNode([join(ROOT, 'node_modules', script), ...args], {
    env: { NO_COLOR: '1' },
  });
  expect({ script, code, stderr: code === 0 ? '' : stderr }).toEqual({ script, code: 0, stderr: '' });
}
