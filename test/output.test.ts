import { describe, expect, it } from '@jest/globals';
import { planDown, planReset, planUp, type HeldMigration, type Plan } from '../src/domain/plan.js';
import type { RunReport, StepResult } from '../src/domain/report.js';
import { statusOf, type StatusReport } from '../src/domain/status.js';
import {
  ForeignKeyError,
  MigrationFailedError,
  OutOfOrderError,
  UsageError,
  type Failure,
} from '../src/errors.js';
import { errorText, planText, runText, statusText, stepText, type Paint } from '../src/output.js';
import { historyWith } from './helpers/histories.js';

const plain: Paint = (_, text) => text;
const marked: Paint = (style, text) => `<${style}>${text}</${style}>`;

/** Text as it stands in this file: without the first line end, the last one and the margin. */
const text = (block: string): string => block.replace(/^\n|\n *$/g, '').replaceAll(/^ {6}/gm, '');

const columns = (output: string): number => Math.max(...output.split('\n').map((line) => line.length));

// The longest name of Decant's own migrations has 18; this is a long one of a user's.
const LONG = '20261122093000_add_user_preferences';

const STATUS: StatusReport = {
  migrations: [
    { name: '001_initial_schema', applied: true, appliedAt: '2024-01-15 10:30:22' },
    { name: '002_add_indexes', applied: true, appliedAt: '2024-01-15 10:30:23' },
    { name: '003_add_user_prefs', applied: false },
  ],
  total: 3,
  applied: 2,
  pending: 1,
  anomalies: [],
};

describe('statusText', () => {
  it('has exactly the shape that is promised', () => {
    expect(statusText(STATUS, plain)).toBe(
      '\n' +
        'Migration Status:\n' +
        '=================\n' +
        '\n' +
        '[x] 001_initial_schema  (applied: 2024-01-15 10:30:22)\n' +
        '[x] 002_add_indexes     (applied: 2024-01-15 10:30:23)\n' +
        '[ ] 003_add_user_prefs\n' +
        '\n' +
        'Total: 3 | Applied: 2 | Pending: 1',
    );
  });

  it('adds a line for each anomaly after it', () => {
    const report = statusOf(historyWith(['1_a', '3_c', '4_d'], ['2_b', '3_c'], ['3_c']));
    expect(statusText(report, plain)).toBe(
      text(`

      Migration Status:
      =================

      [ ] 1_a
      [x] 2_b  (applied: 2024-01-15 10:30:22)
      [x] 3_c  (applied: 2024-01-15 10:30:22)
      [ ] 4_d

      Total: 4 | Applied: 2 | Pending: 2
      ! missing: 2_b is recorded as applied, but is not in the source
      ! changed: 3_c was edited after it had been applied
      ! out-of-order: 1_a is pending, but sorts before 3_c, which is applied
      `),
    );
  });

  it('says that there are none', () => {
    expect(statusText(statusOf(historyWith([], [])), plain)).toBe(
      text(`

      Migration Status:
      =================

      No migrations.

      Total: 0 | Applied: 0 | Pending: 0
      `),
    );
  });

  it('lines up the times after the longest name, pending ones included', () => {
    const report = statusOf(historyWith(['001_a', '002_much_longer'], ['001_a']));
    expect(statusText(report, plain)).toContain(`[x] 001_a            (applied:`);
  });

  it('has no white space at the end of a line', () => {
    expect(statusText(STATUS, plain)).not.toMatch(/[ \t]$/m);
  });

  it('fits into 80 columns with long names', () => {
    const report = statusOf(historyWith([LONG, '001_a'], [LONG]));
    expect(statusText({ ...report, anomalies: [] }, plain).split('\n')).toContain(
      `[x] ${LONG}  (applied: 2024-01-15 10:30:22)`,
    );
    expect(columns(statusText({ ...report, anomalies: [] }, plain))).toBeLessThanOrEqual(80);
  });

  it('fits what is missing and what is changed into 80 columns with ordinary names', () => {
    const report = statusOf(
      historyWith(['001_initial_schema'], ['001_initial_schema', '002_add_indexes'], ['001_initial_schema']),
    );
    expect(report.anomalies.map(({ kind }) => kind)).toEqual(['missing', 'changed']);
    expect(columns(statusText(report, plain))).toBeLessThanOrEqual(80);
  });

  it('colours the marks, the title and the anomalies, not the spaces that line things up', () => {
    const coloured = statusText(statusOf(historyWith(['001_a', '003_ccc'], ['001_a', '002_b'])), marked);
    expect(coloured).toContain('<bold>Migration Status:</bold>');
    expect(coloured).toContain('<green>[x]</green> 001_a    <dim>(applied: 2024-01-15 10:30:22)</dim>');
    expect(coloured).toContain('<yellow>[ ]</yellow> 003_ccc');
    expect(coloured).toContain('<yellow>! missing: 002_b is recorded');
  });
});

