import { appliedAfter, withDependencies } from './dependencies.js';
import { outOfOrderOf, type History } from './history.js';
import { compareNames } from './name.js';
import { pendingUpTo, type Command, type DownOptions, type UpOptions } from './plan.js';
import { refuseOptions } from './plan-options.js';
import { judge, type HistoryPolicy } from './policy.js';

/**
 * Which migrations have to be loaded before the plan of a command can be made: those whose declared dependencies it
 * has to know. To be asked again with what these declare, until there is nothing new.
 * @throws UsageError, ChangedMigrationError, MissingMigrationError: what is refused whatever they declare
 */
export function neededFor(
  command: Command,
  history: History,
  options: UpOptions & DownOptions,
  policy: HistoryPolicy,
): readonly string[] {
  refuseOptions(command, options);
  const sources = new Set(history.discovered.map(({ name }) => name));
  const needed = (names: readonly string[], isFollowed: typeof sortsLater): readonly string[] =>
    withDependencies(names, history, isFollowed).filter((name) => sources.has(name));
  if (command === 'up') {
    judge(history, { ...policy, outOfOrder: 'allow' });
    const pending = pendingUpTo(history, options).map((each) => each.name);
    return needed([...pending, ...lateOf(history)], sortsLater);
  }
  const applied = history.records.map(({ name }) => name);
  const { name } = options;
  if (command === 'redo') return needed(applied.slice(-1), sortsLater);
  if (name === undefined || !applied.includes(name)) return [];
  return needed(appliedAfter(history, name), (_from, to) => compareNames(to, name) > 0);
}

/** The pending migrations that are out of order unless they declare what they depend on. */
export function lateOf(history: History): readonly string[] {
  return outOfOrderOf({ ...history, dependencies: new Map() })?.names ?? [];
}

// A dependency that sorts later is refused, and shown with the path that it leads on to.
function sortsLater(from: string, to: string): boolean {
  return compareNames(to, from) > 0;
}
