import { DependencyError } from '../errors.js';
import type { History } from './history.js';
import { compareNames, inOrder } from './name.js';

/** What migrations declare to depend on, by name; one that declares nothing depends on all before it. */
export type Dependencies = ReadonlyMap<string, readonly string[]>;

/**
 * Refuses declarations that cannot be followed, with the path that leads there.
 * @throws DependencyError
 */
export function refuseBadDependencies(history: History): void {
  const { dependencies = NONE } = history;
  if (dependencies.size === 0) return;
  const known = new Set([...history.discovered, ...history.records].map(({ name }) => name));
  const names = inOrder(Array.from(dependencies.keys(), (name) => ({ name }))).map(({ name }) => name);
  refuseAny('unknown', (_name, each) => !known.has(each));
  const cycle = cycleIn(names, dependencies);
  if (cycle !== undefined) throw new DependencyError('cycle', cycle);
  refuseAny('later', (name, each) => compareNames(each, name) > 0);

  function refuseAny(
    kind: 'unknown' | 'later',
    isWrong: (name: string, dependency: string) => boolean,
  ): void {
    for (const name of names) {
      const wrong = dependencies.get(name)?.find((each) => isWrong(name, each));
      if (wrong !== undefined) throw new DependencyError(kind, [name, wrong]);
    }
  }
}

/** The applied migrations that depend on `name`, directly or not, in order. */
export function dependentsOf(history: History, name: string): readonly string[] {
  const { dependencies = NONE } = history;
  const reached = new Set([name]);
  for (const later of laterThan(history, name)) {
    const declared = dependencies.get(later);
    if (declared === undefined || declared.some((each) => reached.has(each))) reached.add(later);
  }
  return appliedAfter(history, name).filter((each) => reached.has(each));
}

/** The applied migrations that sort after `name`, in order. */
export function appliedAfter({ records }: History, name: string): readonly string[] {
  return records.map((record) => record.name).filter((each) => compareNames(each, name) > 0);
}

/** `names`, and what they lead to by declared dependencies that `isFollowed`. */
export function withDependencies(
  names: readonly string[],
  { dependencies = NONE }: History,
  isFollowed: (name: string, dependency: string) => boolean,
): readonly string[] {
  const all = new Set(names); // grows while it is walked through
  for (const name of all) {
    for (const each of dependencies.get(name) ?? []) if (isFollowed(name, each)) all.add(each);
  }
  return [...all];
}

const NONE: Dependencies = new Map();

function laterThan(history: History, name: string): readonly string[] {
  return inOrder([...history.discovered, ...history.missing])
    .map((each) => each.name)
    .filter((each) => compareNames(each, name) > 0);
}

// Depth first, without recursion: each migration is gone through once.
function cycleIn(names: readonly string[], dependencies: Dependencies): readonly string[] | undefined {
  const done = new Set<string>();
  for (const start of names) {
    const path = [start];
    while (path.length > 0) {
      const name = path.at(-1) as string;
      const next = dependencies.get(name)?.find((each) => !done.has(each));
      if (next === undefined) done.add(path.pop() as string);
      else if (path.includes(next)) return [...path.slice(path.indexOf(next)), next];
      else path.push(next);
    }
  }
  return undefined;
}
