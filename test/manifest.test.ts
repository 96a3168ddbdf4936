import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ROOT, skipLoudly, start, makeFolder } from './helpers/cli.js';

// As `oclif manifest` does it, but to stdout: jest must not import lib/ beside src/.
const FRESH = `
import { Plugin } from '@oclif/core';
const plugin = new Plugin({ root: process.cwd(), type: 'core', ignoreManifest: true, errorOnManifestCreate: true, respectNoCacheDefault: true });
await plugin.load();
console.log(JSON.stringify(plugin.manifest));
`;

describe('oclif.manifest.json', () => {
  it('is what `npm run manifest` would write', async () => {
    const { finished } = start(process.execPath, ['--input-type=module', '-e', FRESH], { cwd: ROOT });
    const { stdout, stderr } = await finished;
    expect(stderr).toBe('');
    expect(JSON.parse(readFileSync(join(ROOT, 'oclif.manifest.json'), 'utf8'))).toEqual(JSON.parse(stdout));
  }, 20_000);
});

const REFERENCE = /<!-- commands -->\n[^]*<!-- commandsstop -->/;
const readme = readIfThere(join(ROOT, 'README.md'));
if (readme === undefined) skipLoudly('the command reference', 'there is no README.md yet');

(readme === undefined ? describe.skip : describe)("the README's command reference", () => {
  it('is what `npm run readme` would write between <!-- commands --> and <!-- commandsstop -->', async () => {
    const copy = join(makeFolder({ 'README.md': '<!-- commands -->\n<!-- commandsstop -->\n' }), 'README.md');
    const oclif = join(ROOT, 'node_modules/oclif/bin/run.js');
    const args = [oclif, 'readme', '--no-aliases', '--dry-run', '--readme-path', copy];
    const { finished } = start(process.execPath, args, {
      cwd: ROOT,
      env: { OCLIF_SKIP_NEW_VERSION_CHECK: '1' },
    });
    const { stdout } = await finished;
    const [fresh] = REFERENCE.exec(stdout) ?? [];
    expect(fresh).toContain('decant migrate:up');
    expect(REFERENCE.exec(readme ?? '')?.[0]).toBe(fresh);
  }, 20_000);
});

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
