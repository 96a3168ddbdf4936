import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Whether the process that wrote something may not be done with it. That it is dead is certain only where its number
 * means something; numbers are used again, so that after an hour without a sign none is taken to be at work.
 * @param maker what `self()` was in it
 * @param since when it last wrote
 */
export function isAtWork(maker: string | undefined, since: number, now = Date.now()): boolean {
  const [pid, where] = maker?.split('-') ?? [];
  const isDead = where === here() && !isAlive(Number(pid));
  return !isDead && now - since <= STALE_MS;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0); // sends nothing
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** This process, by its number and by where that is counted. */
export function self(): string {
  return `${process.pid}-${here()}`;
}

let known: string | undefined;

// The same for the life of a process, and asked for each file of a folder.
function here(): string {
  return (known ??= findPlace());
}

// Containers may share a host's name, and hosts a folder; Linux tells them apart.
function findPlace(): string {
  const place = [hostname(), ...LINUX.map((read) => orEmpty(read))].join('\n');
  return createHash('sha256').update(place).digest('hex').slice(0, 8);
}

const LINUX = [
  () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'),
  () => readlinkSync('/proc/self/ns/pid'),
];

function orEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

const STALE_MS = 3_600_000;
