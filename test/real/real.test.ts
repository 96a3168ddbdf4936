import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import Database from 'better-sqlite3';
import Graph from '../../src/commands/migrate/graph.js';
import Plan from '../../src/commands/migrate/plan.js';
import Up from '../../src/commands/migrate/up.js';
import Status from '../../src/commands/migrate/status.js';
import type { Database as Connection } from '../../src/domain/migration.js';
import type { DryRunReport } from '../../src/domain/dry-run.js';
import { slowest, type Profile } from '../../src/domain/profile.js';
import type { StatementRecord, TableRows } from '../../src/domain/statement.js';
import { profileWords } from '../../src/profile-flag.js';
import { schemaDiff } from '../../src/sqlite/schema-diff.js';
import { schemaOf, schemaText } from '../../src/sqlite/schema-text.js';
import { userTables } from '../../src/sqlite/user-tables.js';
import { printsOf } from '../helpers/files.js';
import type { OnProgress } from '../../src/domain/report.js';
import type { MigrationStatus } from '../../src/domain/status.js';
import { PausedError } from '../../src/errors.js';
import { MigrationHooks, type FinishedStep, type MigrationService } from '../../src/index.js';
import { recordedIn } from '../helpers/database.js';
import { jsonOf, runCommand } from '../helpers/command.js';
import { ROOT, runNode } from '../helpers/processes.js';
import {
  contentOf,
  copyOf,
  expectSound,
  folderWith,
  makeSeed,
  MIGRATIONS,
  NAMES,
  NODES,
  PENDING,
  withService,
} from './project.js';

// Twenty migrations such as people write, on a knowledge base such as people have: all that Decant does is tried on it.

jest.setTimeout(60_000 + NODES * 3);

const START = '002_add_indexes';
const LOSSY = '014_normalise_urls';
const BEFORE_LOSSY = NAMES[NAMES.indexOf(LOSSY) - 1];
const IRREVERSIBLE = '022_forget_email_addresses';
const LAST_REVERSIBLE = NAMES[NAMES.indexOf(IRREVERSIBLE) - 1];

const BATCHES = '020_fingerprints';
const BEFORE_BATCHES = NAMES[NAMES.indexOf(BATCHES) - 1];

/** Files of databases at these stages, and what each holds. */
const at = { start: '', beforeLossy: '', afterLossy: '', beforeBatches: '', reversible: '', end: '' };
const content: Record<keyof typeof at, ReturnType<typeof contentOf>> = {} as never;

beforeAll(async () => {
  at.start = makeSeed();
  await withService(at.start, (_service, db) => void (content.start = contentOf(db)));
  await step('start', 'beforeLossy', BEFORE_LOSSY);
  await step('beforeLossy', 'afterLossy', LOSSY);
  await step('afterLossy', 'beforeBatches', BEFORE_BATCHES);
  await step('beforeBatches', 'reversible', LAST_REVERSIBLE);
  await step('reversible', 'end');
});

async function step(from: keyof typeof at, to: keyof typeof at, name?: string): Promise<void> {
  at[to] = copyOf(at[from]);
  await withService(
    at[to],
    async (service, db) => {
      const report = await service.up({ to: name });
      expect(report.warnings).toEqual([]);
      expect(report.hooks).toEqual([{ name: 'SearchIsInStep', calls: { afterEach: report.steps.length } }]);
      content[to] = contentOf(db);
    },
    { hooks: [SearchIsInStep] },
  );
}

/** What this application wants of every migration, and rolls it back otherwise. */
class SearchIsInStep extends MigrationHooks {
  override afterEach(_step: FinishedStep, db: Connection): void {
    db.exec(`INSERT INTO nodes_fts (nodes_fts, rank) VALUES ('integrity-check', 1)`);
  }
}

const objects = (all: object): object =>
  Object.fromEntries(Object.entries(all).filter(([name]) => !name.startsWith('rows of')));
const flagsFor = (file: string, folder = MIGRATIONS): readonly string[] => ['-d', file, '--dir', folder];

