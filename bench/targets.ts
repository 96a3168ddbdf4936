// The figures that Decant is to reach, and whether it did.
import type { Results } from './measure.ts';
import type { Table } from './workloads.ts';

/** All that one run measured. */
export interface Measurements {
  readonly apply: readonly Table[];
  readonly nothing: readonly Table[];
  readonly status: readonly Table[];
  readonly rollback: readonly Table[];
  readonly coldStart: Table;
  readonly typeScript: readonly Table[];
  readonly large: Table;
}

export interface Target {
  readonly what: string;
  readonly limit: number;
  readonly measured: number;
}

/** Each target of which both sides were measured. */
export function targetsOf({ apply, nothing, coldStart, typeScript }: Measurements): readonly Target[] {
  const [at100 = NaN, at5000 = NaN] = [100, 5000].map((count) => addedToEach(apply, count));
  const select = 'node + better-sqlite3 + one SELECT';
  return [
    ...[1000, 5000].map((count) => ({
      what: `Apply ${count} classes, beside the bare loop`,
      limit: 1.15,
      measured: ratio(at(apply, count), 'Decant', 'bare loop'),
    })),
    {
      what: 'What Decant adds to each migration after the first, of 5,000, beside the same of 100',
      limit: 1.15,
      measured: at5000 / at100,
    },
    {
      what: 'Nothing to do, 1,000 files, beside opening, reading the folder and one SELECT',
      limit: 2,
      measured: ratio(at(nothing, 1000), 'Decant', 'bare loop'),
    },
    {
      what: `CLI, migrate:status, beside ${select}`,
      limit: 2.2,
      measured: ratio(coldStart.results, 'Decant', select),
    },
    {
      what: 'CLI, migrate:status, beside the fastest JavaScript peer',
      limit: 1,
      measured: besideFastestPeer(coldStart.results, select),
    },
    {
      what: 'Peak memory of applying 1,000, beside the bare loop',
      limit: 1.3,
      measured: ratio(at(apply, 1000), 'Decant', 'bare loop', 'memory'),
    },
    {
      what: '1,000 .ts files, first run, beside @swc/core and import by hand',
      limit: 1.15,
      measured: ratio(at(typeScript, 1000), 'Decant, first run', '@swc/core by hand'),
    },
    {
      what: '1,000 .ts files, again, beside the same compiled before',
      limit: 1.3,
      measured: ratio(at(typeScript, 1000), 'Decant, again', 'Decant, compiled before'),
    },
  ];
}

/** The results of one number of migrations. */
export function at(tables: readonly Table[], count: number): Results {
  return tables.find(({ title }) => title === String(count))?.results ?? {};
}

/** How many times as much one takes as another. */
export function ratio(results: Results, one: string, other: string, of: 'ms' | 'memory' = 'ms'): number {
  return (results[one]?.[of] ?? NaN) / (results[other]?.[of] ?? NaN);
}

// Beyond the bare loop, whose own time grows with the number of tables: SQLite looks through them. And beyond what is added
// to a single migration, most of which is the start.
function addedToEach(tables: readonly Table[], count: number): number {
  const added = (of: number): number => {
    const results = at(tables, of);
    return (results['Decant']?.ms ?? NaN) - (results['bare loop']?.ms ?? NaN);
  };
  return (added(count) - added(1)) / (count - 1);
}

function besideFastestPeer(results: Results, select: string): number {
  const peers = Object.keys(results).filter((name) => !['Decant', 'node -e 0', select].includes(name));
  return Math.max(...peers.map((peer) => ratio(results, 'Decant', peer)));
}
