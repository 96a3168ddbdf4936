import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { History } from '../../src/domain/history.js';
import {
  planDown,
  planRedo,
  planReset,
  planUp,
  type DownOptions,
  type Plan,
  type UpOptions,
} from '../../src/domain/plan.js';
import { POLICIES, type HistoryPolicy } from '../../src/domain/policy.js';
import {
  ChangedMigrationError,
  LaterMigrationsError,
  MissingMigrationError,
  NotAppliedError,
  OutOfOrderError,
  UnknownMigrationError,
  UsageError,
} from '../../src/errors.js';
import { historyWith } from '../helpers/histories.js';

/** What a history is made of, in no order. */
interface World {
  readonly source: readonly string[];
  readonly applied: readonly string[];
  readonly changed: readonly string[];
}

// Few names, so that prefixes are shared and options hit; of several widths, so that text order is wrong.
const POOL = ['1_a', '01_b', '2_a', '2_b', '9_a', '10_a', '10-a', '099_z', '100_a', '20261122093000_a'];

// The order once more, by other means than the code under test: numbers first, then text.
function before(a: string, b: string): boolean {
  const [left, right] = [a, b].map((name) => BigInt(/^\d+/.exec(name)?.[0] ?? '0')) as [bigint, bigint];
  return left === right ? a.replace(/^\d+/, '') < b.replace(/^\d+/, '') : left < right;
}
const ordered = (names: Iterable<string>): string[] => [...names].sort((a, b) => (before(a, b) ? -1 : 1));

const subset = fc.shuffledSubarray(POOL);
const anyWorld: fc.Arbitrary<World> = fc
  .record({ source: subset, applied: subset, edited: subset })
  .map(({ source, applied, edited }) => ({
    source,
    applied,
    changed: edited.filter((name) => source.includes(name) && applied.includes(name)).slice(0, 2),
  }));

/** Worlds in which nothing is wrong: what is applied is the first part of the source. */
const soundWorld: fc.Arbitrary<World> = fc
  .record({ source: subset, count: fc.nat({ max: POOL.length }) })
  .map(({ source, count }) => ({ source, applied: ordered(source).slice(0, count), changed: [] }));

const someName = fc.constantFrom(...POOL, '5_unknown');
const someSteps = fc.integer({ min: 1, max: POOL.length + 1 });
const upOptions: fc.Arbitrary<UpOptions> = fc.oneof(
  fc.constant({}),
  fc.record({ to: someName }),
  fc.record({ steps: someSteps }),
);
const downOptions: fc.Arbitrary<DownOptions> = fc.oneof(upOptions, fc.record({ name: someName }));
const anyPolicy: fc.Arbitrary<HistoryPolicy> = fc.record({
  outOfOrder: fc.constantFrom(...POLICIES),
  missing: fc.constantFrom(...POLICIES),
  changed: fc.constantFrom(...POLICIES),
});

const ALLOW: HistoryPolicy = { outOfOrder: 'allow', missing: 'allow', changed: 'allow' };
const historyIn = ({ source, applied, changed }: World): History => historyWith(source, applied, changed);
const namesOf = ({ steps }: Plan): string[] => steps.map(({ name }) => name);
const pendingIn = ({ source, applied }: World): string[] =>
  ordered(source.filter((name) => !applied.includes(name)));
const missingIn = ({ source, applied }: World): string[] => applied.filter((name) => !source.includes(name));

/** Carries a plan out on a set of names, the way the engine does on a database; a step that cannot be is an error. */
function carryOut(plan: Plan, applied: readonly string[]): Set<string> {
  const state = new Set(applied);
  for (const { name, direction } of plan.steps) {
    if (state.has(name) === (direction === 'up')) throw new Error(`${direction} ${name} makes no sense here`);
    if (direction === 'up') state.add(name);
    else state.delete(name);
  }
  return state;
}

/** The plan, or the class of what was thrown instead. */
function outcomeOf(make: () => Plan): unknown {
  try {
    return make();
  } catch (error) {
    return (error as Error).constructor;
  }
}

function isPlan(outcome: unknown): outcome is Plan {
  return typeof outcome === 'object';
}

/** What `up` must be refused with: the rules of the issue, restated. */
function upRefusal(world: World, { to }: UpOptions, policy: HistoryPolicy): unknown {
  const pending = pendingIn(world);
  const placed = world.applied.filter((name) => world.source.includes(name) || /^\d+(?:$|[_-])/.test(name));
  const outOfOrder = pending.some((name) => placed.some((other) => before(name, other)));
  const rules: [boolean, unknown][] = [
    [world.changed.length > 0 && policy.changed === 'error', ChangedMigrationError],
    [missingIn(world).length > 0 && pending.length > 0 && policy.missing === 'error', MissingMigrationError],
    [outOfOrder && policy.outOfOrder === 'error', OutOfOrderError],
    [to !== undefined && !world.source.includes(to), UnknownMigrationError],
  ];
  return rules.find(([holds]) => holds)?.[1];
}

