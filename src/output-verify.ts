import {
  countOf,
  type ContentDifference,
  type SeededTable,
  type Verdict,
  type VerifiedMigration,
  type VerifyProblem,
  type VerifyReport,
} from './domain/verification.js';
import { visibleIn } from './domain/visible.js';
import type { Paint } from './output.js';

/** `migrate:verify`: a line for each migration, and below it what there is to say of it. */
export function verifyText(given: VerifyReport, paint: Paint): string {
  const report = visibleIn(given);
  const { migrations, notTried, mode, warnings } = report;
  const lines = migrations.flatMap((each) => [
    `${paint(STYLES[each.verdict], `${SIGNS[each.verdict]} ${each.verdict.padEnd(12)}`)}  ${each.name}`,
    ...remarksOn(each, 'what differs').map((line) => `    ${line}`.trimEnd()),
  ]);
  const reach = mode === 'applied' ? 'it cannot be rolled back any further' : 'what they build on failed';
  return [
    ...lines,
    ...(notTried.length > 0 ? [`Not tried, as ${reach}: ${notTried.join(', ')}.`] : []),
    ...seededLines(report.seeded),
    ...(migrations.length > 0 ? [summaryOf(report)] : [NOTHING[mode]]),
    ...warnings.map((warning) => paint('yellow', `! ${warning}`)),
  ].join('\n');
}

/** What there is to say of one migration, a line each. @param what `'what is wrong'`: nothing of what may differ by nature */
export function remarksOn(
  migration: VerifiedMigration,
  what: 'what differs' | 'what is wrong',
): readonly string[] {
  const { verdict, losses, unrepeated, problems, reason } = migration;
  return [
    ...(reason === null ? [] : [reason]),
    ...losses.map(differenceText),
    ...problems.flatMap(problemLines),
    ...(verdict === 'exact' && what === 'what differs'
      ? unrepeated.map((each) => `a second time it gives other content: ${differenceText(each)}`)
      : []),
  ];
}

const SIGNS: Readonly<Record<Verdict, string>> = { exact: '✓', lossy: '!', irreversible: '-', broken: '✗' };
const STYLES = { exact: 'green', lossy: 'yellow', irreversible: 'dim', broken: 'red' } as const;

const NOTHING: Readonly<Record<VerifyReport['mode'], string>> = {
  pending: 'Nothing is pending. --applied verifies what is applied, --empty all from nothing.',
  applied: 'Nothing is applied. --empty verifies all from nothing.',
  empty: 'There are no migrations.',
};

function summaryOf(report: VerifyReport): string {
  const counts = (['exact', 'lossy', 'irreversible', 'broken'] as const)
    .map((verdict) => ({ verdict, count: countOf(report, verdict) }))
    .filter(({ count }) => count > 0)
    .map(({ verdict, count }) => `${count} ${verdict}`);
  return `Verified: ${counts.join(', ')}.`;
}

function differenceText({ kind, table, column, rows = 0 }: ContentDifference): string {
  const count = rows === 1 ? '1 row' : `${rows} rows`;
  const texts: Record<ContentDifference['kind'], string> = {
    missing: `${table}: ${count} missing`,
    added: `${table}: ${count} added`,
    changed: `${table}.${column ?? ''}: ${count} with another value`,
    rowids: `${table}: ${count} with another rowid`,
    sequence: `${table}: AUTOINCREMENT goes on from another number`,
    search: `${table}: the full-text index does not find what it has to any more`,
  };
  return texts[kind];
}

function problemLines({ step, diff, error }: VerifyProblem): readonly string[] {
  if (error !== null) return [`${step} failed: ${error.message}`, `  ${error.hint}`];
  const than = step.startsWith('second') ? 'the first time' : 'before';
  return [
    `after the ${step}, the schema is not what it was ${than}:`,
    ...(diff ?? '').split('\n').map((line) => `  ${line}`),
  ];
}

function seededLines(seeded: readonly SeededTable[]): readonly string[] {
  const filled = seeded.filter(({ rows }) => rows > 0).map(({ table, rows }) => `${table} (${rows})`);
  return [
    ...(filled.length > 0 ? [`Seeded, with so many rows: ${filled.join(', ')}.`] : []),
    ...seeded.flatMap(({ table, reason }) => (reason === null ? [] : [`Not seeded: ${table}: ${reason}`])),
  ];
}
