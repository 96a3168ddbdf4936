import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ROOT, runNode } from './helpers/processes.js';

// As `oclif manifest` does it, but to stdout: jest must not import lib/ beside src/.
const FRESH = `
import { Plugin } from '@oclif/core';
const plugin = new Plugin({ root: process.cwd(), type: 'core', ignoreManifest: true, errorOnManifestCreate: true, respectNoCacheDefault: true });
await plugin.load();
console.log(JSON.stringify(plugin.manifest));
`;

describe('oclif.manifest.json', () => {
  it('is what `npm run manifest` would write', async () => {
    const { stdout, stderr } = await runNode(['--input-type=module', '-e', FRESH]);
    expect(stderr).toBe('');
    expect(JSON.parse(readFileSync(join(ROOT, 'oclif.manifest.json'), 'utf8'))).toEqual(JSON.parse(stdout));
  }, 20_000);
});