/** How many `down` must take back, or what it must be refused with. */
function downExpectation(world: World, { name, to, steps }: DownOptions): unknown {
  const newestFirst = ordered(world.applied).toReversed();
  const named = name ?? to;
  if (named === undefined) return withFiles(world, newestFirst.slice(0, steps ?? 1));
  const index = newestFirst.indexOf(named);
  if (index === -1) return world.source.includes(named) ? NotAppliedError : UnknownMigrationError;
  if (to !== undefined) return withFiles(world, newestFirst.slice(0, index));
  return index > 0 ? LaterMigrationsError : withFiles(world, [named]);
}

function withFiles({ source }: World, names: readonly string[]): unknown {
  return names.every((name) => source.includes(name)) ? names.length : MissingMigrationError;
}

const anyPlan = (world: World, options: DownOptions): Plan[] =>
  [
    outcomeOf(() => planUp(historyIn(world), { to: options.to, steps: options.steps }, ALLOW)),
    outcomeOf(() => planDown(historyIn(world), options)),
    outcomeOf(() => planReset(historyIn(world))),
  ].filter(isPlan);

describe('planUp, of any history', () => {
  it('plans a first part of what is pending, in order, and holds the rest', () => {
    fc.assert(
      fc.property(anyWorld, upOptions, (world, options) => {
        const plan = outcomeOf(() => planUp(historyIn(world), options, ALLOW));
        fc.pre(isPlan(plan));
        expect([...namesOf(plan), ...plan.held.map(({ name }) => name)]).toEqual(pendingIn(world));
        expect(plan.steps.every(({ direction }) => direction === 'up')).toBe(true);
      }),
    );
  });

  it('goes exactly as far as it is told', () => {
    fc.assert(
      fc.property(anyWorld, upOptions, (world, options) => {
        const plan = outcomeOf(() => planUp(historyIn(world), options, ALLOW));
        fc.pre(isPlan(plan));
        const { to, steps } = options;
        const wanted = pendingIn(world)
          .slice(0, steps)
          .filter((name) => to === undefined || !before(to, name));
        expect(namesOf(plan)).toEqual(wanted);
      }),
    );
  });

  it('is refused exactly when a rule says so, and by that rule', () => {
    fc.assert(
      fc.property(anyWorld, upOptions, anyPolicy, (world, options, policy) => {
        const outcome = outcomeOf(() => planUp(historyIn(world), options, policy));
        const refusal = upRefusal(world, options, policy);
        if (refusal === undefined) expect(isPlan(outcome)).toBe(true);
        else expect(outcome).toBe(refusal);
      }),
      { numRuns: 500 },
    );
  });

  it('does not depend on the order in which files and records were found', () => {
    fc.assert(
      fc.property(anyWorld, upOptions, (world, options) => {
        const turned = {
          source: world.source.toReversed(),
          applied: world.applied.toReversed(),
          changed: world.changed,
        };
        expect(outcomeOf(() => planUp(historyIn(turned), options, ALLOW))).toEqual(
          outcomeOf(() => planUp(historyIn(world), options, ALLOW)),
        );
      }),
    );
  });
});

