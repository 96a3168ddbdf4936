import { exitCodeOf, printError } from './base-command.js';
import { flush, run } from './oclif.js';
import { beforeFirstImport } from './services/import-file.js';
import { canLoadTypeScript, registerTypeScript } from './services/typescript.js';

/**
 * Runs one command line to its end, and returns the exit code.
 * @param root a file or folder of the package, from which oclif finds its package.json and manifest
 */
export async function main(argv: readonly string[], root = import.meta.url): Promise<number> {
  if (canLoadTypeScript()) beforeFirstImport(registerTypeScript);
  let code: number;
  try {
    await run(withHelpFlag(argv), root);
    code = Number(process.exitCode ?? 0);
  } catch (error) {
    // A command has printed its own error, and says only how to exit.
    if (!isExit(error)) printError(error, { json: argv.includes('--json') });
    code = exitCodeOf(error);
  }
  await flush();
  return code;
}

// `decant help migrate:up` is `decant migrate:up --help`.
function withHelpFlag(argv: readonly string[]): string[] {
  return argv[0] === 'help' ? [...argv.slice(1), '--help'] : [...argv];
}

function isExit(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIT';
}
