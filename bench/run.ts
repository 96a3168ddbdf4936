// `npm run bench`: measures Decant beside its peers and writes RESULTS.md. `npm run bench -- apply status` measures
// only what is named, and prints it. On a quiet machine, after `npm run build`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { BENCH } from './measure.ts';
import { reportOf, tablesText, type Setting } from './report.ts';
import type { Measurements } from './targets.ts';
import {
  applyAndRollBack,
  coldStart,
  large,
  nothingAndStatus,
  typeScript,
  type Peer,
  type Table,
} from './workloads.ts';

const PEERS = ['bare', 'decant', 'knex', 'umzug', 'kysely', 'drizzle', 'typeorm', 'mikro-orm', 'sequelize'];

install();
const folder = mkdtempSync(join(tmpdir(), 'decant-bench-'));
try {
  const peers = await Promise.all(PEERS.map(peerOf));
  await run(peers, process.argv.slice(2));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function run(peers: readonly Peer[], only: readonly string[]): Promise<void> {
  const start = performance.now();
  const before = loadavg()[0] ?? NaN;
  const measured = measure(peers, only);
  if (only.length > 0) return;
  const setting: Setting = {
    date: new Date().toISOString().slice(0, 16).replace('T', ' ') + ' UTC',
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${(totalmem() / 2 ** 30).toFixed(0)} GB, ${type()} ${release()}`,
    versions: { 'Node.js': process.versions.node, ...Object.fromEntries(peers.flatMap(versionsOf)) },
    pragmas: JSON.parse(readFileSync(join(BENCH, 'pragmas.json'), 'utf8')) as readonly string[],
    load: [before, loadavg()[0] ?? NaN],
    minutes: (performance.now() - start) / 60_000,
  };
  const notes = readFileSync(join(BENCH, 'notes.md'), 'utf8');
  writeFileSync(join(BENCH, 'RESULTS.md'), reportOf(setting, peers, measured, notes));
  console.log('Written: bench/RESULTS.md');
}

function measure(peers: readonly Peer[], only: readonly string[]): Measurements {
  const none: Table = { title: '', results: {} };
  const tell = <T>(name: string, otherwise: T, work: () => T, tablesOf: (done: T) => readonly Table[]): T => {
    if (only.length > 0 && !only.includes(name)) return otherwise;
    const done = work();
    console.log(tablesText(name, tablesOf(done)));
    return done;
  };
  const many = (name: string, work: () => readonly Table[]): readonly Table[] =>
    tell(name, [], work, (done) => done);
  const one = (name: string, work: () => Table): Table => tell(name, none, work, (done) => [done]);
  return {
    coldStart: one('cli', () => coldStart(peers, folder)),
    apply: many('apply', () => applyAndRollBack('apply', peers, folder)),
    rollback: many('rollback', () => applyAndRollBack('rollback', peers, folder)),
    typeScript: many('typescript', () => typeScript(folder)),
    large: one('large', () => large(folder, 1_000_000)),
    ...tell(
      'files',
      { nothing: [], status: [] },
      () => nothingAndStatus(peers, folder),
      ({ nothing, status }) => [...nothing, ...status],
    ),
  };
}

// bench/ has its own lock file, and is installed when that has changed.
function install(): void {
  const lock = join(BENCH, 'package-lock.json');
  const installed = join(BENCH, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs > statSync(lock).mtimeMs) return;
  console.log(
    'Installing the peers; sqlite3 is compiled where its binary cannot be downloaded, for a minute or two.',
  );
  const { status } = spawnSync('npm ci --no-audit --no-fund', { cwd: BENCH, stdio: 'inherit', shell: true });
  if (status !== 0) throw new Error('npm ci failed in bench/');
}

async function peerOf(id: string): Promise<Peer> {
  return { ...((await import(`./peers/${id}.js`)) as Omit<Peer, 'id'>), id };
}

function versionsOf({ packages }: Peer): readonly (readonly [name: string, version: string])[] {
  return packages.map((name) => {
    const path = name === 'decant' ? '..' : join('node_modules', name);
    const text = readFileSync(join(BENCH, path, 'package.json'), 'utf8');
    return [name, (JSON.parse(text) as { version: string }).version];
  });
}
