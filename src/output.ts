import type { HeldMigration, Plan } from './domain/plan.js';
import type { ArchiveTotal, PruneReport } from './domain/archive.js';
import { rowsText } from './domain/batches.js';
import type { Backup, Restored } from './domain/backup.js';
import { durationText } from './domain/duration.js';
import type { RunReport, StepResult } from './domain/report.js';
import { sizeText } from './domain/size.js';
import type { MigrationStatus, StatusReport } from './domain/status.js';
import { visible, visibleIn, visibleLines } from './domain/visible.js';
import {
  ForeignKeyError,
  MigrationFailedError,
  PrerequisiteError,
  type DecantError,
  type Failure,
} from './errors.js';

/** Gives text a colour, or leaves it as it is where there is none. */
export type Paint = (style: 'red' | 'green' | 'yellow' | 'dim' | 'bold', text: string) => string;

/** `migrate:status`: the list in the order of the migrations, and a line for each anomaly. */
export function statusText(given: StatusReport, paint: Paint): string {
  const report = visibleIn(given);
  const width = widest(report.migrations);
  return [
    '',
    paint('bold', 'Migration Status:'),
    '=================',
    '',
    ...report.migrations.map((entry) => statusLine(entry, width, paint)),
    ...(report.total === 0 ? ['No migrations.'] : []),
    '',
    `Total: ${report.total} | Applied: ${report.applied} | Pending: ${report.pending}`,
    ...(report.archives === undefined ? [] : [paint('dim', `Archives: ${archivesText(report.archives)}`)]),
    ...report.anomalies.map(({ kind, message }) => paint('yellow', `! ${kind}: ${visible(message)}`)),
  ].join('\n');
}

/** How many tables, and how large: `3 tables, 1.2 MB`. */
export function archivesText({ tables, bytes }: ArchiveTotal): string {
  return `${tables} ${tables === 1 ? 'table' : 'tables'}${bytes === null ? '' : `, ${sizeText(bytes)}`}`;
}

/** `migrate:prune`: what can no longer be rolled back. */
export function prunedText(given: PruneReport, paint: Paint): string {
  const report = visibleIn(given);
  const { migrations, before } = report;
  if (migrations.length === 0) return `Nothing to prune: nothing was parked before ${before}.`;
  return `${paint('green', '✓')} Pruned ${archivesText(report)} of ${migrations.join(', ')}.`;
}

/** `migrate:plan`: what would be done, in order, and what would be left. */
export function planText(given: Plan, paint: Paint): string {
  const plan = visibleIn(given);
  const width = widest([...plan.steps, ...plan.held]);
  const heading = plan.steps.length === 0 ? nothingToDo(plan) : `migrate:${plan.command} would run:`;
  const held = (each: HeldMigration): string =>
    paint('dim', `  ----  ${each.name.padEnd(width)}  ${each.reason}`);
  return [
    heading,
    ...plan.steps.map((step) => `  ${step.direction.padEnd(4)}  ${step.name.padEnd(width)}  ${step.reason}`),
    ...(plan.held.length > 0 ? ['and leave:', ...plan.held.map(held)] : []),
    ...plan.warnings.map((warning) => paint('yellow', `! ${warning}`)),
  ].join('\n');
}

/** One line for a step that has ended. */
export function stepText(result: StepResult, paint: Paint): string {
  const { name, outcome, durationMs } = visibleIn(result);
  if (outcome === 'skipped') return paint('dim', `- ${name}  done by another process meanwhile`);
  const verb = outcome === 'applied' ? 'Applied' : 'Rolled back';
  return `${paint('green', '✓')} ${verb} ${name} ${paint('dim', `(${durationText(durationMs)})`)}`;
}