describe('planDown, of any history', () => {
  it('plans exactly the newest applied ones, newest first, or is refused by the rule that applies', () => {
    fc.assert(
      fc.property(anyWorld, downOptions, (world, options) => {
        const outcome = outcomeOf(() => planDown(historyIn(world), options));
        const expected = downExpectation(world, options);
        if (typeof expected !== 'number') {
          expect(outcome).toBe(expected);
          return;
        }
        const plan = outcome as Plan;
        const newestFirst = ordered(world.applied).toReversed();
        expect(namesOf(plan)).toEqual(newestFirst.slice(0, expected));
        expect(plan.held.map(({ name }) => name)).toEqual(newestFirst.slice(expected));
        expect(plan.steps.every(({ direction }) => direction === 'down')).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('refuses steps that are no whole number from 1, and nothing else for its number', () => {
    const steps = fc.oneof(
      fc.integer({ max: 0 }),
      fc.double().filter((n) => !Number.isInteger(n)),
    );
    fc.assert(
      fc.property(soundWorld, steps, (world, count) => {
        expect(outcomeOf(() => planDown(historyIn(world), { steps: count }))).toBe(UsageError);
        expect(outcomeOf(() => planUp(historyIn(world), { steps: count }))).toBe(UsageError);
      }),
    );
  });
});

describe('a plan, of any history and command', () => {
  it('names nothing twice, neither to do nor to hold', () => {
    fc.assert(
      fc.property(anyWorld, downOptions, (world, options) => {
        for (const plan of anyPlan(world, options)) {
          const all = [...namesOf(plan), ...plan.held.map(({ name }) => name)];
          expect(new Set(all).size).toBe(all.length);
        }
      }),
    );
  });

  it('runs only what has a file', () => {
    fc.assert(
      fc.property(anyWorld, downOptions, (world, options) => {
        for (const plan of anyPlan(world, options)) {
          expect(namesOf(plan).filter((name) => !world.source.includes(name))).toEqual([]);
        }
      }),
    );
  });

  it('can be carried out: nothing is applied twice, nothing rolled back that is not applied', () => {
    fc.assert(
      fc.property(anyWorld, downOptions, (world, options) => {
        for (const plan of anyPlan(world, options)) {
          const after = carryOut(plan, world.applied);
          const change = plan.command === 'up' ? plan.steps.length : -plan.steps.length;
          expect(after.size).toBe(world.applied.length + change);
        }
      }),
    );
  });
});

describe('plans one after another, carried out', () => {
  it('up leaves nothing pending, and a second up nothing to do', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const applied = [...carryOut(planUp(historyIn(world), {}, ALLOW), world.applied)];
        expect(ordered(applied)).toEqual(ordered(new Set([...world.source, ...world.applied])));
        expect(planUp(historyIn({ ...world, applied }), {}, ALLOW).steps).toEqual([]);
      }),
    );
  });

  it('up in single steps ends where one up ends', () => {
    fc.assert(
      fc.property(soundWorld, (world) => {
        let applied = [...world.applied];
        for (const _ of pendingIn(world)) {
          applied = [...carryOut(planUp(historyIn({ ...world, applied }), { steps: 1 }), applied)];
        }
        expect(applied).toEqual([...carryOut(planUp(historyIn(world)), world.applied)]);
      }),
    );
  });

  it('up, and down as many steps, is as if nothing had been', () => {
    fc.assert(
      fc.property(soundWorld, upOptions, (world, options) => {
        const up = outcomeOf(() => planUp(historyIn(world), options));
        fc.pre(isPlan(up) && up.steps.length > 0);
        const applied = [...carryOut(up, world.applied)];
        const down = planDown(historyIn({ ...world, applied }), { steps: up.steps.length });
        expect(namesOf(down)).toEqual(namesOf(up).toReversed());
        expect(ordered(carryOut(down, applied))).toEqual(ordered(world.applied));
      }),
    );
  });

  it('down to a name leaves that one the last, and up to where it was brings all back', () => {
    fc.assert(
      fc.property(soundWorld, someName, (world, to) => {
        fc.pre(world.applied.includes(to));
        const applied = [...carryOut(planDown(historyIn(world), { to }), world.applied)];
        expect(ordered(applied).at(-1)).toBe(to);
        const last = ordered(world.applied).at(-1);
        const again = carryOut(planUp(historyIn({ ...world, applied }), { to: last }), applied);
        expect(ordered(again)).toEqual(ordered(world.applied));
      }),
    );
  });

  it('down by name takes that one and leaves the others', () => {
    fc.assert(
      fc.property(anyWorld, someName, (world, name) => {
        const plan = outcomeOf(() => planDown(historyIn(world), { name }));
        fc.pre(isPlan(plan));
        const after = carryOut(plan, world.applied);
        expect(ordered(after)).toEqual(ordered(world.applied.filter((other) => other !== name)));
      }),
    );
  });

  it('reset leaves nothing, and is what down does one by one', () => {
    fc.assert(
      fc.property(soundWorld, (world) => {
        const reset = planReset(historyIn(world));
        expect(carryOut(reset, world.applied).size).toBe(0);
        const oneByOne: string[] = [];
        for (let applied = [...world.applied]; applied.length > 0;) {
          const plan = planDown(historyIn({ ...world, applied }));
          oneByOne.push(...namesOf(plan));
          applied = [...carryOut(plan, applied)];
        }
        expect(oneByOne).toEqual(namesOf(reset));
      }),
    );
  });

  it('redo leaves the same applied as before', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const plan = outcomeOf(() => planRedo(historyIn(world)));
        fc.pre(isPlan(plan));
        expect(ordered(carryOut(plan, world.applied))).toEqual(ordered(world.applied));
        expect(plan.steps).toHaveLength(world.applied.length > 0 ? 2 : 0);
      }),
    );
  });
});
