// Measures contestants in turn, each time in a process of its own.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What one process took. */
export interface Sample {
  readonly ms: number;
  /** The most memory that it had, in bytes. */
  readonly memory: number;
}

/** The medians of one contestant. */
interface Measured extends Sample {
  readonly rounds: number;
}

/** Who is measured, by name, each by a function that measures once; undefined for one that cannot do it. */
export type Contestants = Readonly<Record<string, (() => Sample) | undefined>>;

export type Results = Readonly<Record<string, Measured>>;

export const BENCH = fileURLToPath(new URL('.', import.meta.url));

/** One that takes longer than this is not tried again: its rounds would leave no time for the others'. */
const SLOW_MS = 4000;

/**
 * Lets all take turns, `rounds` times, and returns the medians.
 * @param always those that are tried in every round, however slow
 */
export function takeTurns(rounds: number, contestants: Contestants, always: readonly string[] = []): Results {
  const samples: Record<string, Sample[]> = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, measure] of Object.entries(contestants)) {
      const known = (samples[name] ??= []);
      const isSlow = known.some(({ ms }) => ms > SLOW_MS) && !always.includes(name);
      if (measure !== undefined && !isSlow) known.push(measure());
    }
  }
  const measured = Object.entries(samples).filter(([, known]) => known.length > 0);
  return Object.fromEntries(measured.map(([name, known]) => [name, medians(known)]));
}

/** One measurement by worker.js. */
export function work(job: object, env: NodeJS.ProcessEnv = {}): Sample {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['worker.js', JSON.stringify(job)], {
    cwd: BENCH,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  if (status !== 0) throw new Error(`${JSON.stringify(job)}\n${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Sample;
}

/** The time of one whole process. */
export function wholeProcess(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Sample {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  const ms = performance.now() - start;
  if (status !== 0) throw new Error(`${args.join(' ')}\n${stderr}`);
  return { ms, memory: 0 };
}

function medians(samples: readonly Sample[]): Measured {
  return {
    ms: median(samples.map(({ ms }) => ms)),
    memory: median(samples.map(({ memory }) => memory)),
    rounds: samples.length,
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}
