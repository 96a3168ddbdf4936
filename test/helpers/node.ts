import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

/** The repository, whose node_modules and lib/ the children use. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs node with these arguments to its end, in an environment that says nothing to Decant. */
export function runNode(args: readonly string[], env: Readonly<Record<string, string>> = {}): Ended {
  const { PATH = '' } = process.env;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    encoding: 'utf8',
    env: { PATH, HOME: tmpdir(), ...env },
  });
  return { code: status, signal, stdout, stderr };
}

/** Runs an ES module's text as a process of its own, and returns what it printed as JSON. */
export function resultOf(
  module: string,
  env: Readonly<Record<string, string>> = {},
  flags: readonly string[] = [],
): unknown {
  const { code, stdout, stderr } = runNode([...flags, '--input-type=module', '-e', module], env);
  if (code !== 0) throw new Error(`the child ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as unknown;
}

/**
 * Leaves a database as a process does that is killed in the middle of a transaction: 001_a is committed, 002_b is
 * not, and part of it has reached the disk.
 */
export function leaveKilled(file: string, mode: 'wal' | 'delete'): void {
  const { signal, stderr } = runNode([
    '--input-type=module',
    '-e',
    `import Database from 'better-sqlite3';
     const db = new Database(${JSON.stringify(file)});
     db.pragma('journal_mode = ${mode}');
     db.exec("CREATE TABLE _migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE NOT NULL, applied_at TEXT NOT NULL DEFAULT (datetime('now')))");
     db.exec("INSERT INTO _migrations (name) VALUES ('001_a'); CREATE TABLE big (x)");
     db.pragma('cache_size = 5');
     db.exec("BEGIN; INSERT INTO _migrations (name) VALUES ('002_b')");
     db.exec('WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 500) INSERT INTO big SELECT randomblob(500) FROM s');
     process.kill(process.pid, 'SIGKILL');`,
  ]);
  if (signal !== 'SIGKILL') throw new Error(`the child was to be killed: ${stderr}`);
}