describe('up', () => {
  it('applies all, and leaves a sound database', async () => {
    await withService(copyOf(at.end), (_service, db) => {
      expect(recordedIn(db)).toEqual(NAMES);
      expectSound(db);
    });
  });

  it('leaves nothing of its own beside the files', () => {
    for (const file of Object.values(at)) expect(existsSync(`${file}-wal`)).toBe(false);
  });

  it.each([
    [
      'a code for each node that has a place',
      `function_code GLOB 'F[1-7].*.[0-9]' AND length(function_code) > 5`,
      0.5,
    ],
    ['a price for each that says one', 'pricing IS NOT NULL', 0.5],
    ['a range of people', 'employees_min <= employees_max AND employees_max > 0', 0.4],
    ['a year as a number', `typeof(founded_year) = 'integer'`, 0.6],
  ])('has filled in %s', (_what, condition, share) => {
    const db = new Database(at.end, { readonly: true });
    const count = db.prepare(`SELECT count(*) FROM nodes WHERE ${condition}`).pluck().get() as number;
    db.close();
    expect(count).toBeGreaterThan(NODES * share);
  });

  it('has a search index, triggers and constraints that still work', async () => {
    await withService(copyOf(at.end), (_service, db) => {
      const found = (word: string): unknown =>
        db.prepare(`SELECT count(*) FROM nodes_fts WHERE nodes_fts MATCH ?`).pluck().get(word);
      db.exec(`INSERT INTO nodes (id, title, url, source_domain) VALUES ('new', 'xylophone', 'https://x/Y', 'x');
        UPDATE nodes SET fingerprint = 'x', title = 'xylophones' WHERE id = 'new'`);
      expect([found('xylophone'), found('xylophones')]).toEqual([0, 1]);
      expect(db.prepare(`SELECT action FROM audit_log WHERE node_id = 'new'`).pluck().all()).toEqual([
        'insert',
        'update',
      ]);
      expect(db.prepare(`SELECT task FROM processing_queue WHERE node_id = 'new'`).pluck().all()).toEqual([
        'summarise',
      ]);
      expect(() =>
        db.exec(`INSERT INTO nodes (id, title, url, source_domain) VALUES ('n', '', 'HTTPS://X/y', '')`),
      ).toThrow('UNIQUE constraint failed: nodes.url');
      expect(() => db.exec(`UPDATE nodes SET is_deleted = 2 WHERE id = 'new'`)).toThrow('nodes_is_deleted');
      db.exec(`DELETE FROM nodes WHERE id = 'new'`);
      expectSound(db);
    });
  });
});

describe('a dry run of up, and then up', () => {
  const file = (): string => (tried ??= copyOf(at.start));
  let tried: string | undefined;
  let dry: DryRunReport;

  it('tries all that can be tried in a transaction, and leaves everything as it was', async () => {
    const before = printsOf(dirname(file()));
    await withService(file(), async (service, db) => {
      dry = await service.dryRun('up');
      expect(dry.error).toBe(null);
      expect(contentOf(db)).toEqual(content.start);
      expect(recordedIn(db)).toEqual(NAMES.slice(0, 2));
    });
    expect(dry.steps.map(({ name, outcome }) => [name, outcome])).toEqual(
      PENDING.map((name) => [name, name === '021_compact' ? 'not tried' : 'would apply']),
    );
    expect(printsOf(dirname(file()))).toEqual(before);
  });

  it('has foretold what one run of all does, which is what several runs do', async () => {
    await withService(file(), async (service, db) => {
      const before = countsIn(db);
      const schemas: [name: string, text: string][] = [['', schemaText(schemaOf(db))]];
      let profile: Profile | undefined;
      const report = await service.up({
        onProfile: (of) => (profile = of),
        onProgress: (progress) => {
          if (progress.type === 'done') schemas.push([progress.result.name, schemaText(schemaOf(db))]);
        },
      });
      expect(report.steps.map(({ name, outcome }) => [name, outcome])).toEqual(
        PENDING.map((name) => [name, 'applied']),
      );
      expect(contentOf(db)).toEqual(content.end);

      const changes = schemas
        .slice(1)
        .map(([name, text], index) => [name, schemaDiff(schemas[index]?.[1] ?? '', text)]);
      expect(dry.steps.map(({ name, schema }) => [name, schema])).toEqual(changes);
      const foretold = dry.steps.flatMap(({ rows }) => rows);
      expect(added(before, foretold)).toEqual(countsIn(db));
      const history = (await service.history({ limit: 20 })).toReversed();
      expect(history.map(({ name, outcome }) => [name, outcome])).toEqual(
        PENDING.map((name) => [name, 'applied']),
      );
      for (const [index, { name, statements }] of dry.steps.entries()) {
        if (name === '021_compact') continue;
        // A column that gets another type is parked, and what is the same all the same is taken out again: those count.
        expect(history[index]?.rows).toBeGreaterThanOrEqual(rowsOf(statements));
      }
      expect(history.every(({ durationMs, who }) => durationMs > 0 && who !== null)).toBe(true);
      expectProfile(profile as Profile);
    });
  });

  it('tries all of them on a copy', async () => {
    await withService(copyOf(at.beforeBatches), async (service, db) => {
      const { error, steps } = await service.dryRun('up', { on: 'copy' });
      expect(error).toBe(null);
      expect(steps.map(({ outcome }) => outcome)).toEqual(['would apply', 'would apply', 'would apply']);
      expect(contentOf(db)).toEqual(content.beforeBatches);
    });
  });

  it('is there for down as well', async () => {
    await withService(copyOf(at.beforeLossy), async (service, db) => {
      const { error, steps } = await service.dryRun('down', { steps: 2 });
      expect(error).toBe(null);
      expect(steps.map(({ name, outcome }) => [name, outcome])).toEqual([
        ['013_split_employees', 'would roll back'],
        ['012_nothing_left_open', 'would roll back'],
      ]);
      expect(contentOf(db)).toEqual(content.beforeLossy);
    });
  });
});

