// What is measured: each workload is a table of who took how long.
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BENCH,
  takeTurns,
  wholeProcess,
  work,
  type Contestants,
  type Results,
  type Sample,
} from './measure.ts';

/** What an adapter of peers/ says of its peer. */
export interface Peer {
  readonly id: string;
  readonly name: string;
  /** The packages whose versions are reported. */
  readonly packages: readonly string[];
  /** Where it is not better-sqlite3. */
  readonly driver?: string;
  readonly transaction: string;
  readonly cli?: {
    config(paths: { file: string; directory: string }): readonly [name: string, text: string];
    readonly run: readonly [script: string, ...args: string[]];
  };
}

/** The results of one number of migrations, or of one size. */
export interface Table {
  readonly title: string;
  readonly results: Results;
}

const ALWAYS = ['bare loop', 'Decant'];

/** 1 and 4: apply all, and roll all back. Both from a list, where the peer takes one. */
export function applyAndRollBack(
  workload: 'apply' | 'rollback',
  peers: readonly Peer[],
  folder: string,
): Table[] {
  const able = peers.filter(({ id }) => workload === 'apply' || id !== 'drizzle');
  const job = (peer: Peer, count: number) => (): Sample => {
    const file = join(folder, `${workload}.db`);
    removeDatabase(file);
    return work({ contestant: `peers/${peer.id}`, workload, count, file });
  };
  const roundsOf =
    workload === 'apply' ? { 1: 9, 100: 9, 1000: 7, 5000: 4 } : { 1: 5, 100: 5, 1000: 3, 5000: 2 };
  return Object.entries(roundsOf).map(([count, rounds]) => {
    // Some peers would need minutes to roll back 5,000.
    const some =
      workload === 'rollback' && Number(count) === 5000
        ? able.filter(({ name }) => ALWAYS.includes(name))
        : able;
    const contestants = Object.fromEntries(some.map((peer) => [peer.name, job(peer, Number(count))]));
    return { title: count, results: takeTurns(rounds, contestants, ALWAYS) };
  });
}

/** 2 and 3: nothing to do, and status, with files on disk, all of them applied. */
export function nothingAndStatus(
  peers: readonly Peer[],
  folder: string,
): { nothing: Table[]; status: Table[] } {
  const tables = { nothing: [] as Table[], status: [] as Table[] };
  for (const [count, rounds] of [
    [1, 11],
    [100, 11],
    [1000, 11],
    [5000, 5],
  ] as const) {
    const paths = (peer: Peer) => ({
      file: join(folder, `${peer.id}-${count}.db`),
      directory: join(folder, `${peer.id}-${count}`),
    });
    for (const peer of peers)
      work({ contestant: `peers/${peer.id}`, workload: 'files', count, ...paths(peer) });
    for (const workload of ['nothing', 'status'] as const) {
      const contestants = peers
        .filter(({ id }) => workload === 'nothing' || id !== 'drizzle')
        .map((peer) => [
          peer.name,
          () => work({ contestant: `peers/${peer.id}`, workload, count, ...paths(peer) }),
        ]);
      const results = takeTurns(rounds, Object.fromEntries(contestants) as Contestants);
      tables[workload].push({ title: String(count), results });
    }
  }
  return tables;
}

/** 5: the command line's status of 10 migrations, whole process. */
export function coldStart(peers: readonly Peer[], folder: string): Table {
  const select = `const D = require('better-sqlite3'); console.log(new D('app.db').prepare('SELECT name FROM _migrations').all())`;
  const contestants: Record<string, () => Sample> = {};
  for (const peer of peers) {
    const project = join(folder, `cli-${peer.id}`, 'project');
    mkdirSync(project, { recursive: true });
    symlinkSync(join(BENCH, 'node_modules'), join(project, '..', 'node_modules'));
    writeFileSync(join(project, 'package.json'), PROJECT);
    const paths = { file: join(project, 'app.db'), directory: join(project, 'migrations') };
    work({ contestant: `peers/${peer.id}`, workload: 'files', count: 10, ...paths });
    if (peer.id === 'bare') {
      contestants['node -e 0'] = () => wholeProcess(['-e', '0'], project);
      contestants['node + better-sqlite3 + one SELECT'] = () => wholeProcess(['-e', select], project);
    }
    if (peer.cli === undefined) continue;
    const [name, text] = peer.cli.config(paths);
    writeFileSync(join(project, name), text);
    const [script, ...args] = peer.cli.run;
    const at = script.startsWith('project/') ? join(project, '..', script) : join(BENCH, script);
    contestants[peer.name] = () => wholeProcess([at, ...args], project);
  }
  return { title: '10 migrations', results: takeTurns(15, contestants) };
}

// MikroORM's CLI runs only where it is a dependency.
const PROJECT = JSON.stringify({ dependencies: { '@mikro-orm/cli': '*', '@mikro-orm/core': '*' } });

/** 7: `.ts` migrations without a build. */
export function typeScript(folder: string): Table[] {
  return (
    [
      [100, 5],
      [1000, 3],
    ] as const
  ).map(([count, rounds]) => {
    const project = join(folder, `typescript-${count}`);
    mkdirSync(join(project, 'node_modules'), { recursive: true });
    symlinkSync(join(BENCH, '..'), join(project, 'node_modules', 'decant'));
    const cache = join(project, 'cache');
    const job = (contestant: string, files: string) => (): Sample => {
      const file = join(project, 'app.db');
      removeDatabase(file);
      const paths = { file, directory: join(project, files) };
      return work({ contestant, workload: 'apply files', count, ...paths }, { XDG_CACHE_HOME: cache });
    };
    for (const files of ['typescript', 'javascript']) {
      work({
        contestant: `others/${files}`,
        workload: 'files',
        count,
        file: join(project, `${files}.db`),
        directory: join(project, files),
      });
    }
    const first = job('others/typescript', 'typescript');
    const contestants = {
      '@swc/core by hand': job('others/typescript-by-hand', 'typescript'),
      'Decant, first run': () => {
        rmSync(cache, { recursive: true, force: true });
        return first();
      },
      'Decant, again': first,
      'Decant, compiled before': job('others/javascript', 'javascript'),
    };
    return { title: String(count), results: takeTurns(rounds, contestants, Object.keys(contestants)) };
  });
}

/** 8, and the backup: one table of a million rows. */
export function large(folder: string, rows: number): Table {
  const original = join(folder, 'large.db');
  work({ contestant: 'peers/bare', workload: 'large table', file: original, count: rows });
  const paths = { original, copy: join(folder, 'copy.db'), folder: join(folder, 'backups') };
  const task = (name: string) => (): Sample =>
    work({ contestant: 'others/large', workload: 'large', large: { task: name, ...paths } });
  const contestants = {
    'rebuild by hand': task('rebuild by hand'),
    'Decant, rebuild': task('rebuild'),
    'Decant, SET NOT NULL': task('set not null'),
    'db.backup() by hand': task('backup by hand'),
    'Decant, one migration': task('one migration'),
    'Decant, one migration after a backup': task('one migration after a backup'),
  };
  return {
    title: `${rows.toLocaleString('en')} rows`,
    results: takeTurns(3, contestants, Object.keys(contestants)),
  };
}

function removeDatabase(file: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
}
