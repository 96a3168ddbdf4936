import type { DryRunReport, DryRunStep } from './domain/dry-run.js';
import type { StatementRecord, TableRows } from './domain/statement.js';
import { durationText } from './domain/duration.js';
import { visibleIn } from './domain/visible.js';
import { nothingToDo, plural, type Paint } from './output.js';

/** What a dry run is to show beside what it always does. */
export interface DryRunTextOptions {
  readonly statements: 'counted' | 'listed';
}

/** `--dry-run`: each migration with what it did, and how it would end; the error is printed by itself. */
export function dryRunText(given: DryRunReport, paint: Paint, options: DryRunTextOptions): string {
  const report = visibleIn(given);
  const warnings = report.warnings.map((warning) => paint('yellow', `! ${warning}`));
  if (report.steps.length === 0) return [nothingToDo(report), ...warnings].join('\n');
  const place = report.on === 'copy' ? 'on a temporary copy' : 'in one transaction, which was rolled back';
  return [
    paint('bold', `Dry run of ${report.command}, ${place}:`),
    ...report.steps.flatMap((step) => ['', ...stepLines(step, paint, options)]),
    '',
    ...warnings,
    `${endText(report)} Nothing was changed.`,
  ].join('\n');
}

function endText({ command, error, steps }: DryRunReport): string {
  const count = (outcome: DryRunStep['outcome']): number =>
    steps.filter((step) => step.outcome === outcome).length;
  if (error !== null) return `${command} would fail.`;
  const parts = [
    plural(count('would roll back'), 'would be rolled back'),
    plural(count('would apply'), 'would be applied'),
    plural(count('not tried'), 'not tried'),
  ].filter((part) => part !== '');
  return `${parts.join(', ')}.`;
}

function stepLines(step: DryRunStep, paint: Paint, options: DryRunTextOptions): readonly string[] {
  if (step.outcome === 'not tried')
    return [`${paint('yellow', '-')} Not tried: ${step.name}, as ${step.reason}`];
  return [
    `${headText(step, paint)} ${paint('dim', `(${durationText(step.durationMs)})`)}`,
    ...factsOf(step, options).map(([label, text]) => {
      const lines = text.split('\n').map((line) => diffPaint(label, line, paint));
      return `  ${paint('dim', label.padEnd(LABEL))} ${lines.join(`\n${' '.repeat(LABEL + 3)}`)}`;
    }),
  ];
}

function headText({ name, direction, outcome }: DryRunStep, paint: Paint): string {
  if (outcome === 'fails') return `${paint('red', '✗')} Fails: ${direction} of ${name}`;
  return `${paint('green', '✓')} ${outcome === 'would apply' ? 'Would apply' : 'Would roll back'} ${name}`;
}

const LABEL = 12;

function diffPaint(label: string, line: string, paint: Paint): string {
  if (label !== 'Schema') return line;
  if (line.startsWith('+')) return paint('green', line);
  return line.startsWith('-') ? paint('red', line) : line;
}

function factsOf(
  step: DryRunStep,
  { statements }: DryRunTextOptions,
): readonly (readonly [string, string])[] {
  const { losses, foreignKeys, schema } = step;
  const facts: (readonly [string, string | null])[] = [
    ['Statements', statements === 'listed' ? listText(step.statements) : countText(step.statements)],
    ['Rows', rowsText(step)],
    ['Schema', schema === '' ? null : schema],
    ['Loss guard', losses],
    ['Foreign keys', foreignKeys],
  ];
  return facts.flatMap(([label, text]) => (text === null ? [] : [[label, text] as const]));
}

function countText(statements: readonly StatementRecord[]): string {
  return String(statements.reduce((sum, { count }) => sum + count, 0));
}

function listText(statements: readonly StatementRecord[]): string {
  return statements.map(statementText).join('\n') || 'none';
}

function statementText({ sql, count, values }: StatementRecord): string {
  const more = count > values.length && values.length > 0 ? ['…'] : [];
  const bound = [...values.map((each) => `(${each})`), ...more].join(' ');
  const times = count === 1 ? '' : `${count} × `;
  return [`${times}${flat(sql)}`, ...(bound === '' ? [] : [`  bound ${bound}`])].join('\n');
}

// A statement as its author wrote it, without the margin of the code around it.
function flat(sql: string): string {
  const lines = sql.trim().split('\n');
  const margin = Math.min(
    ...lines
      .slice(1)
      .filter((line) => line.trim() !== '')
      .map((line) => /^\s*/.exec(line)?.[0].length ?? 0),
  );
  return lines.map((line, index) => (index === 0 ? line : line.slice(margin))).join('\n');
}

function rowsText({ rows, statements }: DryRunStep): string | null {
  const indirect = statements.reduce((sum, each) => sum + each.indirectRows, 0);
  const lines = rows.map(tableText);
  if (indirect > 0) lines.push(`${indirect} more by triggers and foreign keys`);
  return lines.length === 0 ? null : lines.join('\n');
}

function tableText({ table, inserted, updated, deleted }: TableRows): string {
  const parts = [plural(inserted, 'inserted'), plural(updated, 'updated'), plural(deleted, 'deleted')];
  return `${table}: ${parts.filter((part) => part !== '').join(', ')}`;
}