const rowsOf = (statements: readonly StatementRecord[]): number =>
  statements.reduce((sum, { rows, indirectRows }) => sum + rows + indirectRows, 0);

// By the name that a table has in the end.
function countsIn(db: Connection): Readonly<Record<string, number>> {
  const count = (table: string): number =>
    db.prepare(`SELECT count(*) FROM "${table}"`).pluck().get() as number;
  const counts = userTables(db).map((table) => [
    table === 'segments' ? 'market_segments' : table,
    count(table),
  ]);
  return Object.fromEntries(counts.filter(([, rows]) => rows !== 0));
}

function added(
  before: Readonly<Record<string, number>>,
  changes: readonly TableRows[],
): Readonly<Record<string, number>> {
  const after: Record<string, number> = { ...before };
  for (const { table, inserted, deleted } of changes) after[table] = (after[table] ?? 0) + inserted - deleted;
  return after;
}

function expectProfile({ migrations }: Profile): void {
  expect(migrations.map(({ name }) => name)).toEqual(PENDING);
  const heavy = slowest({ startedAt: '', durationMs: 0, migrations }, 10);
  expect(heavy).toHaveLength(10);
  expect(
    heavy.some(({ scans }) => scans.some(({ table, rows }) => table === 'nodes' && Number(rows) > NODES / 2)),
  ).toBe(true);
}

describe('profile', () => {
  it('shows the heavy statements, with their plans and full scans, and draws them for Perfetto', async () => {
    const file = copyOf(at.start);
    const trace = join(dirname(file), 'trace.json');
    const up = [...flagsFor(file), '--no-backup'];
    const shown = await runCommand(Up, profileWords([...up, '--to', '003_hierarchy_codes', '--profile']));
    expect(shown.stdout).toMatch(/003_hierarchy_codes +[^\n]*█/);
    expect(shown.stdout).toMatch(/function_code = coded\.code[^]*SCAN nodes/);
    expect(shown.stdout).not.toContain('reads the whole of coded');
    await runCommand(Up, profileWords([...up, '--to', '004_archive_deleted_nodes', `--profile=${trace}`]));
    const { traceEvents } = JSON.parse(readFileSync(trace, 'utf8')) as { traceEvents: { name: string }[] };
    expect(traceEvents.some(({ name }) => name.includes('004_archive_deleted_nodes'))).toBe(true);
    expect(traceEvents.some(({ name }) => name.includes('INSERT OR ABORT INTO main."archived_nodes"'))).toBe(
      true,
    );
  });
});