/** The last lines of a run. */
export function runText(given: RunReport, paint: Paint): string {
  const report = visibleIn(given);
  const warnings = report.warnings.map((warning) => paint('yellow', `! ${warning}`));
  if (report.steps.length === 0) return [nothingToDo(report), ...warnings].join('\n');
  const count = (outcome: StepResult['outcome']): number =>
    report.steps.filter((step) => step.outcome === outcome).length;
  const parts = [
    plural(count('rolled-back'), 'rolled back'),
    plural(count('applied'), 'applied'),
    plural(count('skipped'), 'done by another process'),
  ].filter((part) => part !== '');
  const backup = report.backup === null ? [] : [paint('dim', `Backup: ${report.backup}`)];
  const names = report.hooks.filter(({ calls }) => Object.keys(calls).length > 0).map(({ name }) => name);
  const hooks = names.length === 0 ? [] : [paint('dim', `Hooks: ${names.join(', ')}`)];
  return [`Done: ${parts.join(', ')}.`, ...backup, ...hooks, ...warnings].join('\n');
}

/** `migrate:backups`: a line for each, newest first. */
export function backupsText(given: readonly Backup[], folder: string, paint: Paint): string {
  const backups = visibleIn(given);
  if (folder === '') return 'A database in memory has no backups.';
  if (backups.length === 0) return `No backups in ${folder}.`;
  const sizes = backups.map(({ size }) => sizeText(size));
  const width = Math.max(...sizes.map((size) => size.length));
  return [
    `Backups in ${folder}:`,
    ...backups.map(({ name, madeAt, preceded }, index) => {
      const at = `${madeAt.slice(0, 19).replace('T', ' ')}  ${sizes[index]?.padStart(width)}`;
      return `${name}  ${at}  ${paint('dim', precededText(preceded))}`;
    }),
  ].join('\n');
}

/** `migrate:restore`: what the database holds now, and where to find what it held. */
export function restoredText(restored: Restored, paint: Paint): string {
  const { backup, replaced } = visibleIn(restored);
  const before = replaced === null ? [] : [`What it held before is kept as ${replaced.name}.`];
  const from = `Restored ${backup.name} (${precededText(backup.preceded)})`;
  return [`${paint('green', '✓')} ${from}.`, ...before].join('\n');
}

function precededText(preceded: Backup['preceded']): string {
  if (preceded === null) return 'of unknown occasion';
  const { command, names } = preceded;
  if (command === 'backup') return 'by migrate:backup';
  const [first = '', last] = [names[0], names.at(-1)];
  return `before ${command} of ${names.length > 1 ? `${first} to ${last} (${names.length})` : first}`;
}

/** An error of Decant's own: what happened, where, what it left behind, and what to do. */
export function errorText(error: DecantError, paint: Paint): string {
  const facts = error instanceof MigrationFailedError ? failureLines(error.failure) : [];
  return [
    `${paint('red', '✗')} ${inWords(error, error.message)}`,
    ...facts.map(([label, text]) => `  ${paint('dim', label.padEnd(12))} ${indented(text)}`),
    ...(error instanceof ForeignKeyError && error.violations.length > 0
      ? [`  ${paint('dim', 'Rows'.padEnd(12))} ${violationsText(error)}`]
      : []),
    `  ${paint('dim', 'Next'.padEnd(facts.length > 0 ? 12 : 4))} ${inWords(error, error.hint)}`,
  ].join('\n');
}

// A message may have lines (of a compiler, say), the names in it must not: where they are known, they are shown on one.
function inWords(error: DecantError, text: string): string {
  const names = namesIn(error).filter((name) => name.includes('\n'));
  return visibleLines(names.reduce((sum, name) => sum.replaceAll(name, visible(name)), text));
}

function namesIn(error: DecantError): readonly string[] {
  if (error instanceof PrerequisiteError)
    return error.unmet.flatMap(({ migration, message }) => [migration, message.replace(/\.$/, '')]);
  if (!(error instanceof MigrationFailedError)) return [];
  const { migration, file, completed } = error.failure;
  return [migration, ...completed, ...(file === undefined ? [] : [file, file.replace(/^.*[\\/]/s, '')])];
}

