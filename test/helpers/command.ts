import { jest } from '@jest/globals';
import { makeFolder } from './files.js';
import { TWO_MIGRATIONS } from './migrations.js';
import { ROOT } from './processes.js';

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  /** What oclif's ExitError carries; undefined when the command returned. */
  readonly exit: number | undefined;
  readonly result: unknown;
}

interface RunnableCommand {
  run(argv: string[], root: string): Promise<unknown>;
}

/** Runs a command's class in this process and catches what it prints. */
export async function runCommand(command: RunnableCommand, argv: readonly string[]): Promise<Ran> {
  return capture(() => command.run([...argv], ROOT));
}

/** Catches what `work` prints and how it exits. */
export async function capture(work: () => Promise<unknown>): Promise<Ran> {
  const output = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    jest.spyOn(process[stream], 'write').mockImplementation((text) => {
      output[stream] += String(text);
      return true;
    }),
  );
  try {
    const result = await work();
    return { ...output, exit: undefined, result };
  } catch (error) {
    return { ...output, exit: exitOf(error), result: undefined };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

// Anything but oclif's ExitError would be a stack trace on a user's screen.
function exitOf(error: unknown): number {
  const { code, oclif } = error as { code?: string; oclif?: { exit?: number } };
  if (code !== 'EEXIT' || oclif?.exit === undefined) throw error;
  return oclif.exit;
}

/** A project with two migrations and a database that is not there yet, and the flags that name them. */
export function twoMigrations(): { folder: string; flags: readonly string[] } {
  const folder = makeFolder(TWO_MIGRATIONS);
  return { folder, flags: ['-d', `${folder}/app.db`, '--dir', `${folder}/migrations`] };
}

/** The one object of `--json`; fails when stdout holds anything else. */
export function jsonOf({ stdout }: { readonly stdout: string }): Record<string, unknown> {
  const value: unknown = JSON.parse(stdout);
  if (typeof value !== 'object' || value === null) throw new Error(`not an object: ${stdout}`);
  return value as Record<string, unknown>;
}

/** What stderr may say under `--json` when nothing is to be warned of: which database and which migrations. */
export const NOTHING_BUT_THE_TARGET = /^(?:Database: .+\nMigrations: .+\n)?$/;

/** What `--json` said went wrong; stderr may only have named the database. */
export function jsonErrorOf({ stdout, stderr }: Ran): Record<string, unknown> {
  if (!NOTHING_BUT_THE_TARGET.test(stderr)) throw new Error(`--json must not print to stderr: ${stderr}`);
  return jsonOf({ stdout })['error'] as Record<string, unknown>;
}
