import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from '@jest/globals';

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

/** The one object of `--json`; fails when stdout holds anything else. */
export function jsonOf({ stdout }: { readonly stdout: string }): Record<string, unknown> {
  const value: unknown = JSON.parse(stdout);
  if (typeof value !== 'object' || value === null) throw new Error(`not an object: ${stdout}`);
  return value as Record<string, unknown>;
}

/**
 * Makes a temporary folder with these files in it, which every user may look into; it is removed after the tests.
 * @param files text by relative path
 */
export function makeFolder(files: Readonly<Record<string, string>> = {}, name = 'project'): string {
  const outer = realpathSync(mkdtempSync(join(tmpdir(), 'decant-')));
  const folder = join(outer, name);
  mkdirSync(folder, { recursive: true });
  chmodSync(outer, 0o755); // no more: swc refuses a HOME that others may write to
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  made.push(outer);
  return folder;
}

const made: string[] = [];
afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Two migrations that work, as plain modules. */
export const TWO_MIGRATIONS = {
  'migrations/001_users.mjs': tableModule('users'),
  'migrations/002_posts.mjs': tableModule('posts'),
};

/** A plain module that creates and drops one table. */
export function tableModule(table: string): string {
  return `export const up = (db) => db.exec('CREATE TABLE ${table} (id INTEGER PRIMARY KEY)');
export const down = (db) => db.exec('DROP TABLE ${table}');
`;
}

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

/** What stderr may say under `--json` when nothing is to be warned of: which database and which migrations. */
export const NOTHING_BUT_THE_TARGET = /^(?:Database: .+\nMigrations: .+\n)?$/;