describe('status, plan and journal', () => {
  it('status tells what is applied and pending', async () => {
    const ran = await runCommand(Status, [...flagsFor(at.start), '--json']);
    expect(jsonOf(ran)).toMatchObject({ total: 22, applied: 2, pending: 20, anomalies: [] });
    expect(jsonOf(await runCommand(Status, [...flagsFor(at.end), '--json']))).toMatchObject({
      pending: 0,
      anomalies: [],
    });
  });

  it('plan names each in order', async () => {
    const plan = jsonOf(await runCommand(Plan, [...flagsFor(at.start), '--json']));
    expect((plan['steps'] as { name: string }[]).map(({ name }) => name)).toEqual(PENDING);
    expect(plan['warnings']).toEqual([]);
  });

  it('the journal has a row for each, with how long it took', async () => {
    await withService(copyOf(at.end), (_service, db) => {
      const rows = db
        .prepare('SELECT name, outcome, duration_ms > 0 AS took FROM _migrations_journal ORDER BY id')
        .all();
      expect(rows).toEqual(NAMES.map((name) => ({ name, outcome: 'applied', took: 1 })));
    });
  });
});

describe('prerequisites', () => {
  it('are checked before anything runs', async () => {
    await withService(copyOf(at.start), async (service, db) => {
      db.exec(`UPDATE nodes SET created_at = NULL WHERE rowid IN (3, 5)`);
      const message = '015_strict_nodes: 2 nodes do not say when they were made, or changed';
      await expect(service.plan('up')).rejects.toThrow(message);
      await expect(service.up()).rejects.toThrow(message);
      expect((await service.status()).applied).toBe(2);
    });
  });
});

describe('down', () => {
  it('brings back all that was there, of those that lose nothing', async () => {
    await withService(copyOf(at.beforeLossy), async (service, db) => {
      await service.down({ to: START });
      expect(contentOf(db)).toEqual(content.start);
      expectSound(db);
    });
  });

  it('brings back, of those after the one that loses, what that had left, and goes on to the schema there was', async () => {
    await withService(copyOf(at.reversible), async (service, db) => {
      await service.down({ to: LOSSY });
      expect(contentOf(db)).toEqual(content.afterLossy);
      await service.down({ to: START });
      expect(objects(contentOf(db))).toEqual(objects(content.start));
      expectSound(db);
    });
  });

  it('is refused where it needs the irreversible one, and nothing has changed', async () => {
    await withService(copyOf(at.end), async (service, db) => {
      await expect(service.down({ to: LAST_REVERSIBLE })).rejects.toThrow('personal data must not come back');
      expect(recordedIn(db)).toEqual(NAMES);
    });
  });

  it('takes back alone what nothing that is applied depends on', async () => {
    await withService(copyOf(at.afterLossy), async (service, db) => {
      await service.up({ to: '018_branch_tree' });
      await expect(service.down({ name: LOSSY })).rejects.toThrow(
        '(015_strict_nodes, 016_audit_log, 017_node_similarity, 018_branch_tree)',
      );
      const { steps } = await service.down({ name: '017_node_similarity' });
      expect(steps.map(({ name }) => name)).toEqual(['017_node_similarity']);
      expect(recordedIn(db).slice(-2)).toEqual(['016_audit_log', '018_branch_tree']);
    });
  });
});

describe('archives', () => {
  const REVERSIBLE = ['004', '007', '008', '012', '013']; // those that park rows

  it('are shown by status, and pruned, after which there is no way back', async () => {
    const file = copyOf(at.beforeLossy);
    await withService(file, async (service, db) => {
      const { archives } = await service.status();
      expect(archives?.bytes).toBeGreaterThan(NODES * 10);
      const pruned = await service.prune({ olderThan: '0h' });
      expect(pruned.bytes).toBe(archives?.bytes);
      expect(pruned.migrations.map((name) => name.slice(0, 3))).toEqual(REVERSIBLE);
      expect((await service.status()).archives).toBe(undefined);
      expect(contentOf(db)).toEqual(content.beforeLossy);
      await expect(service.down()).rejects.toThrow('what it had parked was pruned');
      expect(contentOf(db)).toEqual(content.beforeLossy);
    });
  });
});