describe('planText', () => {
  it('shows what up would do, and what it would leave', () => {
    const plan = planUp(historyWith(['001_a', '002_longer', '003_c'], []), { steps: 2 });
    expect(planText(plan, plain)).toBe(
      text(`
      migrate:up would run:
        up    001_a       pending
        up    002_longer  pending
      and leave:
        ----  003_c       beyond 2 steps
      `),
    );
  });

  it('shows what down would do, with its warnings', () => {
    const plan = planDown(historyWith(['001_a', '002_b'], ['001_a', '002_b'], ['002_b']));
    expect(planText(plan, plain)).toBe(
      text(`
      migrate:down would run:
        down  002_b  the last applied
      and leave:
        ----  001_a  stays applied
      ! 002_b was edited after it had been applied; its present down() is used.
      `),
    );
  });

  it.each<[string, Plan]>([
    ['up, of nothing', planUp(historyWith([], []))],
    ['up, with all applied', planUp(historyWith(['1_a'], ['1_a']))],
  ])('says that there is nothing to do: %s', (_, plan) => {
    expect(planText(plan, plain)).toBe('Nothing to do: nothing is pending.');
  });

  it.each<[string, Plan]>([
    ['down', planDown(historyWith(['1_a'], []))],
    ['reset', planReset(historyWith(['1_a'], []))],
  ])('says that there is nothing to do: %s, with none applied', (_, plan) => {
    expect(planText(plan, plain)).toBe('Nothing to do: no migration is applied.');
  });

  it('does not say that all are applied when some are held back', () => {
    const plan = planUp(historyWith(['1_a', '2_b'], ['1_a']), { to: '1_a' });
    expect(planText(plan, plain)).toBe(
      'Nothing to do: 1 pending left as asked.\nand leave:\n  ----  2_b  after 1_a',
    );
  });

  it('does not say that none is applied when some stay', () => {
    const plan = planDown(historyWith(['1_a'], ['1_a']), { to: '1_a' });
    expect(planText(plan, plain)).toBe(
      'Nothing to do: 1 applied left as asked.\nand leave:\n  ----  1_a  stays applied',
    );
  });

  it('fits into 80 columns with long names', () => {
    const history = historyWith([LONG, '20261122093001_a'], []);
    expect(columns(planText(planUp(history, { steps: 1 }), plain))).toBeLessThanOrEqual(80);
    const applied = historyWith([LONG, '20261122093001_a'], [LONG, '20261122093001_a']);
    expect(columns(planText(planDown(applied), plain))).toBeLessThanOrEqual(80);
  });

  it('dims what is left and warns in yellow', () => {
    const plan = planDown(historyWith(['1_a', '2_b'], ['1_a', '2_b'], ['2_b']));
    expect(planText(plan, marked)).toContain('<dim>  ----  1_a  stays applied</dim>');
    expect(planText(plan, marked)).toContain('<yellow>! 2_b was edited');
  });
});

const step = (outcome: StepResult['outcome'], durationMs = 3): StepResult => ({
  name: '001_a',
  direction: outcome === 'rolled-back' ? 'down' : 'up',
  outcome,
  durationMs,
});

