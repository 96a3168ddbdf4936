import { inspect } from 'node:util';
import { isDebugging } from './config.js';
import {
  DecantError,
  ForeignKeyError,
  MigrationFailedError,
  PausedError,
  PrerequisiteError,
  UndeclaredLossError,
  UnexpectedError,
  UsageError,
} from './errors.js';
import { action, CLIError, colorize, stderr } from './oclif.js';
import { errorText, ROWS_SHOWN, type Paint } from './output.js';

/** Colour where the terminal has it. */
export const paint: Paint = (style, text) => colorize(style, text);

let diverted: typeof process.stdout.write | undefined;

/** Sends to stderr what anybody prints on stdout, until `printJson` prints. */
export function divertStdout(): void {
  diverted = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr);
}

/** Whether the one JSON object of `--json` is still to be printed. */
export function awaitsJson(): boolean {
  return diverted !== undefined;
}

/** Prints the one JSON object on stdout. */
export function printJson(json: unknown): void {
  if (diverted !== undefined) process.stdout.write = diverted;
  diverted = undefined;
  process.stdout.write(`${JSON.stringify(json, null, 2)}\n`);
}

/** What the process ends with after an error. */
export function exitCodeOf(error: unknown): number {
  const exit = (error as { oclif?: { exit?: unknown } } | undefined)?.oclif?.exit;
  return typeof exit === 'number' ? exit : explained(error).exitCode;
}

/** Shows an error: as one JSON object on stdout, or in words on stderr; the stack only under DEBUG. */
export function printError(
  error: unknown,
  { json, more }: { readonly json: boolean; readonly more?: object | undefined },
): void {
  const known = explained(error);
  if (action.running)
    action.stop(error instanceof PausedError ? paint('yellow', 'paused') : paint('red', 'failed')); // while it runs, it keeps back what others print
  if (json) printJson({ error: errorJson(known), ...more });
  else stderr(errorText(known, paint));
  if (isDebugging()) stderr(inspect(error)); // with the causes, and the user's own stack among them
}

// oclif's errors are about the command line; any other that is not Decant's own should not have come this far.
function explained(error: unknown): DecantError {
  if (error instanceof DecantError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof CLIError)) return new UnexpectedError(message, UNEXPECTED_HINT, { cause: error });
  const [, command] = /^[Cc]ommand (.*) not found\.?$/.exec(message) ?? [];
  if (command !== undefined) {
    return new UsageError(`There is no command ${command}.`, 'decant migrate --help lists the commands.');
  }
  const sentence = message
    .replace(/See more help with --help\s*$|^The following errors? occurred:/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(/(?<![.!?])$/, '.');
  return new UsageError(sentence, 'The same command with --help says what it takes.', { cause: error });
}

const UNEXPECTED_HINT =
  'DEBUG=decant shows where it came from; if that is in Decant itself, please report it.';

/** What `--json` says of an error. */
export function errorJson(error: DecantError): Record<string, unknown> {
  const { code, message, hint, exitCode } = error;
  const failure = error instanceof MigrationFailedError ? { failure: error.failure } : {};
  const unmet = error instanceof PrerequisiteError ? { unmet: error.unmet } : {};
  return { code, message, hint, exitCode, ...failure, ...damageJson(error), ...unmet };
}

function damageJson(error: DecantError): object {
  if (error instanceof UndeclaredLossError) return { losses: error.losses };
  if (!(error instanceof ForeignKeyError)) return {};
  return { violations: error.violations.slice(0, ROWS_SHOWN), mismatches: error.mismatches };
}
