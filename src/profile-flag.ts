import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import type { Profile } from './domain/profile.js';
import { traceOf } from './domain/trace.js';
import { UsageError } from './errors.js';
import type { Paint } from './output.js';

/** `--profile=FILE` as flags that a parser of command lines knows: there it either has a value, or it has not. */
export function profileWords(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  const words = end === -1 ? argv : argv.slice(0, end);
  const rewritten = words.flatMap((word) =>
    word.startsWith('--profile=')
      ? ['--profile', `--profile-file=${word.slice('--profile='.length)}`]
      : [word],
  );
  return [...rewritten, ...argv.slice(words.length)];
}

/** The profile that one command was asked for. */
export class ProfileSink {
  readonly #file: string | undefined;
  #handle: number | undefined;
  #profile: Profile | undefined;

  /** @param file for the trace, if it was asked for @throws UsageError when it is there, or cannot be made */
  constructor(file: string | undefined) {
    this.#file = file;
    if (file !== undefined) this.#handle = open(file);
  }

  /** What `--json` is to show of it. */
  get json(): { readonly profile?: Profile } {
    return this.#profile === undefined ? {} : { profile: this.#profile };
  }

  readonly take = (profile: Profile): void => {
    this.#profile = profile;
  };

  /** Writes what is to be written; without a profile nothing is left. @returns what is to be shown, if anything */
  async finish(paint: Paint): Promise<string | undefined> {
    const profile = this.#profile;
    const told = this.#writeTrace(profile);
    if (profile === undefined) return undefined;
    const { profileText } = await import('./output-profile.js');
    return [profileText(profile, paint), ...told].join('\n');
  }

  // The run is over, whether or not its trace can be written.
  #writeTrace(profile: Profile | undefined): readonly string[] {
    const [file, handle] = [this.#file, this.#handle];
    if (file === undefined || handle === undefined) return [];
    try {
      if (profile !== undefined) writeSync(handle, JSON.stringify(traceOf(profile)));
      closeSync(handle);
      if (profile === undefined) rmSync(file);
      return ['', `Trace: ${file} (for https://ui.perfetto.dev or https://speedscope.app)`];
    } catch (error) {
      return ['', `! The trace could not be written to ${file}: ${(error as Error).message}`];
    }
  }
}

// Before anything runs: what is there is not overwritten, and what cannot be written is said at once.
function open(file: string): number {
  try {
    return openSync(file, 'wx');
  } catch (cause) {
    const { code, message } = cause as { readonly code?: string; readonly message: string };
    if (code === 'EEXIST')
      throw new UsageError(`${file} is there already.`, 'Give --profile a file that is not, or remove it.', {
        cause,
      });
    throw new UsageError(
      `The trace cannot be written to ${file || 'a file without a name'}: ${message}.`,
      'Give --profile=FILE a file in a folder that you can write to.',
      { cause },
    );
  }
}
