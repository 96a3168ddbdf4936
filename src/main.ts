import { cacheFolder } from './config.js';
import { EXIT, UnexpectedError, UsageError } from './errors.js';
import { run as runOclif } from './oclif.js';
import { awaitsJson, exitCodeOf, printError } from './print-error.js';
import { beforeFirstImport } from './services/import-file.js';
import { canLoadTypeScript, registerTypeScript } from './services/typescript.js';

/** Runs one command line and ends the process with its code, whatever a user's code does meanwhile. */
export function runToTheEnd(argv: readonly string[]): void {
  let ended = false;
  const end = (code: number): void => {
    ended = true;
    process.stdout.write('', () => process.exit(code)); // called as well when nobody reads any more
  };
  // The process is about to end, and the command is not done: a migration called process.exit(), or waits for what
  // never comes.
  process.once('exit', () => {
    if (ended) return;
    printError(new UnexpectedError('The process ended before the command was done.', ENDED_HINT), {
      json: awaitsJson(),
    });
    process.exitCode = EXIT.failed;
  });
  // A continuation or a callback of a migration that has ended (its handle is dead), or anything else that nobody
  // waits for.
  const failLate = (error: unknown): void => {
    printError(error, { json: awaitsJson() });
    end(EXIT.failed);
  };
  process.once('unhandledRejection', failLate).once('uncaughtException', failLate);
  const run = async (): Promise<void> => {
    const code = await main(argv);
    await new Promise(setImmediate); // let such a continuation fail first
    if (!ended) end(code);
  };
  void run();
}

const ENDED_HINT =
  'Look for process.exit(), or for a prepare() or an await that never ends; migrate:status shows what was applied.';

/**
 * Runs one command line, and returns the exit code.
 * @param root a file or folder of the package, from which oclif finds its package.json and manifest
 */
export async function main(argv: readonly string[], root = import.meta.url): Promise<number> {
  if (canLoadTypeScript()) beforeFirstImport(() => registerTypeScript(cacheFolder()));
  try {
    const words = inOclifsForm(argv);
    if (words[0] === 'migrate' && words.some((word) => !HELP.has(word) && word !== 'migrate')) {
      throw new UsageError(
        'The command is to come right after migrate.',
        'As in: decant migrate up --steps 1',
      );
    }
    await runOclif(words, root);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // A command has printed its own error, and says only how to exit.
    if (!isExit(error)) printError(error, { json: argv.includes('--json') });
    return exitCodeOf(error);
  }
}

const HELP = new Set(['--help', '-h']);

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
