import { slowest, type Profile, type ProfiledMigration, type SlowStatement } from './domain/profile.js';
import { countText } from './domain/size.js';
import { visibleIn } from './domain/visible.js';
import type { Paint } from './output.js';

const WIDTH = 80;
const NAME_WIDTH = 30;
const BAR_WIDTH = 10;
const SLOWEST = 10;
const SQL_LINES = 4;
const MARGIN = '     ';

/** `--profile`: where the time of a run went, by migration, and the statements that took most. */
export function profileText(given: Profile, paint: Paint): string {
  const profile = visibleIn(given);
  const statements = slowest(profile, SLOWEST);
  return [
    '',
    paint('bold', headingOf(profile)),
    '',
    ...tableOf(profile.migrations, paint),
    ...(statements.length === 0 ? [] : ['', paint('bold', 'Slowest statements'), '']),
    ...statements.map((statement, index) => statementLines(statement, index + 1, paint).join('\n')),
  ].join('\n');
}

function headingOf({ durationMs, migrations }: Profile): string {
  const all = migrations.flatMap(({ statements }) => statements);
  const inSqlite = all.reduce((sum, statement) => sum + statement.durationMs, 0);
  const executions = all.reduce((sum, { count }) => sum + count, 0);
  const what = `${countText(migrations.length, 'migration')}, ${countText(executions, 'statement')}`;
  return `Profile: ${what}; ${timeText(inSqlite)} of ${timeText(durationMs)} in their SQL`;
}

function tableOf(migrations: readonly ProfiledMigration[], paint: Paint): readonly string[] {
  const total = migrations.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const most = Math.max(...migrations.map(({ durationMs }) => durationMs));
  const mostRows = Math.max(...migrations.map(({ rows }) => rows));
  const lines = migrations.map(({ name, outcome, durationMs, rows }) => {
    const label = outcome === 'failed' ? `✗ ${name}` : name;
    const share = `${Math.round((100 * durationMs) / (total || 1))} %`;
    const cells = [
      label.padEnd(NAME_WIDTH),
      timeText(durationMs).padStart(8),
      share.padStart(5),
      bar(durationMs, most),
      rows.toLocaleString('en-US').padStart(10),
      bar(rows, mostRows),
    ];
    // A long name has a line of its own.
    const [first = '', ...rest] = cells;
    return label.length > NAME_WIDTH
      ? `${label}\n${[' '.repeat(NAME_WIDTH), ...rest].join(' ').trimEnd()}`
      : [first, ...rest].join(' ').trimEnd();
  });
  const heading = [
    'Migration'.padEnd(NAME_WIDTH),
    'Time'.padStart(8),
    'Share'.padStart(5),
    ' '.repeat(BAR_WIDTH),
    'Rows'.padStart(10),
  ].join(' ');
  return [paint('dim', heading), ...lines];
}

const EIGHTHS = ' ▏▎▍▌▋▊▉█';

function bar(value: number, most: number): string {
  const eighths = most === 0 ? 0 : Math.round((8 * BAR_WIDTH * value) / most);
  const whole = '█'.repeat(Math.floor(eighths / 8));
  const part = eighths % 8 === 0 ? '' : EIGHTHS.charAt(eighths % 8);
  return (whole + part).padEnd(BAR_WIDTH);
}

function statementLines(statement: SlowStatement, place: number, paint: Paint): readonly string[] {
  const { migration, durationMs, count, rows, indirectRows, sql, plan } = statement;
  const times = count === 1 ? [] : [`${count.toLocaleString('en-US')} times`];
  const changed = rows === 0 ? [] : [countText(rows, 'row')];
  const indirect = indirectRows === 0 ? [] : [`${indirectRows.toLocaleString('en-US')} indirectly`];
  return [
    `${String(place).padStart(3)}. ${paint('bold', timeText(durationMs))}  ${[...times, ...changed, ...indirect, migration].join(', ')}`,
    ...sqlLines(sql).map((line) => MARGIN + line),
    ...(plan ?? []).map((line) => paint('dim', `${MARGIN}| ${cut(line, WIDTH - MARGIN.length - 2)}`)),
    ...remarks(statement).map((remark) => paint('yellow', `${MARGIN}! ${remark}`)),
  ];
}

function remarks({ scans, count }: SlowStatement): readonly string[] {
  const each = count === 1 ? '' : `, each of ${count.toLocaleString('en-US')} times`;
  return scans.map(({ table, rows }) => {
    const size = rows === null ? '' : ` (${countText(rows, 'row')})`;
    return `reads the whole of ${table}${size}${each}: no index is used`;
  });
}

function sqlLines(sql: string): readonly string[] {
  const lines: string[] = [];
  for (const word of sql.trim().split(/\s+/)) {
    const last = lines.at(-1);
    const fits = last !== undefined && last.length + 1 + word.length <= WIDTH - MARGIN.length;
    if (fits) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  const shown = lines.slice(0, SQL_LINES).map((line) => cut(line, WIDTH - MARGIN.length));
  return lines.length > SQL_LINES ? [...shown, '…'] : shown;
}

function cut(line: string, width: number): string {
  return line.length > width ? `${line.slice(0, width - 1)}…` : line;
}

function timeText(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return ms >= 10 ? `${Math.round(ms)} ms` : `${ms.toFixed(2)} ms`;
}
