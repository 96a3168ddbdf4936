// Compiles src/ to a clean lib/, so that no file of an earlier build survives its source.
import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';

rmSync('lib', { recursive: true, force: true });
const { status } = spawnSync('tsc', ['-p', 'tsconfig.build.json'], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
if (status === 0) chmodSync('lib/cli.js', 0o755);
process.exitCode = status ?? 1;
