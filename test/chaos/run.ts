// Tries disasters, case by case, and prints how many were tried and how many failed. Run it by `npm run chaos`:
//
//   npm run chaos -- [--seed TEXT] [--kind PART OF NAME] [--times FACTOR] [--case NUMBER] [--short]
//
// A case is told by seed, kind and number: with these three it is the same case again, but for the moment at which
// the machine gets to it. The databases of a case that failed are kept.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { KINDS } from './kinds/index.js';
import { Workshop } from './project.js';
import { tableOf, tryKind, type Tally, type Trial } from './trial.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    kind: { type: 'string', default: '' },
    times: { type: 'string', default: '1' },
    case: { type: 'string' },
    short: { type: 'boolean', default: false },
  },
});

const root = realpathSync(mkdtempSync(join(tmpdir(), 'decant-chaos-')));
const workshop = new Workshop(join(root, 'templates'));
const kinds = KINDS.filter(({ name }) => name.toLowerCase().includes(values.kind.toLowerCase()));
if (kinds.length === 0) throw new Error(`no kind of disaster has "${values.kind}" in its name`);
const tallies: Tally[] = [];
console.log(`seed ${values.seed}`);
for (const [index, kind] of kinds.entries()) {
  const folder = join(root, String(index + 1));
  const tally = await tryKind(kind, { seed: values.seed, workshop, folder, choice: choice() });
  report(tally);
  tallies.push(tally);
}
console.log(`\n${tableOf(tallies)}`);
if (tallies.some(({ failures }) => failures.length > 0)) process.exitCode = 1;
else rmSync(root, { recursive: true });

function choice(): Trial['choice'] {
  if (values.case !== undefined) return { number: Number(values.case) };
  return values.short ? 'short' : { times: Number(values.times) };
}

function report({ kind, cases, failures, places, impossible }: Tally): void {
  for (const { number, error, folder } of failures) {
    console.error(`FAILED: ${kind}, case ${number}: ${error.stack}`);
    console.error(`  kept:  ${folder}`);
    console.error(`  again: npm run chaos -- --seed ${values.seed} --kind '${kind}' --case ${number}`);
  }
  const where = [...places].map(([place, count]) => `${place} ${count}`).toSorted();
  console.log(
    impossible === undefined
      ? `${kind}: ${cases} cases, ${failures.length} failed (${where.join(', ')})`
      : `SKIPPED: ${kind}: ${impossible}`,
  );
}
