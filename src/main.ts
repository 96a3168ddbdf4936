import { flush, run } from './oclif.js';
import { exitCodeOf, printError } from './print-error.js';
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
    await run(inOclifsForm(argv), root);
    code = Number(process.exitCode ?? 0);
  } catch (error) {
    // A command has printed its own error, and says only how to exit.
    if (!isExit(error)) printError(error, { json: argv.includes('--json') });
    code = exitCodeOf(error);
  }
  await flush();
  return code;
}

// `decant migrate up` is `decant migrate:up`, and `decant help migrate:up` is `decant migrate:up --help`.
function inOclifsForm(argv: readonly string[]): string[] {
  const [first, second, ...rest] = argv;
  if (first === 'help') return [...inOclifsForm(argv.slice(1)), '--help'];
  const isCommand = first === 'migrate' && second !== undefined && !second.startsWith('-');
  return isCommand ? [`migrate:${second}`, ...rest] : [...argv];
}

function isExit(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIT';
}