describe('graph', () => {
  const after =
    '017_node_similarity and 018_branch_tree depend on 014, and 019, which says nothing, on all before it';

  it.each([
    ['text', /014_normalise_urls[^]*017_node_similarity[^]*018_branch_tree[^]*019_market_segments/],
    [
      'mermaid',
      /^flowchart BT\n[^]*m17 --> m14\n {2}m18 --> m14\n {2}m19 -\.-> m16\n {2}m19 -\.-> m17\n {2}m19 -\.-> m18\n/,
    ],
    ['dot', /^digraph migrations \{[^]*"018_branch_tree" -> "014_normalise_urls";\n[^]*\}\n$/],
  ])(`shows as %s that ${after}`, async (format, shape) => {
    const ran = await runCommand(Graph, [...flagsFor(at.beforeBatches), '--format', format]);
    expect(ran.stdout).toMatch(shape);
    const lines = ran.stdout.split('\n');
    for (const name of NAMES) expect(lines.some((line) => line.includes(name))).toBe(true);
  });
});

describe('batches', () => {
  it('show how far they are', async () => {
    const told: string[] = [];
    await withService(copyOf(at.beforeBatches), (service) =>
      service.up({
        steps: 1,
        onProgress: (progress) => {
          if (progress.type === 'batch')
            told.push(`${progress.done} of ${progress.total}, ${progress.ifEnded}`);
        },
      }),
    );
    const total = told.at(-1)?.split(/\D+/)[1];
    expect(told.length).toBeGreaterThanOrEqual(4);
    expect(told.at(-1)).toBe(`${total} of ${total}, stay`);
  });

  it('go on where they were paused, and where they were killed', async () => {
    const file = copyOf(at.beforeBatches);
    const stop = new AbortController();
    await withService(file, async (service) => {
      const onProgress: OnProgress = ({ type }) => void (type === 'batch' && stop.abort());
      const paused = service.up({ steps: 1, signal: stop.signal, onProgress });
      await expect(paused).rejects.toThrow(PausedError);
      expect(await halfDone(service)).toMatchObject([{ name: BATCHES, progress: { done: 500 } }]);
    });
    expect(await killedInBatch(file, 2)).toBe('SIGKILL');
    await withService(file, async (service, db) => {
      const [entry] = await halfDone(service);
      expect(entry?.progress?.done).toBeGreaterThanOrEqual(1000);
      const { stdout } = await runCommand(Status, flagsFor(file));
      expect(stdout).toContain(`[~] ${BATCHES}`);
      await expect(service.down()).rejects.toThrow(BATCHES);
      await service.up({ to: LAST_REVERSIBLE });
      expect(await halfDone(service)).toEqual([]);
      expect(contentOf(db)).toEqual(content.reversible);
    });
  });
});

const halfDone = async (service: MigrationService): Promise<readonly MigrationStatus[]> =>
  (await service.status()).migrations.filter(({ progress }) => progress !== undefined);

// A process of its own, that ends itself at this batch as kill -9 from outside would: nothing of it runs after that.
async function killedInBatch(file: string, batch: number): Promise<NodeJS.Signals | null> {
  const { signal, stderr } = await runNode([
    '--import',
    join(ROOT, 'lib', 'register.js'),
    '--input-type=module',
    '-e',
    `import { MigrationService, registerDecant } from 'decant';
     import { container } from 'tsyringe';
     registerDecant(container, { path: ${JSON.stringify(file)}, directory: ${JSON.stringify(MIGRATIONS)}, backup: 'never' });
     let batches = 0;
     await container.resolve(MigrationService).up({ onProgress: ({ type }) => {
       if (type === 'batch' && ++batches === ${batch}) process.kill(process.pid, 'SIGKILL');
     } });`,
  ]);
  if (signal === null) throw new Error(`it ended by itself: ${stderr}`);
  return signal;
}

describe('two files with one number', () => {
  const TWINS = ['024_add_bookmarks', '024_add_collections'] as const;
  const TOLD = '024_add_bookmarks and 024_add_collections have the same number';

  it('are told of by status and plan, which names the order, and applied nevertheless', async () => {
    const flags = flagsFor(copyOf(at.end), folderWith(...TWINS));
    const { stdout } = await runCommand(Status, flags);
    expect(stdout).toContain(`! same-prefix: ${TOLD}`);
    const plan = jsonOf(await runCommand(Plan, [...flags, '--json']));
    expect((plan['steps'] as { name: string }[]).map(({ name }) => name)).toEqual(TWINS);
    expect(plan['warnings']).toEqual([expect.stringContaining(TOLD)]);
  });
});
