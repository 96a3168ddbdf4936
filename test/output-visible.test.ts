import { describe, expect, it } from '@jest/globals';
import { graphOf } from '../src/domain/graph.js';
import { planUp } from '../src/domain/plan.js';
import { statusOf } from '../src/domain/status.js';
import { MigrationFailedError, PrerequisiteError, type Failure } from '../src/errors.js';
import { backupsText, errorText, planText, runText, statusText, stepText } from '../src/output.js';
import { dryRunText } from '../src/output-dry-run.js';
import { graphDot, graphMermaid, graphText } from '../src/output-graph.js';
import { historyText } from '../src/output-history.js';
import { verifyText } from '../src/output-verify.js';
import { historyWith } from './helpers/histories.js';

const plain = (_style: string, text: string): string => text;
const NAME = '001_a\n\u001B[2J';
const SHOWN = String.raw`001_a\n\x1b[2J`;

const history = historyWith([NAME, '002_b'], ['002_b']);
const allowed = { outOfOrder: 'warn', missing: 'allow', changed: 'allow' } as const;
const facts = { name: NAME, direction: 'up', durationMs: 1 } as const;
const common = { command: 'up', held: [], warnings: [`${NAME} is odd`], hooks: [] } as const;
const applied = { ...facts, outcome: 'applied' } as const;
const FAILURE: Failure = {
  migration: NAME,
  direction: 'up',
  file: `/home/you/${NAME}.js`,
  sql: 'SELECT\n\u001B[2J',
  rolledBack: 'all',
  completed: [NAME],
};
const failed = new MigrationFailedError(FAILURE, `Migration ${NAME} (${NAME}.js) failed: no`, 'Mend it.');
const unmet = new PrerequisiteError([{ migration: NAME, what: 'check', message: 'not\n\u001B[2J so.' }]);

describe('no text for a terminal has anything in it that the terminal would obey', () => {
  it.each<[string, string, lines: number]>([
    ['status', statusText(statusOf(history), plain), 9],
    ['plan', planText(planUp(history, {}, allowed), plain), 3],
    ['a step', stepText(applied, plain), 1],
    ['a run', runText({ ...common, runId: 'r', steps: [applied], backup: null }, plain), 2],
    [
      'backups',
      backupsText(
        [{ name: 'b', size: 1, madeAt: '', preceded: { command: 'up', names: [NAME] } } as never],
        '/b',
        plain,
      ),
      2,
    ],
    ['a failure', errorText(failed, plain), 7],
    ['what is not met', errorText(unmet, plain), 2],
    ['a tree', graphText(graphOf(history), plain), 2],
    ['DOT', graphDot(graphOf(history)), 7],
    [
      'a dry run',
      dryRunText(
        {
          ...common,
          on: 'copy',
          error: null,
          steps: [{ ...facts, outcome: 'not tried', reason: 'no' }],
        } as never,
        plain,
        {
          statements: 'listed',
        },
      ),
      6,
    ],
    [
      'a history',
      historyText(
        [
          {
            ...applied,
            runId: 'r',
            startedAt: '',
            who: NAME,
            versions: null,
            rows: null,
            error: null,
          } as never,
        ],
        undefined,
        plain,
      ),
      2,
    ],
    [
      'a verification',
      verifyText(
        {
          mode: 'pending',
          notTried: [],
          seeded: [],
          warnings: [],
          migrations: [
            {
              name: NAME,
              verdict: 'exact',
              losses: [],
              unrepeated: [],
              problems: [],
              reason: null,
              durationMs: 1,
            },
          ],
        },
        plain,
      ),
      2,
    ],
  ])('%s', (what, text, lines) => {
    expect(text).not.toMatch(/[^\P{Cc}\n]/u);
    expect(text.split('\n')).toHaveLength(lines);
    expect(text).toContain(what === 'DOT' ? SHOWN.replaceAll('\\', '\\\\') : SHOWN);
  });

  it('nor has Mermaid, in which even a backslash is an entity', () => {
    expect(graphMermaid(graphOf(history))).toContain('001_a#92;n#92;x1b#91;2J');
  });

  it('leaves a message its lines: a compiler draws in them', () => {
    const error = new MigrationFailedError(
      { ...FAILURE, migration: '1' },
      'Migration 1 failed:\n  ^ here',
      '.',
    );
    expect(errorText(error, plain)).toContain('failed:\n  ^ here\n');
  });
});