describe('stepText', () => {
  it.each<[string, StepResult]>([
    ['✓ Applied 001_a (3 ms)', step('applied')],
    ['✓ Rolled back 001_a (3 ms)', step('rolled-back')],
    ['- 001_a  done by another process meanwhile', step('skipped')],
    ['✓ Applied 001_a (1 ms)', step('applied', 0)],
    ['✓ Applied 001_a (1 ms)', step('applied', 0.2)],
    ['✓ Applied 001_a (13 ms)', step('applied', 12.6)],
    ['✓ Applied 001_a (999 ms)', step('applied', 999.4)],
    ['✓ Applied 001_a (1.0 s)', step('applied', 999.6)],
    ['✓ Applied 001_a (1.0 s)', step('applied', 1000)],
    ['✓ Applied 001_a (62.3 s)', step('applied', 62_349)],
  ])('%s', (line, result) => {
    expect(stepText(result, plain)).toBe(line);
  });

  it('is coloured by outcome', () => {
    expect(stepText(step('applied'), marked)).toBe('<green>✓</green> Applied 001_a <dim>(3 ms)</dim>');
    expect(stepText(step('skipped'), marked)).toMatch(/^<dim>.*<\/dim>$/);
  });

  it('fits into 80 columns with a long name', () => {
    for (const outcome of ['applied', 'rolled-back', 'skipped'] as const) {
      expect(columns(stepText({ ...step(outcome), name: LONG }, plain))).toBeLessThanOrEqual(80);
    }
  });
});

const report = (
  command: RunReport['command'],
  outcomes: StepResult['outcome'][],
  warnings: string[] = [],
) => ({
  runId: 'run',
  command,
  steps: outcomes.map((outcome) => ({ name: '1_a', direction: 'up' as const, outcome, durationMs: 1 })),
  held: [] as HeldMigration[],
  warnings,
  backup: null,
  hooks: [],
});

describe('runText', () => {
  it('names the backup that was made', () => {
    const made = { ...report('up', ['applied']), backup: '/x/app.db.backups/y.db' };
    expect(runText(made, plain)).toBe('Done: 1 applied.\nBackup: /x/app.db.backups/y.db');
  });

  it.each<[string, RunReport]>([
    ['Done: 1 applied.', report('up', ['applied'])],
    ['Done: 3 applied.', report('up', ['applied', 'applied', 'applied'])],
    ['Done: 2 rolled back.', report('reset', ['rolled-back', 'rolled-back'])],
    ['Done: 1 rolled back, 1 applied.', report('redo', ['rolled-back', 'applied'])],
    ['Done: 1 applied, 1 done by another process.', report('up', ['applied', 'skipped'])],
    ['Done: 2 done by another process.', report('up', ['skipped', 'skipped'])],
    ['Done: 1 applied.\n! Mind this.', report('up', ['applied'], ['Mind this.'])],
  ])('%j', (expected, run) => {
    expect(runText(run, plain)).toBe(expected);
  });

  it.each<RunReport['command']>(['up', 'down', 'reset', 'redo'])(
    'of %s without a step says that there was nothing to do, and still warns',
    (command) => {
      expect(runText(report(command, []), plain)).toMatch(/^Nothing to do.*\.$/);
      expect(runText(report(command, [], ['Mind this.']), plain)).toMatch(/^Nothing to do.*\n! Mind this\.$/);
    },
  );
});

describe('runText of a run without a step that left some', () => {
  it.each<[RunReport['command'], string]>([
    ['up', 'Nothing to do: 1 pending left as asked.'],
    ['down', 'Nothing to do: 1 applied left as asked.'],
  ])('after %s does not say that there are none', (command, expected) => {
    const held = [{ name: '9_z', reason: 'after 1_a' }];
    expect(runText({ ...report(command, []), held }, plain)).toBe(expected);
  });
});

