import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from '@jest/globals';
import { makeFolder } from './files.js';

/** The repository, and the command line that a user runs. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const CLI = join(ROOT, 'lib', 'cli.js');

/** Whom file permissions hold for, as they do not for root. */
export const NOBODY = { uid: 65534, gid: 65534 };

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Spawning {
  readonly cwd?: string;
  /** Added to an environment that says nothing to Decant. */
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly gid?: number;
}

/** Runs `decant ARGS` to its end. */
export function decant(args: readonly string[], options: Spawning = {}): Promise<Finished> {
  return startDecant(args, options).finished;
}

/** Starts `decant ARGS`, for who wants to kill it or to run another beside it. */
export function startDecant(args: readonly string[], options: Spawning = {}): Started {
  return start(process.execPath, [CLI, ...args], options);
}

export interface Started {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
}

/** Starts any program in the same clean environment. */
export function start(program: string, args: readonly string[], options: Spawning = {}): Started {
  const { cwd = ROOT, env, ...owner } = options;
  const child = spawn(program, args, { cwd, env: cleanEnvironment(env), ...owner });
  running.add(child);
  child.on('close', () => running.delete(child));
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => (output[stream] += text));
  }
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, ...output }));
  });
  return { child, finished };
}

const running = new Set<ChildProcess>();
afterAll(() => {
  for (const child of running) child.kill('SIGKILL'); // jest would wait for what a failed test left
});

/** Runs node with these arguments to its end. */
export function runNode(args: readonly string[], options: Spawning = {}): Promise<Finished> {
  return start(process.execPath, args, options).finished;
}

/** Runs an ES module's text as a process of its own, and returns what it printed as JSON. */
export async function resultOf(
  module: string,
  env: Readonly<Record<string, string>> = {},
  flags: readonly string[] = [],
): Promise<unknown> {
  const { code, stdout, stderr } = await runNode([...flags, '--input-type=module', '-e', module], { env });
  if (code !== 0) throw new Error(`the child ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as unknown;
}

/** This process's environment, less all that Decant, oclif and npm's scripts would listen to. */
export function cleanEnvironment(added: Readonly<Record<string, string>> = {}) {
  const unwanted =
    /^(?:CI|DEBUG|NO_COLOR|FORCE_COLOR|DATABASE_PATH|DECANT_.*|NODE_OPTIONS|NODE_ENV|INIT_CWD|npm_.*)$/;
  const kept = Object.entries(process.env).filter(([key]) => !unwanted.test(key));
  return { ...Object.fromEntries(kept), HOME: home(), ...added };
}

// Not the project: swc keeps a copy of its binary under HOME. One for all, so that it does so once.
let sharedHome: string | undefined;
const home = (): string => (sharedHome ??= makeFolder({}, 'home'));

/** Whether the tests run as root and the repository is open to others: only then can they act as NOBODY. */
export function canActAsNobody(): boolean {
  if (process.getuid?.() !== 0) return false;
  const options = { ...NOBODY, cwd: '/', env: cleanEnvironment({ HOME: '/' }), encoding: 'utf8' } as const;
  return spawnSync(process.execPath, [CLI, '--version'], options).status === 0;
}

/** Tells why tests are left out, so that nobody takes a green run for more than it is. */
export function skipLoudly(what: string, why: string): void {
  console.warn(`SKIPPED: ${what}: ${why}`);
}
