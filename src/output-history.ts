import { durationText } from './domain/duration.js';
import type { HistoryEntry } from './domain/journal.js';
import { countText } from './domain/size.js';
import { visible, visibleIn } from './domain/visible.js';
import type { Paint } from './output.js';

/** What a terminal has at least. */
const WIDTH = 80;
const NAME_WIDTH = 38;
const ERROR_LINES = 4;

/** `migrate:history`: the runs, newest first, each with what it did, newest first. */
export function historyText(given: readonly HistoryEntry[], name: string | undefined, paint: Paint): string {
  const entries = visibleIn(given);
  if (entries.length === 0)
    return name === undefined
      ? 'No history: nothing is in a journal here yet.'
      : `No history of ${visible(name)}.`;
  return runsOf(entries)
    .map((run) => [...headingOf(run, paint), ...run.flatMap((entry) => entryLines(entry, paint))].join('\n'))
    .join('\n\n');
}

type Entries = readonly [HistoryEntry, ...HistoryEntry[]];

function runsOf(entries: readonly HistoryEntry[]): readonly Entries[] {
  const runs: [HistoryEntry, ...HistoryEntry[]][] = [];
  for (const entry of entries) {
    const last = runs.at(-1);
    if (last?.[0].runId === entry.runId) last.push(entry);
    else runs.push([entry]);
  }
  return runs;
}

function headingOf([{ runId, startedAt, who, versions }]: Entries, paint: Paint): readonly string[] {
  const by = who === null ? '' : `, by ${who}`;
  const { decant, sqlite, node } = versions ?? { decant: null, sqlite: null, node: null };
  const told = [
    decant === null ? [] : [`Decant ${decant}`],
    sqlite === null ? [] : [`SQLite ${sqlite}`],
    node === null ? [] : [`Node.js ${node}`],
  ].flat();
  return [
    `${paint('bold', `Run ${runId}`)}, ${startedAt.slice(0, 19).replace('T', ' ')} UTC${by}`,
    ...(told.length === 0 ? [] : [paint('dim', `  ${told.join(', ')}`)]),
  ];
}

function entryLines(entry: HistoryEntry, paint: Paint): readonly string[] {
  const { mark, word, style } = OUTCOMES[entry.outcome];
  const verb = entry.outcome === 'failed' ? `${entry.direction ?? ''} ${word}`.trim() : word;
  const facts = factsOf(entry);
  const fits = entry.name.length <= NAME_WIDTH;
  const line = `  ${paint(style, mark)} ${verb.padEnd(11)}  ${fits ? entry.name.padEnd(NAME_WIDTH) : entry.name}`;
  return [
    ...(fits ? [`${line}  ${facts}`.trimEnd()] : [line, ...(facts === '' ? [] : [`    ${facts}`])]),
    ...detailLines(entry).map((detail) => `    ${detail}`),
  ];
}

const OUTCOMES = {
  applied: { mark: '✓', word: 'applied', style: 'green' },
  'rolled-back': { mark: '✓', word: 'rolled back', style: 'yellow' },
  failed: { mark: '✗', word: 'failed', style: 'red' },
  restored: { mark: '↺', word: 'restored', style: 'yellow' },
} as const;

function factsOf({ outcome, durationMs, rows }: HistoryEntry): string {
  if (outcome === 'restored') return '';
  return [durationText(durationMs), ...(rows === null ? [] : [countText(rows, 'row')])].join(', ');
}

function detailLines({ outcome, error, file }: HistoryEntry): readonly string[] {
  if (outcome === 'restored' && file !== null) return [`what it replaced is kept as ${file}`];
  return error === null ? [] : wrapped(error, WIDTH - 4).slice(0, ERROR_LINES);
}

function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.trim().split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
