import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Kind, Prepared } from './kind.js';
import type { Workshop } from './project.js';
import { Random } from './random.js';

/** What became of the cases of one kind. */
export interface Tally {
  readonly kind: string;
  readonly cases: number;
  readonly failures: readonly Failure[];
  /** Where in a run the disaster struck, and how often. */
  readonly places: ReadonlyMap<string, number>;
  /** Why it was not tried at all. */
  readonly impossible?: string | undefined;
}

interface Failure {
  readonly number: number;
  readonly error: Error;
  /** Where the case's databases are kept. */
  readonly folder: string;
}

export interface Trial {
  readonly seed: string;
  readonly workshop: Workshop;
  /** A folder for this kind. */
  readonly folder: string;
  /** Which cases; one by its number, a handful, or so many times the usual number. */
  readonly choice: { readonly number: number } | 'short' | { readonly times: number };
}

/** Tries the cases of one kind. The folders of those that fail are kept. */
export async function tryKind(kind: Kind, trial: Trial): Promise<Tally> {
  const common = join(trial.folder, 'common');
  mkdirSync(common, { recursive: true });
  const prepared = await kind.prepare(trial.workshop, common);
  const { impossible } = prepared;
  if (impossible !== undefined)
    return { kind: kind.name, cases: 0, failures: [], places: new Map(), impossible };
  try {
    return await tryCases(kind, prepared, trial);
  } finally {
    prepared.dispose?.();
  }
}

async function tryCases(
  kind: Kind,
  { tryCase, count }: Prepared,
  { seed, folder, choice }: Trial,
): Promise<Tally> {
  const numbers = numbersOf(kind, count, choice, new Random(`${seed}/${kind.name}`));
  const failures: Failure[] = [];
  const places = new Map<string, number>();
  for (const number of numbers) {
    const own = join(folder, `case-${number}`);
    mkdirSync(own, { recursive: true });
    try {
      const place = await tryCase(new Random(`${seed}/${kind.name}/${number}`), own, number);
      places.set(place, (places.get(place) ?? 0) + 1);
      rmSync(own, { recursive: true });
    } catch (error) {
      failures.push({ number, error: error as Error, folder: own });
    }
  }
  return { kind: kind.name, cases: numbers.length, failures, places };
}

function numbersOf(
  { short, long }: Kind,
  count: number | undefined,
  choice: Trial['choice'],
  random: Random,
): readonly number[] {
  if (choice === 'short') {
    return Array.from({ length: short }, (_, index) =>
      count === undefined ? index + 1 : 1 + random.below(count),
    );
  }
  if ('number' in choice) return [choice.number];
  const wanted = long === 'all' ? (count ?? 0) : Math.ceil(long * choice.times);
  return Array.from({ length: wanted }, (_, index) => index + 1);
}

/** All tallies as a table in Markdown, with their sums. */
export function tableOf(tallies: readonly Tally[]): string {
  const sum = (of: (tally: Tally) => number): string =>
    String(tallies.reduce((total, each) => total + of(each), 0));
  const rows = [
    ['kind', 'cases', 'failed'],
    ...tallies.map(({ kind, cases, failures, impossible }) => [
      kind,
      impossible === undefined ? String(cases) : 'skipped',
      String(failures.length),
    ]),
    ['all', sum(({ cases }) => cases), sum(({ failures }) => failures.length)],
  ];
  const width = Math.max(...rows.map(([kind = '']) => kind.length));
  const lines = rows.map(
    ([kind = '', cases = '', failed = '']) =>
      `| ${kind.padEnd(width)} | ${cases.padStart(7)} | ${failed.padStart(6)} |`,
  );
  return lines.toSpliced(1, 0, `| ${'-'.repeat(width)} | ------: | -----: |`).join('\n');
}
