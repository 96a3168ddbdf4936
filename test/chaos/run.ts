// Tries disasters, case by case, and prints how many were tried and how many failed. Run it by `npm run chaos`:
//
//   npm run chaos -- [--seed TEXT] [--kind PART OF NAME] [--times FACTOR] [--case N] [--short]
//
// A case is told by seed, kind and number: with these three it is the same case again, but for the moment at which
// the machine gets to it. The database of a case that failed is kept.
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Kind, Prepared } from './kind.js';
import { KINDS } from './kinds/index.js';
import { Workshop } from './project.js';
import { Random } from './random.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    kind: { type: 'string', default: '' },
    times: { type: 'string', default: '1' },
    case: { type: 'string' },
    short: { type: 'boolean', default: false },
  },
});

interface Tally {
  readonly kind: string;
  cases: number;
  failed: number;
  readonly places: Map<string, number>;
  impossible?: string;
}

const root = realpathSync(mkdtempSync(join(tmpdir(), 'decant-chaos-')));
const workshop = new Workshop(join(root, 'templates'));
const kinds = KINDS.filter(({ name }) => name.toLowerCase().includes(values.kind.toLowerCase()));
const tallies: Tally[] = [];
console.log(`seed ${values.seed}`);
for (const [index, kind] of kinds.entries()) tallies.push(await tally(kind, join(root, String(index + 1))));
const failed = sum(tallies.map((each) => each.failed));
if (failed === 0) rmSync(root, { recursive: true });
printTable();
process.exitCode = failed === 0 && kinds.length > 0 ? 0 : 1;

async function tally(kind: Kind, folder: string): Promise<Tally> {
  const result: Tally = { kind: kind.name, cases: 0, failed: 0, places: new Map() };
  const common = join(folder, 'common');
  mkdirSync(common, { recursive: true });
  const prepared = await kind.prepare(workshop, common);
  try {
    if (prepared.impossible === undefined) await tryAll(kind, prepared, folder, result);
    else result.impossible = prepared.impossible;
  } finally {
    prepared.dispose?.();
  }
  console.log(lineOf(result));
  return result;
}

async function tryAll(
  kind: Kind,
  { tryCase, count }: Prepared,
  folder: string,
  result: Tally,
): Promise<void> {
  for (const index of numbers(kind, count, new Random(`${values.seed}/${kind.name}`))) {
    const own = join(folder, `case-${index}`);
    rmSync(own, { recursive: true, force: true });
    mkdirSync(own);
    result.cases += 1;
    try {
      const place = await tryCase(new Random(`${values.seed}/${kind.name}/${index}`), own, index);
      result.places.set(place, (result.places.get(place) ?? 0) + 1);
      rmSync(own, { recursive: true });
    } catch (error) {
      result.failed += 1;
      console.error(`FAILED: ${kind.name}, case ${index}: ${(error as Error).stack}`);
      console.error(`  kept:  ${own}`);
      console.error(`  again: npm run chaos -- --seed ${values.seed} --kind '${kind.name}' --case ${index}`);
    }
  }
}

function numbers({ short, long }: Kind, count: number | undefined, random: Random): readonly number[] {
  if (values.case !== undefined) return [Number(values.case)];
  if (count !== undefined && values.short)
    return Array.from({ length: short }, () => 1 + random.below(count));
  const wanted = values.short
    ? short
    : long === 'all'
      ? (count ?? 0)
      : Math.ceil(long * Number(values.times));
  return Array.from({ length: wanted }, (_, index) => index + 1);
}

function lineOf({ kind, cases, failed, places, impossible }: Tally): string {
  if (impossible !== undefined) return `SKIPPED: ${kind}: ${impossible}`;
  const where = [...places].toSorted().map(([place, count]) => `${place} ${count}`);
  return `${kind}: ${cases} cases, ${failed} failed (${where.join(', ')})`;
}

function printTable(): void {
  const rows = tallies.map(({ kind, cases, failed, impossible }) => [
    kind,
    impossible === undefined ? String(cases) : 'skipped',
    String(failed),
  ]);
  rows.push(['all', String(sum(tallies.map(({ cases }) => cases))), String(failed)]);
  const width = Math.max(...rows.map(([kind = '']) => kind.length));
  console.log(
    `\n| ${'kind'.padEnd(width)} |   cases | failed |\n| ${'-'.repeat(width)} | ------: | -----: |`,
  );
  for (const [kind = '', cases = '', bad = ''] of rows) {
    console.log(`| ${kind.padEnd(width)} | ${cases.padStart(7)} | ${bad.padStart(6)} |`);
  }
}

function sum(numbersToAdd: readonly number[]): number {
  return numbersToAdd.reduce((total, each) => total + each, 0);
}
