import type { HalfDone } from './batches.js';
import type { Dependencies } from './dependencies.js';
import type { DiscoveredMigration, MigrationRecord } from './migration.js';
import { compareNames, inOrder, numberOf, prefixOf } from './name.js';

/** What is wrong between the source and the records; `'same-prefix'` is only to be known, and nothing is refused for it. */
export type AnomalyKind = 'missing' | 'changed' | 'out-of-order' | 'same-prefix';

export interface Anomaly {
  readonly kind: AnomalyKind;
  readonly name: string;
  /** One sentence for a person. */
  readonly message: string;
}

/** Everything that the rules look at: the source and the records, each in order, and which files were edited. */
export interface History {
  readonly discovered: readonly DiscoveredMigration[];
  readonly records: readonly MigrationRecord[];
  /** In the source and not recorded, in order. */
  readonly pending: readonly DiscoveredMigration[];
  /** Recorded and not in the source, in order. */
  readonly missing: readonly MigrationRecord[];
  /** Names whose file differs from the one that was applied. */
  readonly changed: readonly string[];
  /** Migrations of which some batches are committed, and not all. */
  readonly halfDone?: readonly HalfDone[];
  /** Of those that were loaded, as far as they declare any. */
  readonly dependencies?: Dependencies;
}

/** Puts both sides in the order in which migrations run, and tells them apart. */
export function historyOf(
  discovered: readonly DiscoveredMigration[],
  records: readonly MigrationRecord[],
  changed: readonly string[] = [],
  halfDone: readonly HalfDone[] = [],
): History {
  const source = inOrder(discovered);
  // At most starts of a program all is applied, and both sides have the same names: then neither is looked through.
  if (haveSameNames(source, records)) {
    return { discovered: source, records, pending: [], missing: [], changed, halfDone };
  }
  const applied = inOrder(records);
  const [known, recorded] = [namesIn(source), namesIn(applied)];
  return {
    discovered: source,
    records: applied,
    pending: source.filter(({ name }) => !recorded.has(name)),
    missing: applied.filter(({ name }) => !known.has(name)),
    changed,
    halfDone,
  };
}

function haveSameNames(a: readonly Named[], b: readonly Named[]): boolean {
  return a.length === b.length && a.every(({ name }, index) => name === b[index]?.name);
}

function namesIn(items: readonly Named[]): ReadonlySet<string> {
  return new Set(items.map(({ name }) => name));
}

interface Named {
  readonly name: string;
}

/**
 * Pending although one that sorts later is applied, with the last applied one that makes them so. A missing one
 * counts as well, if its name tells where it belongs. One whose declared dependencies are there, or come before it
 * in their turn, is not out of order.
 */
export function outOfOrderOf(
  history: History,
): { names: readonly string[]; lastApplied: string } | undefined {
  const { pending } = history;
  if (pending.length === 0) return undefined;
  const missing = new Set(history.missing);
  const last = history.records.findLast(
    (record) => !missing.has(record) || prefixOf(record.name) !== undefined,
  );
  if (last === undefined) return undefined;
  const there = new Set(namesIn(history.records));
  const names = pending
    .map(({ name }) => name)
    .filter((name) => compareNames(name, last.name) < 0)
    .filter((name) => {
      const inTurn = history.dependencies?.get(name)?.every((each) => there.has(each)) === true;
      if (inTurn) there.add(name);
      return !inTurn;
    });
  return names.length > 0 ? { names, lastApplied: last.name } : undefined;
}

/** Migrations whose prefixes are one number. */
export interface SamePrefix {
  readonly names: readonly string[];
  /** Those of them that are. */
  readonly pending: readonly string[];
}

/** Those of the source that share their number with others, as two branches that are merged leave them; in order. */
export function samePrefixOf({ discovered, pending }: History): readonly SamePrefix[] {
  const isPending = namesIn(pending);
  const groups = Map.groupBy(discovered, ({ name }) => numberOf(name));
  groups.delete(undefined);
  return [...groups.values()]
    .filter((group) => group.length > 1)
    .map((group) => group.map(({ name }) => name))
    .map((names) => ({ names, pending: names.filter((name) => isPending.has(name)) }));
}

/** One sentence for a person, and what to do. */
export function samePrefixText({ names, pending }: SamePrefix): string {
  const which = `${names.slice(0, -1).join(', ')} and ${names.at(-1)} have the same number`;
  return pending.length === 0
    ? `${which}, and are applied: leave their names as they are`
    : `${which}, and run in this order: give one that is applied nowhere yet a number of its own`;
}

/** All that is wrong, a line each. */
export function anomaliesOf(history: History): readonly Anomaly[] {
  const outOfOrder = outOfOrderOf(history);
  return [
    ...history.missing.map(({ name }): Anomaly => ({
      kind: 'missing',
      name,
      message: `${name} is recorded as applied, but is not in the source`,
    })),
    ...history.changed.map((name): Anomaly => ({
      kind: 'changed',
      name,
      message: `${name} was edited after it had been applied`,
    })),
    ...(outOfOrder?.names ?? []).map((name): Anomaly => ({
      kind: 'out-of-order',
      name,
      message: `${name} is pending, but sorts before ${outOfOrder?.lastApplied}, which is applied`,
    })),
    ...samePrefixOf(history).map((same): Anomaly => ({
      kind: 'same-prefix',
      name: same.pending.at(-1) ?? (same.names.at(-1) as string),
      message: samePrefixText(same),
    })),
  ];
}