/** How many rows that violate a foreign key are shown; there may be millions. */
export const ROWS_SHOWN = 10;

function violationsText({ violations }: ForeignKeyError): string {
  const rows = violations
    .slice(0, ROWS_SHOWN)
    .map(visibleIn)
    .map(({ table, row, columns, values }) => `${table} ${row}: (${columns.join(', ')}) = (${cut(values)})`);
  if (violations.length > ROWS_SHOWN) rows.push(`… (${violations.length - ROWS_SHOWN} more rows)`);
  return rows.join(`\n${' '.repeat(15)}`);
}

function failureLines(given: Failure): readonly (readonly [string, string])[] {
  const failure = visibleIn(given);
  const line = failure.line === undefined ? '' : `:${failure.line}`;
  const lines: (readonly [string, string | undefined])[] = [
    ['File', failure.file === undefined ? undefined : failure.file + line],
    ['Statement', failure.sql],
    ['SQLite', failure.sqliteCode],
    ['Rolled back', ROLLED_BACK[failure.rolledBack]?.replace('NAME', failure.migration)],
    ['Done', failure.progress && `${rowsText(failure.progress)}, which stay`],
    ['Backup', failure.backup],
    [
      'Before it',
      failure.completed.length > 0 ? `${failure.completed.join(', ')} (done, and stays)` : undefined,
    ],
  ];
  lines.push(...(failure.warnings ?? []).map((warning) => ['Warning', warning] as const));
  return lines.flatMap(([label, text]) => (text === undefined ? [] : [[label, text] as const]));
}

const ROLLED_BACK: Record<Failure['rolledBack'], string | undefined> = {
  all: 'NAME, completely',
  unknown: 'not all of it',
  'not begun': undefined,
  restored: 'NAME, by its backup',
  batch: 'the batch that failed',
};

const SQL_LINES = 12;
const SQL_WIDTH = 200;

// A statement as its author wrote it, without the margin of the code around it.
function indented(text: string): string {
  const lines = text.replace(/^\s*\n|\s+$/g, '').split('\n');
  const margin = Math.min(
    ...lines.filter((line) => line.trim() !== '').map((line) => /^\s*/.exec(line)?.[0].length ?? 0),
  );
  const shown = lines.slice(0, SQL_LINES).map((line) => cut(line.slice(lines.length > 1 ? margin : 0)));
  if (lines.length > SQL_LINES) shown.push(`… (${lines.length - SQL_LINES} more lines)`);
  return shown.join(`\n${' '.repeat(15)}`);
}

function cut(line: string): string {
  return line.length > SQL_WIDTH ? `${line.slice(0, SQL_WIDTH)} …` : line.trimEnd();
}

function statusLine(entry: MigrationStatus, width: number, paint: Paint): string {
  const { name, appliedAt, applied, progress } = entry;
  if (progress !== undefined) {
    const rows = `(${applied ? 'rolling back: ' : ''}${rowsText(progress)})`;
    return `${paint('yellow', '[~]')} ${name.padEnd(width)}  ${paint('dim', rows)}`;
  }
  if (!applied) return `${paint('yellow', '[ ]')} ${name}`;
  return `${paint('green', '[x]')} ${name.padEnd(width)}  ${paint('dim', `(applied: ${appliedAt})`)}`;
}

/** What a command says that has nothing to do. */
export function nothingToDo({ command, held }: Pick<Plan, 'command' | 'held'>): string {
  const state = command === 'up' ? 'pending' : 'applied';
  if (held.length > 0) return `Nothing to do: ${plural(held.length, `${state} left as asked`)}.`;
  return command === 'up' ? 'Nothing to do: nothing is pending.' : 'Nothing to do: no migration is applied.';
}

/** A part of a sum; empty where there is none of it. */
export function plural(count: number, what: string): string {
  return count === 0 ? '' : `${count} ${what}`;
}

function widest(items: readonly { readonly name: string }[]): number {
  return items.reduce((width, { name }) => Math.max(width, name.length), 0);
}
