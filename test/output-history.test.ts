import { describe, expect, it } from '@jest/globals';
import type { HistoryEntry } from '../src/domain/journal.js';
import { historyText } from '../src/output-history.js';
import type { Paint } from '../src/output.js';

const plain: Paint = (_style, text) => text;

const ENTRY: HistoryEntry = {
  runId: '21a712bda004',
  name: '001_users',
  direction: 'up',
  outcome: 'applied',
  startedAt: '2026-11-25T16:20:11.123Z',
  durationMs: 12.4,
  rows: 1204,
  who: 'ann@laptop',
  file: '001_users.ts',
  checksum: 'abc',
  error: null,
  versions: { decant: '0.1.0', sqlite: '3.54.0', node: '24.21.0' },
};
const OLD = { runId: 'b2', rows: null, who: null, versions: null } as const;

describe('historyText', () => {
  it('shows what a terminal would obey', () => {
    const failed = { ...ENTRY, outcome: 'failed', error: 'no such table: \u001B[31m' } as const;
    expect(historyText([failed], undefined, plain)).toContain('    no such table: \\x1b[31m');
  });

  it('says who ran what, when, how long and with which versions, run by run', () => {
    const text = historyText(
      [
        {
          ...ENTRY,
          outcome: 'failed',
          name: '002_posts',
          rows: null,
          error: `Migration 002_posts failed:\n${'no such table '.repeat(9)}`,
        },
        ENTRY,
        {
          ...ENTRY,
          ...OLD,
          name: 'x'.repeat(60),
          outcome: 'rolled-back',
          direction: 'down',
          durationMs: 2500,
        },
        {
          ...ENTRY,
          ...OLD,
          runId: 'c3',
          name: '2026-11-24T02-30-00-123Z-21a712bda004',
          outcome: 'restored',
          direction: null,
          durationMs: 0,
          file: '2026-11-25T02-30-00-123Z-5ab712bda004.db',
        },
      ],
      undefined,
      plain,
    );
    expect(text).toBe(`Run 21a712bda004, 2026-11-25 16:20:11 UTC, by ann@laptop
  Decant 0.1.0, SQLite 3.54.0, Node.js 24.21.0
  ✗ up failed    002_posts                               12 ms
    Migration 002_posts failed: no such table no such table no such table no
    such table no such table no such table no such table no such table no such
    table
  ✓ applied      001_users                               12 ms, 1,204 rows

Run b2, 2026-11-25 16:20:11 UTC
  ✓ rolled back  ${'x'.repeat(60)}
    2.5 s

Run c3, 2026-11-25 16:20:11 UTC
  ↺ restored     2026-11-24T02-30-00-123Z-21a712bda004
    what it replaced is kept as 2026-11-25T02-30-00-123Z-5ab712bda004.db`);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('says that there is none', () => {
    expect(historyText([], undefined, plain)).toBe('No history: nothing is in a journal here yet.');
    expect(historyText([], '007_x', plain)).toBe('No history of 007_x.');
  });
});
