import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it } from '@jest/globals';

const ROOT = resolve(import.meta.dirname, '../..');

it('README.md has the command reference that `npm run readme` would write', () => {
  const folder = mkdtempSync(join(tmpdir(), 'decant-readme-'));
  try {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const copy = join(folder, 'README.md');
    // Emptied, so that a reference that is not written anew is missing.
    writeFileSync(copy, readme.replace(/(<!-- commands -->)[^]*(<!-- commandsstop -->)/, '$1\n$2'));
    run('oclif/bin/run.js', 'readme', '--no-aliases', '--readme-path', copy);
    run('oxfmt/bin/oxfmt', '--config', join(ROOT, '.oxfmtrc.json'), copy);
    expect(readFileSync(copy, 'utf8')).toBe(readme);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 30_000);

function run(script: string, ...args: readonly string[]): void {
  const options = { cwd: ROOT, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } } as const;
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, 'node_modules', script), ...args],
    options,
  );
  expect({ script, status, stderr: status === 0 ? '' : stderr }).toEqual({ script, status: 0, stderr: '' });
}