describe('errorText', () => {
  const failure: Failure = {
    migration: '002_b',
    direction: 'up',
    file: '/app/migrations/002_b.ts',
    line: 7,
    sql: 'INSERT INTO users VALUES (1)',
    sqliteCode: 'SQLITE_CONSTRAINT_UNIQUE',
    rolledBack: 'all',
    completed: ['001_a', '001_b'],
  };
  const failed = (changes: Partial<Failure>): MigrationFailedError =>
    new MigrationFailedError({ ...failure, ...changes }, 'Migration 002_b failed: no.', 'Mend it.');

  it('is the message and what to do next', () => {
    expect(errorText(new UsageError('That is wrong.', 'Do this.'), plain)).toBe(
      '✗ That is wrong.\n  Next Do this.',
    );
    expect(errorText(new OutOfOrderError(['1_a'], '2_b'), plain).split('\n')).toHaveLength(2);
  });

  it('shows all that is known of a failure', () => {
    expect(errorText(failed({}), plain)).toBe(
      text(`
      ✗ Migration 002_b failed: no.
        File         /app/migrations/002_b.ts:7
        Statement    INSERT INTO users VALUES (1)
        SQLite       SQLITE_CONSTRAINT_UNIQUE
        Rolled back  002_b, completely
        Before it    001_a, 001_b (done, and stays)
        Next         Mend it.
      `),
    );
  });

  it('shows what a terminal would obey', () => {
    const shown = errorText(failed({ sql: "SELECT '\u001B[2J'" }), plain);
    expect(shown).toContain("SELECT '\\x1b[2J'");
    expect(errorText(new UsageError('\u0007That', 'Do \u001B[1mthis.'), plain)).toBe(
      '✗ \\x07That\n  Next Do \\x1b[1mthis.',
    );
  });

  it('leaves out what is not known', () => {
    const error = failed({
      file: undefined,
      line: undefined,
      sql: undefined,
      sqliteCode: undefined,
      completed: [],
    });
    expect(errorText(error, plain)).toBe(
      text(`
      ✗ Migration 002_b failed: no.
        Rolled back  002_b, completely
        Next         Mend it.
      `),
    );
  });

  it('names the file without a line, where the stack does not tell it', () => {
    expect(errorText(failed({ line: undefined }), plain)).toContain(
      'File         /app/migrations/002_b.ts\n',
    );
  });

  it('says nothing of a rollback where nothing was begun', () => {
    const shown = errorText(failed({ rolledBack: 'not begun' }), plain);
    expect(shown).toContain('File         /app/migrations/002_b.ts');
    expect(shown).not.toContain('Rolled back');
  });

  it.each([
    [200, 'x'.repeat(200)],
    [201, `${'x'.repeat(200)} …`],
    [5000, `${'x'.repeat(200)} …`],
  ])('cuts a line of a statement after 200 characters: one of %i', (length, shown) => {
    const sql = `short\n${'x'.repeat(length)}\nshort`;
    expect(errorText(failed({ sql }), plain)).toContain(
      `  Statement    short\n               ${shown}\n               short\n`,
    );
  });

  it('does not claim a complete rollback of what ran without a transaction', () => {
    expect(errorText(failed({ rolledBack: 'unknown' }), plain)).toContain('Rolled back  not all of it');
  });

  it('shows ten of the rows that violate a foreign key', () => {
    const violations = Array.from({ length: 12 }, (_, i) => ({
      table: 'posts',
      row: `rowid ${i}`,
      columns: ['user_id', 'b'],
      values: `${i}, 'x'`,
      parent: 'users',
    }));
    const shown = (rows: typeof violations): string =>
      errorText(new ForeignKeyError(failure, 'No parent.', 'Mend it.', rows, []), plain);
    expect(shown(violations.slice(0, 2))).toContain(
      "\n  Rows         posts rowid 0: (user_id, b) = (0, 'x')\n               posts rowid 1: (user_id, b) = (1, 'x')\n  Next",
    );
    expect(shown(violations)).toContain("(9, 'x')\n               … (2 more rows)\n  Next");
    expect(shown([])).not.toContain('Rows  ');
  });

  it('moves a statement to the left as a whole, under its label', () => {
    const sql = '\n      CREATE TABLE t (\n        id INTEGER\n\n      )\n    ';
    expect(errorText(failed({ sql }), plain).replaceAll(/ +$/gm, '')).toContain(
      [
        '  Statement    CREATE TABLE t (',
        '                 id INTEGER',
        '',
        '               )',
        '  SQLite',
      ].join('\n'),
    );
  });

  it('cuts a long statement after 12 lines, and says so', () => {
    const sql = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`).join('\n');
    const shown = errorText(failed({ sql }), plain);
    expect(shown).toContain('line 12\n               … (8 more lines)\n  SQLite');
    expect(shown).not.toContain('line 13');
    const twelve = Array.from({ length: 12 }, (_, index) => `line ${index + 1}`).join('\n');
    expect(errorText(failed({ sql: twelve }), plain)).not.toContain('more lines');
  });

  it('bears a statement of nothing but white space', () => {
    expect(errorText(failed({ sql: ' \n ' }), plain)).toContain('  Statement    \n  SQLite');
  });

  it('shows the mark in red and the labels dimmed', () => {
    expect(errorText(failed({}), marked)).toContain('<red>✗</red> Migration 002_b failed');
    expect(errorText(failed({}), marked)).toContain('  <dim>File        </dim> /app');
  });
});
