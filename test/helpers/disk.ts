import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { makeFolder } from './files.js';
import { skipLoudly } from './processes.js';

/** Runs mount(8). @returns why it was refused, if it was */
export function mount(...args: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync('mount', args, { encoding: 'utf8' });
  return status === 0 ? undefined : (error?.message ?? stderr.trim());
}

/** Whether a small disk can be mounted here, as it can by root; says so where it cannot. */
export function canMountDisk(): boolean {
  const disk = join(makeFolder({ 'disk/.keep': '' }), 'disk');
  const refused = mount('-t', 'tmpfs', '-o', 'size=1m', 'decant-test', disk);
  if (refused === undefined) spawnSync('umount', [disk]);
  else skipLoudly('a full disk', `cannot mount a tmpfs here: ${refused}`);
  return refused === undefined;
}
