// The Markdown of a run: pure.
import type { Results } from './measure.ts';
import { at, ratio, targetsOf, type Measurements, type Target } from './targets.ts';
import type { Peer, Table } from './workloads.ts';

/** Where and by what a run was made. */
export interface Setting {
  readonly date: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly pragmas: readonly string[];
  /** Of the minute before the run, and of the one before its end. */
  readonly load: readonly [before: number, after: number];
  readonly minutes: number;
}

/** RESULTS.md. @param notes what a person has written about it */
export function reportOf(
  setting: Setting,
  peers: readonly Peer[],
  measured: Measurements,
  notes: string,
): string {
  return [
    '# Results',
    '',
    '<!-- Written by `npm run bench`. What a person has to say about it is in notes.md. -->',
    '',
    ...settingLines(setting, peers),
    '## Targets',
    '',
    'How many times as much as what it is compared with, at most, and what was measured.',
    '',
    ...table(['', 'target', 'measured', ''], targetsOf(measured).map(targetRow)),
    notes.trim(),
    '',
    ...WORKLOADS.flatMap((workload) => workload(measured, peers)),
  ].join('\n');
}

/** One workload, as text for the terminal. */
export function tablesText(title: string, tables: readonly Table[]): string {
  const [base] = Object.keys(tables[0]?.results ?? {});
  return [title, '', ...tablesOf(tables, base)].join('\n');
}

function settingLines(
  { date, machine, versions, pragmas, load, minutes }: Setting,
  peers: readonly Peer[],
): string[] {
  const [before, after] = load.map((each) => each.toFixed(1));
  return [
    `${date}, ${machine}. Load average ${before} before and ${after} at the end; the run took ${minutes.toFixed(0)} minutes.`,
    '',
    `All are on better-sqlite3${peers.map(otherDriver).join('')}. Every connection is set to ${pragmas.map((pragma) => `\`${pragma}\``).join(', ')}, but for the CLI (5): there the file is in WAL, and each tool opens it its own way. Each figure is the median of several rounds in which all took turns, every time in a process of its own, so nothing is warm. The clock runs from before the database is opened; the library is imported before that, its migrations and what it loads when it is used are not. “Once”: it took more than 4 s, and was not tried again.`,
    '',
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    '',
  ];
}

function otherDriver({ name, driver }: Peer): string {
  return driver === undefined ? '' : `; ${name} on ${driver}`;
}

const WORKLOADS: readonly ((measured: Measurements, peers: readonly Peer[]) => string[])[] = [
  ({ apply }, peers) => [
    '## 1. Apply all',
    '',
    'Migrations of one table with six columns and an index each, given as classes, functions or whatever list the peer takes (drizzle-orm: files), on an empty database. Decant makes no backup of an empty database; what one costs is below.',
    '',
    ...tablesOf(apply),
    'In one transaction for all, nothing is kept of a run that fails; with none, a migration that fails stays half done.',
    '',
    ...table(
      ['', 'transactions'],
      peers.map(({ name, transaction }) => [name, transaction]),
    ),
  ],
  ({ nothing }) => [
    '## 2. Nothing to do',
    '',
    'All applied, the files on disk: what every start of a server pays. The bare loop opens the database, reads the folder and makes one SELECT.',
    '',
    ...tablesOf(nothing),
  ],
  ({ status }) => [
    '## 3. Status',
    '',
    'Decant compares every file with the one that was applied; no peer but drizzle-orm keeps a checksum.',
    '',
    ...tablesOf(status),
  ],
  ({ rollback }) => [
    '## 4. Roll all back',
    '',
    'From the same list, in the process that has applied it. drizzle-orm has no way back. TypeORM rolls back one at a time. At 5,000 only the bare loop and Decant: some peers would need minutes.',
    '',
    ...tablesOf(rollback),
  ],
  ({ coldStart }) => [
    '## 5. CLI, cold start of status',
    '',
    'The whole process, 10 migrations. umzug: a script of `runAsCLI()`, whose `executed` names what is applied, and does not look for what is pending. drizzle-orm has no such command.',
    '',
    ...tablesOf([coldStart], 'node + better-sqlite3 + one SELECT'),
  ],
  ({ apply, nothing }) => [
    '## 6. Peak memory',
    '',
    'Of the whole process, with 1,000 migrations.',
    '',
    ...memoryTable(at(apply, 1000), at(nothing, 1000)),
  ],
  ({ typeScript }) => [
    '## 7. TypeScript without a build',
    '',
    'Apply `.ts` files of decorated classes. By hand: @swc/core in a loader hook, import, and the bare loop.',
    '',
    ...tablesOf(typeScript, '@swc/core by hand'),
  ],
  ({ large }) => [
    '## 8. One large table',
    '',
    '6 columns, 3 indexes. By hand: the same statements, and no looking after them.',
    '',
    ...tablesOf([large], 'rebuild by hand'),
  ],
];

// A row for each contestant, a column for each table; the ratio first.
function tablesOf(tables: readonly Table[], base = 'bare loop'): string[] {
  const names = [...new Set(tables.flatMap(({ results }) => Object.keys(results)))];
  const rows = names.map((name) => [name].concat(tables.map(({ results }) => cell(results, name, base))));
  return table(['', ...tables.map(({ title }) => title)], rows);
}

function cell(results: Results, name: string, base: string): string {
  const measured = results[name];
  if (measured === undefined) return '';
  const rounds = measured.rounds === 1 ? ', once' : '';
  return `**${ratio(results, name, base).toFixed(2)}** (${milliseconds(measured.ms)}${rounds})`;
}

function memoryTable(apply: Results, nothing: Results): string[] {
  const rows = Object.keys(apply).map((name) => [name, memoryCell(apply, name), memoryCell(nothing, name)]);
  return table(['', 'apply', 'nothing to do'], rows);
}

function memoryCell(results: Results, name: string): string {
  const bytes = results[name]?.memory;
  if (bytes === undefined) return '';
  return `**${ratio(results, name, 'bare loop', 'memory').toFixed(2)}** (${(bytes / 2 ** 20).toFixed(0)} MB)`;
}

function targetRow({ what, limit, measured }: Target): string[] {
  const by = measured / limit - 1;
  const verdict = measured <= limit ? 'reached' : `**missed by ${(100 * by).toFixed(0)}%**`;
  return [what, `≤ ${limit}`, measured.toFixed(2), verdict];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'));
  return [...[head, rule, ...rows].map(line), ''];
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function milliseconds(ms: number): string {
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms).toLocaleString('en')} ms`;
}
