// One measurement in a process of its own: worker.js JSON prints { ms, memory } as JSON. The clock runs from before the
// database is opened; what is imported before that is the library alone, none of its migrations.
import { existsSync, readFileSync } from 'node:fs';
import { makeLargeTable, migrationsOf, writeMigrations } from './workload.js';

const { contestant: module, workload, count, file, directory, large } = JSON.parse(process.argv[2]);
const contestant = await import(`./${module}.js`);
const migrations = migrationsOf(workload === 'large table' ? 0 : (count ?? 0));
const list = { file, migrations, ...(workload === 'apply' && contestant.prepare?.({ file, migrations })) };
const folder = { file, directory };

const WORKLOADS = {
  // Leaves a database in which the files of the folder are applied, for those below.
  files: () => {
    writeMigrations(directory, contestant, migrations);
    return timed(module === 'peers/bare' ? list : folder, 'up');
  },
  apply: () => timed(list, 'up'),
  'apply files': () => timed(folder, 'up'),
  nothing: () => timed(folder, 'up'),
  status: () => timed(folder, 'status'),
  rollback: async () => {
    await timed(list, 'up');
    return timed(list, 'down');
  },
  'large table': () => makeLargeTable(file, count),
  large: () => contestant.timeTask(large.task, large),
};

const ms = await WORKLOADS[workload]();
const memory = peakMemory();
process.stdout.write(`${JSON.stringify({ ms, memory })}\n`, () => process.exit());

async function timed(paths, method) {
  const start = performance.now();
  const opened = await contestant.open(paths);
  await opened[method]();
  const time = performance.now() - start;
  await opened.close();
  return time;
}

// Linux counts into maxRSS what the process had that this one was forked from.
function peakMemory() {
  const status = '/proc/self/status';
  const [, kilobytes] = existsSync(status)
    ? (/^VmHWM:\s+(\d+)/m.exec(readFileSync(status, 'utf8')) ?? [])
    : [];
  return 1024 * Number(kilobytes ?? process.resourceUsage().maxRSS);
}
